"""Looks at a data set in one streaming pass: counts, sizes, pooled colours, broken and duplicate files.

Memory does not grow with the pictures, only with the names of files.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore import images
from mlcore.errors import ImageError

THREADS = 4
WAITING = 64
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")


@dataclass(frozen=True, slots=True)
class Look:
    """What is kept of one file."""

    path: Path
    label: str
    sha256: str
    size: tuple[int, int] = (0, 0)
    pixels: int = 0
    sums: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    squares: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    sharpness: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Summary:
    """The answer: per class and over all. Colours are RGB in [0, 1], pooled over every pixel."""

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


def samples_of(folder: Path) -> list[tuple[Path, str]]:
    """Images with their labels: the name of the folder's subfolder that they are in, '' at the top."""
    return [
        (path, path.relative_to(folder).parts[0] if path.parent != folder else "")
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in SUFFIXES and path.is_file()
    ]


def summarise(
    samples: Sequence[tuple[Path, str]],
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Summary:
    """Read every file once, several at a time."""
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    totals: dict[str, list[Any]] = {}
    broken: dict[str, str] = {}
    same: dict[str, list[str]] = {}
    for done, look in enumerate(_looks(samples), start=1):
        if look.reason:
            broken[str(look.path)] = look.reason
        else:
            counts[look.label] += 1
            sizes[f"{look.size[0]}x{look.size[1]}"] += 1
            same.setdefault(look.sha256, []).append(str(look.path))
            total = totals.setdefault(look.label, [0, np.zeros(3), np.zeros(3), 0.0])
            for place, value in enumerate((look.pixels, look.sums, look.squares, look.sharpness)):
                total[place] = total[place] + value
        if on_progress is not None:
            on_progress(done, len(samples))
        if should_stop is not None and should_stop():
            break
    pooled = [sum((total[place] for total in totals.values()), start=0) for place in range(3)]
    mean, deviation = _moments(*pooled)
    per_class = {}
    for label, (pixels, sums, squares, sharpness) in sorted(totals.items()):
        own_mean, own_deviation = _moments(pixels, sums, squares)
        per_class[label] = {
            "images": counts[label],
            "mean": own_mean,
            "deviation": own_deviation,
            "sharpness": round(sharpness / counts[label], 2),
        }
    duplicates = [names for names in same.values() if len(names) > 1]
    return Summary(
        sum(counts.values()),
        dict(sorted(counts.items())),
        dict(sizes.most_common()),
        mean,
        deviation,
        per_class,
        broken,
        duplicates,
    )


def _looks(samples: Sequence[tuple[Path, str]]) -> Iterator[Look]:
    """Looks in the order of the samples, read ahead by a few threads."""
    rest = iter(samples)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="summary") as pool:
        waiting = [pool.submit(look, *sample) for sample in islice(rest, WAITING)]
        while waiting:
            yield waiting.pop(0).result()
            waiting += [pool.submit(look, *sample) for sample in islice(rest, 1)]


def look(path: Path, label: str) -> Look:
    """Everything that is wanted of one file."""
    try:
        data = path.read_bytes()
        picture = images.decode(data)
    except ImageError as error:
        return Look(path, label, "", reason=str(error))
    except OSError as error:
        return Look(path, label, "", reason=f"It cannot be read: {error.strerror}.")
    mean, deviation = (values[:, 0] / 255 for values in cv2.meanStdDev(picture))
    pixels = picture.shape[0] * picture.shape[1]
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return Look(
        path,
        label,
        hashlib.sha256(data).hexdigest(),
        (picture.shape[1], picture.shape[0]),
        pixels,
        mean * pixels,
        (deviation**2 + mean**2) * pixels,
        float(cv2.Laplacian(grey, cv2.CV_32F).var()),
    )


def _moments(pixels: int, sums: Any, squares: Any) -> tuple[list[float], list[float]]:
    """Mean and deviation of all pixels together from their sums."""
    if not pixels:
        return [0.0] * 3, [0.0] * 3
    mean = sums / pixels
    deviation = np.sqrt(np.maximum(squares / pixels - mean**2, 0))
    return np.round(mean, 6).tolist(), np.round(deviation, 6).tolist()
