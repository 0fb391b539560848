"""Finds checkpoints: a path, the name of a trained model that ships in the zoo, or a discriminator by its
sha256.
"""

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from mlcore import checkpoint
from mlcore.errors import CheckpointError, CheckpointMissing

ZOO = Path(__file__).parent / "zoo"
INDEX = "index.json"
DEFAULT = "default"
JUDGED_BY = "efficientnet-lite2"  # no generator learns from these features


def checkpoints(folder: Path = ZOO) -> Iterator[tuple[Path, checkpoint.Header]]:
    """Every checkpoint in a folder with its header. Banks of features and broken files beside them are passed over."""
    for path in sorted(folder.glob(f"*{checkpoint.SUFFIX}")):
        try:
            yield path, checkpoint.peek(path)
        except CheckpointError:
            continue


def generators(zoo: Path = ZOO) -> Iterator[tuple[Path, checkpoint.Header]]:
    """Every generator of a zoo with its header."""
    return (each for each in checkpoints(zoo) if each[1].kind == "generator")


def measured(zoo: Path = ZOO) -> Iterator[tuple[Path, checkpoint.Header]]:
    """Every generator that was measured on held-out people; one whose measuring goes on or was broken off is not."""
    return (each for each in generators(zoo) if "held_out" in each[1].metrics)


def names(zoo: Path = ZOO) -> dict[str, Path]:
    """Every generator that ships, by name."""
    return {path.stem: path for path, _ in generators(zoo)}


def default_name(zoo: Path = ZOO) -> str:
    """The name that `default` stands for: the index says it."""
    try:
        return str(json.loads((zoo / INDEX).read_text())[DEFAULT])
    except FileNotFoundError as error:
        raise CheckpointMissing(
            "No trained model ships with this copy; give the path of a checkpoint."
        ) from error


def choose_default(zoo: Path = ZOO) -> str:
    """Let `default` stand for the palms that are nearest to held-out real ones, and say which they are.

    Of those that the nearest one's interval holds, which no number tells apart, it is the largest picture.
    """
    palms = {path.stem: header for path, header in measured(zoo) if header.notes.get("subject") == "palm"}
    found = {name: header.metrics["held_out"][JUDGED_BY] for name, header in palms.items()}
    nearest = min(found.values(), key=lambda each: each["kid"])
    equal = [name for name in found if found[name]["kid"] <= nearest["kid_ci"][1]]
    name = max(equal, key=lambda each: (palms[each].arguments["image_size"], -found[each]["kid"]))
    checkpoint.write_atomically(zoo / INDEX, f"{json.dumps({DEFAULT: name})}\n".encode())
    return name


def find(name_or_path: str | Path, zoo: Path = ZOO) -> Path:
    """The file that a person means by a path, a zoo name or `default`."""
    path = Path(name_or_path)
    if path.is_file():
        return path
    name = default_name(zoo) if str(name_or_path) == DEFAULT else str(name_or_path)
    inside = zoo / f"{name}{checkpoint.SUFFIX}"
    if "/" not in name and inside.is_file():
        return inside
    known = ", ".join([DEFAULT, *names(zoo)]) if (zoo / INDEX).is_file() else "none"
    raise CheckpointMissing(f"There is no file {path} and no trained model of that name (known: {known}).")


def find_by_sha256(sha256: str, beside: Path, zoo: Path = ZOO) -> Path | None:
    """The file with this hash beside a checkpoint, in its parent's folders or in the zoo; None when it is not
    at hand.
    """
    for path in _candidates(beside, zoo):
        stat = path.stat()
        if _hash(path, stat.st_mtime_ns, stat.st_size) == sha256:
            return path
    return None


def _candidates(beside: Path, zoo: Path) -> Iterator[Path]:
    """Checkpoints nearby that say they are discriminators."""
    for folder in dict.fromkeys((beside.parent.resolve(), zoo.resolve())):
        for path, header in checkpoints(folder):
            if header.kind == "discriminator":
                yield path


@lru_cache(maxsize=256)
def _hash(path: Path, _modified: int, _size: int) -> str:
    return checkpoint.file_sha256(path)
