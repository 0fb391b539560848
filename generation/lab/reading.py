"""Data sets come to be: an archive or its parts go into a folder, then all images are looked at once. Worker only.

It knows no rows and no jobs, and memory does not grow with the images: what is known of each lies in the folder's
index. mlcore.archive is the one unpacker.
"""

import hashlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from generation.lab import storage
from generation.lab.models import LABELS, SPLITS
from generation.lab.polyglots import is_polyglot
from generation.lab.storage import Sample
from mlcore import archive, classifier, images
from mlcore.errors import ImageError

Tell = Callable[[int, int], None]
Part = tuple[str, str]
PARTS: tuple[Part, ...] = tuple((split, label) for split in SPLITS for label in LABELS)
JUNK = ("__macosx", "thumbs.db", "desktop.ini")
LISTED = 100
UNDRAWN = ""  # the split of what is composed, until all of it is there
TEST_SHARE = 5  # of composed sets every fifth image is for testing
MOSAIC = 32
EXAMPLES, OF_EACH = 10, 2
COMMON_SIZES = 12
KINDS = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"RIFF": "WebP"}


@dataclass
class Spoilt:
    """The files of one part that were refused: how many, and which was the first and why."""

    name: str
    reason: str
    count: int = 0


@dataclass
class Kept:
    """What came of reading a source: how many images each part has, and what was refused with its reason's class."""

    counts: Counter[Part] = field(default_factory=Counter)
    refused: list[dict[str, str]] = field(default_factory=list)
    spoilt: dict[Part, Spoilt] = field(default_factory=dict)
    outside: int = 0

    @property
    def images(self) -> int:
        """How many images there are."""
        return self.counts.total()

    @property
    def refused_count(self) -> int:
        """How many files were not taken."""
        return sum(of_part.count for of_part in self.spoilt.values())

    def refuse(self, part: Part, name: str, reason: str) -> None:
        """Note a file that is not taken; the first hundred by name, of each part the first."""
        self.spoilt.setdefault(part, Spoilt(name, reason)).count += 1
        if len(self.refused) < LISTED:
            self.refused.append({"split": part[0], "name": name, "reason": reason})

    def missing(self) -> list[Part]:
        """The parts of the tree without an image."""
        return [part for part in PARTS if not self.counts[part]]


class Intake:
    """Takes images into a folder, one after another, and notes each in the index or among the refused."""

    def __init__(self, folder: Path, max_pixels: int) -> None:
        """Begin in an empty folder."""
        self.kept = Kept()
        self._folder, self._max_pixels = folder, max_pixels
        self._index = storage.IndexWriter(folder)
        self._number = 0

    def take(self, part: Part, name: str, data: bytes) -> None:
        """Write an image into the folder, or note why not."""
        split, label = part
        reason = refusal(data, self._max_pixels)
        if reason:
            self.kept.refuse(part, name, reason)
            return
        file = storage.file_of(self._number)
        self._number += 1
        storage.keep_bytes(self._folder / file, data)
        sha256 = hashlib.sha256(data).hexdigest()
        self._index.add(Sample(file, split, label, name, format_of(data), sha256, len(data)))
        self.kept.counts[part] += 1

    def __enter__(self) -> Self:
        """The intake itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the index."""
        self._index.close()


def read_tree(path: Path, limits: archive.Limits, folder: Path, max_pixels: int, tell: Tell) -> Kept:
    """Unpack an archive of train|test / real|fake / images into `folder`."""
    with Intake(folder, max_pixels) as intake:
        for number, (parts, data) in enumerate(members(path, limits), start=1):
            part = part_of(parts)
            if data is None or part is None:
                intake.kept.outside += data is not None
            else:
                intake.take(part, "/".join(parts), data)
            tell(number, 0)
    return intake.kept


def read_parts(
    photos: Iterable[tuple[str, bytes]],
    made: Iterable[tuple[str, Path]],
    folder: Path,
    max_pixels: int,
    seed: int,
    tell: Tell,
) -> Kept:
    """Photos as real, files of synthetic sets as fake; a fifth of each is for testing."""
    number = 0
    with Intake(folder, max_pixels) as intake:
        for label, files in (("real", photos), ("fake", ((name, path.read_bytes()) for name, path in made))):
            for name, data in files:
                number += 1
                intake.take((UNDRAWN, label), name, data)
                tell(number, 0)
    draw_splits(folder, intake.kept, seed)
    return intake.kept


def draw_splits(folder: Path, kept: Kept, seed: int) -> None:
    """Train or test by the images' own bytes: the same file never stands on both sides, and of few images one
    is for testing too.
    """
    lots = {label: array("Q") for label in LABELS}
    for one in storage.read_index(folder):
        lots[one.label].append(_lot(one, seed))
    bounds = {label: _fifth(np.unique(np.asarray(drawn))) for label, drawn in lots.items()}
    in_both = set(np.intersect1d(lots["real"], lots["fake"]).tolist())
    kept.counts.clear()
    with storage.IndexWriter(folder) as index:
        for one in storage.read_index(folder):
            lot = _lot(one, seed)
            bound = max(bounds.values()) if lot in in_both else bounds[one.label]
            split = "test" if lot <= bound else "train"
            index.add(replace(one, split=split))
            kept.counts[split, one.label] += 1


def _lot(one: Sample, seed: int) -> int:
    """A number that only the image's bytes and the seed decide."""
    drawn = hashlib.sha256(seed.to_bytes(8, "big") + bytes.fromhex(one.sha256)).digest()
    return int.from_bytes(drawn[: array("Q").itemsize], "big")


def _fifth(lots: Any) -> int:
    """The largest lot of the lowest fifth of different ones, of one at least."""
    return int(lots[max(len(lots) // TEST_SHARE, 1) - 1]) if len(lots) else 0


def photos_of(path: Path, limits: archive.Limits) -> Iterator[tuple[str, bytes]]:
    """Every file of an archive of photos that is no junk, in whatever folders."""
    for parts, data in members(path, limits):
        if data is not None:
            yield "/".join(parts), data


def members(path: Path, limits: archive.Limits) -> Iterator[tuple[Sequence[str], bytes | None]]:
    """Every file of an archive: its path, and its bytes unless it is junk."""
    for member in archive.iter_members(path, limits):
        yield member.parts, None if is_junk(member.parts) else member.read()


def part_of(parts: Sequence[str]) -> Part | None:
    """Split and label of a path such as data/Train/REAL/1.png, whatever stands before, between and after."""
    names = [part.lower() for part in parts[:-1]]
    for at, name in enumerate(names[:-1]):
        if name in SPLITS and names[at + 1] in LABELS:
            return name, names[at + 1]
    return None


def name_of(part: Part) -> str:
    """The part as its folder is called."""
    return "/".join(part)


def is_junk(parts: Sequence[str]) -> bool:
    """What systems leave in archives by themselves."""
    return any(part.startswith(".") or part.lower() in JUNK for part in parts)


def refusal(data: bytes, max_pixels: int) -> str:
    """The class of the reason why this is no image to take; empty when it is one. Decodes no pixel.

    Only what pages and refusals name is taken: mlcore reads more kinds.
    """
    if not format_of(data):
        return "NotAnImage"
    try:
        width, height = images.size_of(data)
    except ImageError as error:
        return type(error).__name__
    if width * height > max_pixels:
        return "ImageTooLarge"
    return "Polyglot" if is_polyglot(data) else ""


def format_of(data: bytes) -> str:
    """The format by the first bytes; empty where it is none of ours."""
    return next((name for magic, name in KINDS.items() if data.startswith(magic)), "")


def look(folder: Path, kept: Kept, tell: Tell) -> dict[str, Any]:
    """One pass over all images: numbers of each split, broken files, formats, duplicates; and the mosaics."""
    total = kept.images
    samples = ((folder / one.file, name_of((one.split, one.label))) for one in storage.read_index(folder))
    found = classifier.survey(samples, lambda done: tell(done, total))
    formats, copies = _settle(folder, found, kept)
    answer: dict[str, Any] = {split: numbers(found, split) for split in SPLITS}
    return answer | {
        "corrupt": {"count": kept.refused_count, "files": kept.refused},
        "outside": kept.outside,
        "formats": {split: dict(formats[split].most_common()) for split in SPLITS},
        "sizes": dict(found.pooled(found.tallies).sizes.most_common(COMMON_SIZES)),
        "duplicates": duplicates(copies),
    }


def numbers(found: classifier.Survey, split: str) -> dict[str, float]:
    """The eleven numbers of one split."""
    half = found.pooled(name_of((split, label)) for label in LABELS)
    areas: Counter[int] = Counter()
    for name, count in half.sizes.items():
        width, height = (int(side) for side in name.split("x"))
        areas[width * height] += count
    answer: dict[str, float] = {
        f"{label}_cnt": found.pooled([name_of((split, label))]).images for label in ("fake", "real")
    } | {
        "avg_size": round(half.pixels / max(half.images, 1), 4),
        "min_size": min(areas, default=0),
        "max_size": max(areas, default=0),
    }
    for name, colours in (("mean", half.mean), ("std", half.deviation)):
        for colour, number in zip(("red", "green", "blue"), colours, strict=True):
            answer[f"{name}_{colour}"] = round(number, 4)
    return answer


def duplicates(copies: Sequence[Sequence[Sample]]) -> dict[str, Any]:
    """Copies by content: how many too many in each split, and those that stand in both (leakage)."""
    answer: dict[str, Any] = {}
    for split in SPLITS:
        found = [sum(one.split == split for one in group) for group in copies]
        answer[split] = sum(count - 1 for count in found if count > 1)
    across = [group for group in copies if len({one.split for one in group}) > 1]
    answer["across"] = len(across)
    answer["examples"] = [
        [one.name for split in SPLITS for one in [one for one in group if one.split == split][:OF_EACH]]
        for group in across[:EXAMPLES]
    ]
    return answer


def _settle(
    folder: Path, found: classifier.Survey, kept: Kept
) -> tuple[dict[str, Counter[str]], list[list[Sample]]]:
    """Drop broken images from folder and index and draw the mosaics; formats by split, and groups of equal files."""
    group_of = {place: number for number, group in enumerate(found.equal()) for place in group}
    copies: list[list[Sample]] = [[] for _ in range(len(set(group_of.values())))]
    formats: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
    shown: dict[Part, list[Path]] = {part: [] for part in PARTS}
    counts: Counter[Part] = Counter()
    with storage.IndexWriter(folder) as index:
        for place, one in enumerate(storage.read_index(folder)):
            part, path = (one.split, one.label), folder / one.file
            if place in found.broken:
                kept.refuse(part, one.name, "BrokenImage")
                path.unlink()
                continue
            index.add(one)
            formats[one.split][one.format] += 1
            if place in group_of:
                copies[group_of[place]].append(one)
            every = max(1, found.tallies[name_of(part)].images // MOSAIC)
            if counts[part] % every == 0 and len(shown[part]) < MOSAIC:
                shown[part].append(path)
            counts[part] += 1
    kept.counts = counts
    for (split, label), paths in shown.items():
        storage.keep_bytes(storage.mosaic_path(folder, split, label), classifier.mosaic(paths))
    return formats, copies
