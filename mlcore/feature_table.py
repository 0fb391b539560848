"""Feature vectors of many images in one file, a row an image; memory holds the rows at hand only.

The file is a plain .npy of half floats in the order of the images. It grows row by row, so what was broken off
goes on where it ends, and two who write one table write the same bytes. It knows no image and no network.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

Features = NDArray[np.float32]
Places = NDArray[np.int64]
HALF = np.dtype("<f2")
BLOCK = 512  # rows of one look: 2.6 MB of the packaged network's as floats


class FeatureTable:
    """A whole table, opened for reading."""

    def __init__(self, path: Path) -> None:
        """Open the file; its rows stay on the disk."""
        # Unbuffered and not mapped: what is read is what was asked for, and what is resident is what is held.
        self._file = path.open("rb", buffering=0)
        self.rows, self.width, self._start = _head(self._file)

    def take(self, places: Places) -> Features:
        """(len(places), width) rows in the order of `places`; neighbours are read in one go."""
        rows = np.empty((len(places), self.width), HALF)
        room = rows.reshape(-1).view(np.uint8).data
        size = self.width * HALF.itemsize
        breaks = np.flatnonzero(np.diff(places) != 1) + 1
        for first, last in zip([0, *breaks.tolist()], [*breaks.tolist(), len(places)], strict=True):
            if first < last:
                self._file.seek(self._start + int(places[first]) * size)
                _fill(self._file, room[first * size : last * size])
        return rows.astype(np.float32)

    def blocks(self, places: Places) -> Iterator[tuple[slice, Features]]:
        """All these rows, some at a time: which of `places` they are, and the rows."""
        for first in range(0, len(places), BLOCK):
            part = slice(first, min(first + BLOCK, len(places)))
            yield part, self.take(places[part])

    def readable(self) -> NDArray[np.bool_]:
        """Which images could be read: the others' rows are no numbers."""
        there = np.zeros(self.rows, bool)
        for part, rows in self.blocks(np.arange(self.rows)):
            there[part] = np.isfinite(rows[:, 0])
        return there

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> Self:
        """The table itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the file."""
        self.close()


class TableWriter:
    """A table that is being written beside its place; it comes there when it is whole."""

    def __init__(self, path: Path, rows: int) -> None:
        """Go on with what an earlier writer of as many rows left, or begin."""
        self._path, self._part, self._rows = path, path.with_name(f"{path.name}.part"), rows
        self._file: BinaryIO | None = None
        self.done = self._begun()

    def append(self, rows: Features) -> None:
        """Write the next rows. Values past the range of half floats become its ends."""
        if self._file is None:
            self._file = self._part.open("r+b" if self.done else "wb")
            if not self.done:
                head = {"descr": HALF.str, "fortran_order": False, "shape": (self._rows, rows.shape[1])}
                npy.write_array_header_1_0(self._file, head)
            start = _head(self._file)[2] if self.done else self._file.tell()
            self._file.seek(start + self.done * rows.shape[1] * HALF.itemsize)
        limit = float(np.finfo(HALF).max)
        self._file.write(np.clip(rows, -limit, limit).astype(HALF).tobytes())
        self.done += len(rows)

    def finish(self) -> None:
        """Put the whole table into its place."""
        if self._file is not None:
            self._file.close()
        try:
            self._part.replace(self._path)
        except FileNotFoundError:
            # Another writer of the same table was quicker, and what it wrote is the same.
            if not self._path.exists():
                raise

    def close(self) -> None:
        """Let go of the file and leave what is written for the next writer."""
        if self._file is not None:
            self._file.close()

    def _begun(self) -> int:
        """How many whole rows lie there already."""
        try:
            with self._part.open("rb") as file:
                rows, width, start = _head(file)
                size = file.seek(0, os.SEEK_END) - start
        except (FileNotFoundError, ValueError):
            return 0
        return min(size // (width * HALF.itemsize), rows) if rows == self._rows else 0


def is_whole(path: Path, rows: int) -> bool:
    """Whether a table of so many rows lies there with all of them."""
    try:
        with path.open("rb") as file:
            found, width, start = _head(file)
            return found == rows and file.seek(0, os.SEEK_END) == start + bytes_of(rows, width)
    except (FileNotFoundError, ValueError):
        return False


def bytes_of(rows: int, width: int) -> int:
    """What a table of so many rows takes, its head left aside."""
    return rows * width * HALF.itemsize


def _head(file: BinaryIO) -> tuple[int, int, int]:
    """Rows, width, and where the first row begins."""
    file.seek(0)
    if npy.read_magic(file) != (1, 0):
        raise ValueError("no table of features")
    shape, _, dtype = npy.read_array_header_1_0(file)
    if dtype != HALF or len(shape) != 2:
        raise ValueError("no table of features")
    return shape[0], shape[1], file.tell()


def _fill(file: BinaryIO, room: memoryview) -> None:
    """Read until the room is full; a file may give less at once."""
    while room:
        count = file.readinto(room)  # type: ignore[attr-defined]
        if not count:
            raise ValueError("the table of features ends early")
        room = room[count:]
