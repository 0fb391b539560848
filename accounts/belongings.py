"""What lies on the disk and in the tables, and whose it is: each room registers its part in AppConfig.ready.

The sweep asks what may go, the backup what must be there. This module knows no room and removes nothing itself.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

# A file younger than this may be one whose row is about to be written.
GRACE_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Leftover:
    """Something that nobody needs any more: what it is, how many bytes it frees, and how to remove it."""

    what: str
    size: int
    remove: Callable[[], object]


@dataclass(frozen=True)
class Room:
    """The part of one room. `folders` are its own, directly below the media folder."""

    folders: tuple[str, ...]
    owned: Callable[[], Iterable[str]]
    leftovers: Callable[[], Iterable[Leftover]]


_rooms: dict[str, Room] = {}


def _nothing() -> tuple[()]:
    return ()


def register(
    room: str,
    *,
    folders: tuple[str, ...] = (),
    owned: Callable[[], Iterable[str]] = _nothing,
    leftovers: Callable[[], Iterable[Leftover]] = _nothing,
) -> None:
    """Hand over a room's part.

    `owned()` yields the paths, below the media folder, of all files that its rows need; a path that ends with a
    slash stands for all below it. What lies in `folders` and is not owned is an orphan. `leftovers()` yields what
    else may go: rows past their time, trash past its days.
    """
    taken = {folder for other in _rooms.values() for folder in other.folders}
    if room in _rooms or taken & set(folders):
        raise ValueError(f"The room {room!r} or one of its folders is registered already.")
    _rooms[room] = Room(folders, owned, leftovers)


def folders() -> list[str]:
    """The folders of all rooms, by their names below the media folder."""
    return sorted(folder for room in _rooms.values() for folder in room.folders)


def leftovers() -> Iterator[Leftover]:
    """Everything that may go: what the rooms name, then the files that no row needs."""
    for room in _rooms.values():
        yield from room.leftovers()
    for room in _rooms.values():
        if room.folders:
            yield from _orphans(room)


def owned() -> Iterator[str]:
    """The files that rows need; what ends with a slash stands for all below it."""
    for room in _rooms.values():
        yield from room.owned()


def missing() -> Iterator[str]:
    """The files that rows need and that are not there."""
    root = Path(settings.MEDIA_ROOT)
    return (path for path in owned() if not (root / path).exists())


def _orphans(room: Room) -> Iterator[Leftover]:
    root, limit = Path(settings.MEDIA_ROOT), time.time() - GRACE_SECONDS
    # First what lies there, then what is owned: a file that comes between the two is not looked at.
    lying = [path for folder in room.folders for path in _files(root / folder)]
    owned = set(room.owned())
    trees = {path for path in owned if path.endswith("/")}
    for path in lying:
        name = path.relative_to(root).as_posix()
        if name in owned or any(
            f"{parent.as_posix()}/" in trees for parent in path.relative_to(root).parents
        ):
            continue
        try:
            facts = path.stat()
        except FileNotFoundError:
            continue  # its room removed it meanwhile
        if facts.st_mtime < limit:
            yield Leftover(f"file {name}, which no row needs", facts.st_size, _removal(path))


def _removal(path: Path) -> Callable[[], None]:
    return lambda: path.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
