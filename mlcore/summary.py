"""Looks at a data set in one streaming pass: counts, sizes, pooled colours, broken and equal files.

Memory does not grow with the pictures: a file leaves sixteen bytes behind, and its name only where it is broken.
"""

import hashlib
import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore import images
from mlcore.errors import ImageError

THREADS = 2  # more wait for Python's lock: decoding leaves it free for about half of the time
CHUNK = 256  # files a thread reads before it hands over
AT_ONCE = 2**16  # bytes; small files are whole after one read
DIGEST = 16  # bytes kept of a file's sha256
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
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
        return [round(float(value), 6) for value in self.sums / max(self.pixels, 1)]

    @property
    def deviation(self) -> list[float]:
        """The deviation of each channel."""
        pixels = max(self.pixels, 1)
        variance = np.maximum(self.squares / pixels - (self.sums / pixels) ** 2, 0)
        return [round(float(value), 6) for value in np.sqrt(variance)]


@dataclass
class Survey:
    """A tally for each label, the reason for each broken file by its place, and what tells equal files."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    broken: dict[int, str] = field(default_factory=dict)
    digests: bytearray = field(default_factory=bytearray)

    @property
    def seen(self) -> int:
        """How many files were read, broken ones included."""
        return len(self.digests) // DIGEST

    def pooled(self, labels: Iterable[str]) -> Tally:
        """Some labels together."""
        together = Tally()
        for label in labels:
            if label in self.tallies:
                together.add(self.tallies[label])
        return together

    def equal(self) -> list[list[int]]:
        """Places of files with the same bytes, two or more in each group, in the order of the first."""
        digests = np.frombuffer(bytes(self.digests), dtype=f"V{DIGEST}")
        _, group, counts = np.unique(digests, return_inverse=True, return_counts=True)
        groups: dict[int, list[int]] = {}
        for place in np.flatnonzero(counts[group] > 1).tolist():
            if place not in self.broken:
                groups.setdefault(int(group[place]), []).append(place)
        return [places for places in groups.values() if len(places) > 1]


@dataclass(frozen=True)
class Summary:
    """The answer for people: per class and over all."""

    images: int
    counts: dict[str, int]
    sizes: dict[str, int]
    mean: list[float]
    deviation: list[float]
    per_class: dict[str, dict[str, Any]]
    broken: dict[str, str]
    duplicates: list[list[str]]

    def to_json(self) -> dict[str, Any]:
        """As JSON-able values."""
        return dict(self.__dict__)


def samples_of(folder: Path) -> list[Sample]:
    """Images with their labels: the name of the folder's subfolder that they are in, '' at the top."""
    return [
        (path, path.relative_to(folder).parts[0] if path.parent != folder else "")
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in SUFFIXES and path.is_file()
    ]


def survey(
    samples: Iterable[Sample],
    on_progress: Callable[[int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Survey:
    """Read every file once, in a few threads that hand over in the order of the samples."""
    found = Survey()
    for tallies, broken, digests in _read_ahead(samples):
        found.broken.update({found.seen + place: reason for place, reason in broken.items()})
        found.digests += digests
        for label, tally in tallies.items():
            found.tallies.setdefault(label, Tally()).add(tally)
        if on_progress is not None:
            on_progress(found.seen)
        if should_stop is not None and should_stop():
            break
    return found


def summarise(
    samples: Sequence[Sample],
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Summary:
    """The survey of a data set whose names fit into memory."""
    found = survey(
        samples, on_progress and (lambda done: on_progress(done, len(samples))), should_stop=should_stop
    )
    whole = found.pooled(found.tallies)
    tallies = dict(sorted(found.tallies.items()))
    return Summary(
        whole.images,
        {label: tally.images for label, tally in tallies.items()},
        dict(whole.sizes.most_common()),
        whole.mean,
        whole.deviation,
        {
            label: {"images": tally.images, "mean": tally.mean, "deviation": tally.deviation}
            for label, tally in tallies.items()
        },
        {str(samples[place][0]): reason for place, reason in found.broken.items()},
        [[str(samples[place][0]) for place in places] for places in found.equal()],
    )


_Part = tuple[dict[str, Tally], dict[int, str], bytes]


def _read_ahead(samples: Iterable[Sample]) -> Iterator[_Part]:
    rest = iter(samples)
    waiting: deque[Future[_Part]] = deque()
    with ThreadPoolExecutor(THREADS, thread_name_prefix="summary") as pool:
        try:
            while chunk := list(islice(rest, CHUNK)):
                waiting.append(pool.submit(_read, chunk))
                if len(waiting) > THREADS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _read(chunk: Sequence[Sample]) -> _Part:
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
    return tallies, broken, b"".join(digests)


def _bytes_of(path: Path) -> bytes:
    """The whole file, by as few calls of the system as can be: of small files they take most of the time."""
    file = os.open(path, os.O_RDONLY)
    try:
        data = os.read(file, AT_ONCE)
        return data if len(data) < AT_ONCE else path.read_bytes()
    finally:
        os.close(file)


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
