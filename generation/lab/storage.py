"""Files of the lab inside the media folder: where they lie and how they go. Knows nothing of their meaning."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from django.core.files.uploadedfile import UploadedFile

INDEX = "index.jsonl"
FILES_A_FOLDER = 1000


@dataclass(frozen=True, slots=True)
class Sample:
    """One image of a data set: its file in the folder, what it is, and how it was called."""

    file: str
    split: str
    label: str
    name: str
    format: str
    sha256: str
    size: int


_FIELDS = tuple(field.name for field in fields(Sample))
_encode = json.JSONEncoder(ensure_ascii=False).encode


def file_of(number: int) -> str:
    """The place of the image of this number: never many files in one folder, never a name from outside."""
    return f"files/{number // FILES_A_FOLDER:03d}/{number:07d}"


def keep_bytes(path: Path, data: bytes) -> None:
    """Write a file of its own."""
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    path.write_bytes(data)


class IndexWriter:
    """Writes what is known of the images, a line each; the index comes to its place when it is closed."""

    def __init__(self, folder: Path) -> None:
        """Begin a new index; one that is there can still be read."""
        self._place, self._new = folder / INDEX, folder / f"{INDEX}.new"
        self._lines = self._new.open("w", encoding="utf-8")

    def add(self, sample: Sample) -> None:
        """Write the next line."""
        self._lines.write(_encode({name: getattr(sample, name) for name in _FIELDS}) + "\n")

    def close(self) -> None:
        """Put the index into its place."""
        self._lines.close()
        self._new.replace(self._place)

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the index into its place."""
        self.close()


def read_index(folder: Path) -> Iterator[Sample]:
    """The samples of a data set, in their order."""
    with (folder / INDEX).open(encoding="utf-8") as lines:
        for line in lines:
            yield Sample(**json.loads(line))


def mosaic_path(folder: Path, split: str, label: str) -> Path:
    """Where the sheet of samples of one part lies."""
    return folder / f"mosaic-{split}-{label}.png"


def picture_path(folder: Path, index: int) -> Path:
    """The image that a model was asked about, saved anew."""
    return folder / f"{index}.png"


def map_path(folder: Path, index: int) -> Path:
    """Where the model looked in it."""
    return folder / f"{index}-map.png"


def received_path(folder: Path, index: int) -> Path:
    """The file as it came; gone once it was answered."""
    return folder / f"{index}.received"


def keep_received(folder: Path, files: list["UploadedFile[Any]"]) -> None:
    """Put files that came with a request where the worker finds them."""
    folder.mkdir(mode=0o750, parents=True)
    for index, file in enumerate(files):
        with received_path(folder, index).open("wb") as kept:
            for chunk in file.chunks():
                kept.write(chunk)


def pictures_bytes(folder: Path) -> int:
    """What the pictures of a prediction take."""
    return sum(path.stat().st_size for path in folder.glob("*.png"))


def forget_received(folder: Path) -> None:
    """Remove the files as they came; what was saved anew stays."""
    for path in folder.glob("*.received"):
        path.unlink(missing_ok=True)


def forget(path: Path) -> None:
    """Remove a file or a folder with all in it, and what unfinished attempts left beside it."""
    _remove(path)
    forget_attempts(path)


def forget_attempts(path: Path) -> None:
    """Remove what attempts left that were killed before they could tidy up."""
    for left in path.parent.glob(f"{path.name}.*.part"):
        _remove(left)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
