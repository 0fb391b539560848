"""Reads image files for what is to be counted of them: sizes, pooled colours, broken files, and what tells equal ones.

`python -m mlcore.tally` does it for another process, a line of JSON with files for a line with what they hold. Decoding
small files takes Python's own lock most of the time, so threads wait for each other where processes do not.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore import images
from mlcore.errors import ImageError, MlcoreError

AT_ONCE = 2**16  # bytes; small files are whole after one read
DIGEST = 16  # bytes kept of a file's sha256
Sample = tuple[Path, str]
Colours = NDArray[np.float64]


def _nothing() -> Colours:
    return np.zeros(3)


@dataclass
class Tally:
    """What is known of the images of one label together. Colours are RGB in [0, 1], pooled over every pixel."""

    images: int = 0
    pixels: int = 0
    sums: Colours = field(default_factory=_nothing)
    squares: Colours = field(default_factory=_nothing)
    sizes: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Take in what another one knows."""
        self.images += other.images
        self.pixels += other.pixels
        self.sums = self.sums + other.sums
        self.squares = self.squares + other.squares
        self.sizes.update(other.sizes)

    @property
    def mean(self) -> list[float]:
        """The mean colour."""
        return [float(value) for value in self.sums / max(self.pixels, 1)]

    @property
    def deviation(self) -> list[float]:
        """The deviation of each channel."""
        pixels = max(self.pixels, 1)
        variance = np.maximum(self.squares / pixels - (self.sums / pixels) ** 2, 0)
        return [float(value) for value in np.sqrt(variance)]


@dataclass
class Part:
    """What some files hold: a tally for each label, the reason for each broken file by its place, and digests."""

    tallies: dict[str, Tally]
    broken: dict[int, str]
    digests: bytes

    def to_json(self) -> str:
        """One line; numbers come back from it to the last bit."""
        tallies = {
            label: [one.images, one.pixels, one.sums.tolist(), one.squares.tolist(), one.sizes]
            for label, one in self.tallies.items()
        }
        broken = list(self.broken.items())
        return json.dumps({"tallies": tallies, "broken": broken, "digests": self.digests.hex()})

    @classmethod
    def from_json(cls, line: str) -> Self:
        """What `to_json` wrote."""
        found = json.loads(line)
        tallies = {
            label: Tally(count, pixels, np.array(sums), np.array(squares), Counter(sizes))
            for label, (count, pixels, sums, squares, sizes) in found["tallies"].items()
        }
        return cls(tallies, dict(found["broken"]), bytes.fromhex(found["digests"]))


class HelperGone(MlcoreError):
    """The other process has died with the files that it was given."""


class Helper:
    """Another process that reads files; it ends with the one that began it, whose pipe is its only tie."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", __spec__.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],  # where the package is found, wherever the caller is
        )

    def read(self, chunk: Sequence[Sample]) -> Part:
        """As `read` does."""
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(
                json.dumps([(str(path.absolute()), label) for path, label in chunk]) + "\n"
            )
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError as error:
            raise HelperGone from error
        if not answer:
            raise HelperGone
        return Part.from_json(answer)

    def dismiss(self) -> None:
        """End it, whatever it is at."""
        self.process.kill()
        self.process.communicate()


def read(chunk: Sequence[Sample]) -> Part:
    """All that is wanted of some files. Their numbers are pooled at the end, in few calls of numpy."""
    broken: dict[int, str] = {}
    digests = []
    shapes: dict[str, list[tuple[int, int]]] = {}
    moments: dict[str, list[Any]] = {}
    for place, (path, label) in enumerate(chunk):
        data = b""
        try:
            data = _bytes_of(path)
            picture = images.decode(data)
        except ImageError as error:
            broken[place] = str(error)
        except OSError as error:
            broken[place] = f"It cannot be read: {error.strerror}."
        else:
            shapes.setdefault(label, []).append(picture.shape[:2])
            moments.setdefault(label, []).extend(cv2.meanStdDev(picture))
        digests.append(hashlib.sha256(data).digest()[:DIGEST])
    tallies = {label: _tally(shapes[label], moments[label]) for label in shapes}
    return Part(tallies, broken, b"".join(digests))


def _bytes_of(path: Path) -> bytes:
    """The whole file, by as few calls of the system as can be: of small files they take most of the time."""
    file = os.open(path, os.O_RDONLY)
    try:
        data = os.read(file, AT_ONCE)
        if len(data) < AT_ONCE:
            return data
    finally:
        os.close(file)
    return Path(path).read_bytes()


def _tally(shapes: list[tuple[int, int]], moments: list[Any]) -> Tally:
    """Sums over all pixels from each picture's mean and deviation (image, channel), which alternate."""
    pixels = np.array([height * width for height, width in shapes], np.float64)[:, None]
    numbers = np.array(moments).reshape(len(shapes), 2, 3) / 255
    mean, deviation = numbers[:, 0], numbers[:, 1]
    return Tally(
        len(shapes),
        int(pixels.sum()),
        (mean * pixels).sum(axis=0),
        ((deviation**2 + mean**2) * pixels).sum(axis=0),
        Counter(f"{width}x{height}" for height, width in shapes),
    )


if __name__ == "__main__":
    for asked in sys.stdin:
        sys.stdout.write(read(json.loads(asked)).to_json() + "\n")
        sys.stdout.flush()
