"""Everything the site holds of a person, taken along as one zip or erased: each room registers its part.

This module knows no room. It composes what they hand over and runs their erasers, the highest room first.
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from accounts.models import User

Content = bytes | Path | dict[str, Any] | list[Any]
Export = Callable[[User], Iterable[tuple[str, Content]]]
Erase = Callable[[User], None]
CHUNK = 256 * 1024


@dataclass(frozen=True)
class Room:
    """What one room does when a person asks for their data or leaves."""

    export: Export
    erase: Erase


_rooms: dict[str, Room] = {}


def register(room: str, *, export: Export, erase: Erase) -> None:
    """Hand over a room's part; called once, in AppConfig.ready.

    `export(user)` yields (path inside the room's folder, bytes | a file's Path | what JSON can hold).
    `erase(user)` runs inside the transaction that deletes the account: rows at once, files in `on_commit`.
    """
    if room in _rooms:
        raise ValueError(f"The room {room!r} has registered its personal data already.")
    _rooms[room] = Room(export, erase)


def erase(user: User) -> None:
    """Erase what every room holds of `user`; rooms stand upon each other, so the last registered goes first."""
    for room in reversed(_rooms.values()):
        room.erase(user)


def archive(user: User) -> Iterator[bytes]:
    """Everything the site holds of `user`, as the bytes of a zip, made while it is sent."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as zipped:
        for name, room in _rooms.items():
            for path, content in room.export(user):
                yield from _member(zipped, pipe, name, path, content)
    yield pipe.take()


def _member(
    zipped: zipfile.ZipFile, pipe: "_Pipe", room: str, path: str, content: Content
) -> Iterator[bytes]:
    inside = PurePosixPath(path)
    if inside.is_absolute() or ".." in inside.parts or "\\" in path:
        raise ValueError(f"{path!r} is no path inside an archive.")
    info = zipfile.ZipInfo(f"{room}/{inside}")
    info.external_attr = 0o600 << 16
    if isinstance(content, Path):
        with content.open("rb") as source, zipped.open(info, "w", force_zip64=True) as member:
            while chunk := source.read(CHUNK):
                member.write(chunk)
                yield pipe.take()
    else:
        if not isinstance(content, bytes):
            info.compress_type = zipfile.ZIP_DEFLATED
            content = json.dumps(content, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2).encode()
        zipped.writestr(info, content)
    yield pipe.take()


class _Pipe(io.RawIOBase):
    """A file that cannot be sought in: the zip writes into it, the response takes out what is there."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._waiting += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken
