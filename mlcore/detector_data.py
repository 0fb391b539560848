"""The folder a detector learns from: photos, hands before other backgrounds, pictures without hands.

Who is held for validation is `data.split`'s word; made pictures are for training only, from training photos.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mlcore import images, people_table
from mlcore.data import DataError, split
from mlcore.detector_labels import Box, Points, photos_of, read_labels, write_outlines
from mlcore.detector_negatives import Picture, Stream, cut_out, negative
from mlcore.errors import ImageError

NAMES = ("hand", "palm")
HAND, PALM = range(len(NAMES))
SIDE = 416  # of made pictures
HARD_TRIES = 20


@dataclass(frozen=True)
class Sample:
    """A photo with its boxes."""

    path: Path
    boxes: list[Box]

    def pixels(self) -> Picture:
        """The decoded photo."""
        try:
            return images.decode(self.path.read_bytes())
        except ImageError as error:
            raise DataError(f"{self.path}: {error} Take it out, or replace it.") from error


def read_samples(photos: Path, labels: Path, names: Sequence[str] = NAMES) -> list[Sample]:
    """All photos of a folder with their boxes."""
    if not labels.is_dir():
        raise DataError(f"{labels} is no folder of label files.")
    files = {path: labels / f"{path.stem}.txt" for path in photos_of(photos)}
    if not any(file.exists() for file in files.values()):
        # Each photo would count as free of hands.
        raise DataError(
            f"No photo of {photos} has a label file of its name in {labels}, as {next(iter(files.values())).name} "
            "would be. Give the folder with the labels of these photos."
        )
    return [Sample(path, read_labels(file, len(names))) for path, file in files.items()]


def source_of(sample: Sample) -> str:
    """The source of a photo by the beginning of its file name, where no table says it."""
    return sample.path.name.split("_")[0]


def split_samples(samples: Sequence[Sample], people: Path | None) -> tuple[list[Sample], list[Sample]]:
    """Training and validation; a CSV says people and sources, else a file name's beginning the source."""
    known = None if people is None else people_table.read(people)
    rows: list[dict[str, Any]] = []
    for sample in samples:
        row = (known.find(sample.path.parent.name, [sample.path.name]) if known else None) or {}
        source = row.get("source") or source_of(sample)
        rows.append({"file": sample.path.name, "person": row.get("person", ""), "source": source})
    where = split(rows)
    train = [sample for sample, part in zip(samples, where, strict=True) if part == "train"]
    held = [sample for sample, part in zip(samples, where, strict=True) if part == "validation"]
    return train, held


def split_for_training(samples: Sequence[Sample], people: Path | None) -> tuple[list[Sample], list[Sample]]:
    """Training and validation, both with photos in them: what lacks one would show only after hours."""
    train, held = split_samples(samples, people)
    if not train or not held:
        lack = "held back to measure on" if train else "left to train on"
        raise DataError(
            f"None of {len(samples)} photos is {lack}: of each source about one in five is held back. Give more "
            "photos, or photos of more people."
        )
    return train, held


def build(
    folder: Path,
    train: Sequence[Sample],
    held: Sequence[Sample],
    *,
    photos: Sequence[Path] = (),
    composites: int = 0,
    negatives: int = 0,
    twice: Sequence[str] = (),
    hard: int = 0,
    fires: Callable[[Picture], bool] | None = None,
    seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Lay out everything as ultralytics reads it and return the data file.

    `photos` are free of hands; training photos of the sources named in `twice` are shown twice in a pass.
    `hard` more pictures without hands are those in which an earlier detector `fires`.
    """
    again = [sample for sample in train if source_of(sample) in twice]
    total = len(train) + len(again) + len(held) + composites + negatives
    for part in ("train", "held"):
        (folder / "images" / part).mkdir(parents=True, exist_ok=True)
        (folder / "labels" / part).mkdir(parents=True, exist_ok=True)
    done = 0
    for part, samples, mark in (("train", train, ""), ("train", again, "_again"), ("held", held, "")):
        for sample in samples:
            name = f"{sample.path.stem}{mark}"
            (folder / "images" / part / f"{name}{sample.path.suffix}").write_bytes(sample.path.read_bytes())
            outlines = [(box.name, box.outline()) for box in sample.boxes]
            write_outlines(folder / "labels" / part / f"{name}.txt", outlines)
            done += 1
            on_progress(done, total)
    stream = np.random.default_rng(seed)
    free = [images.decode(path.read_bytes()) for path in photos]
    for number in range(negatives):
        _write(folder, f"negative_{number:05d}", negative(stream, SIDE, free), [])
        done += 1
        on_progress(done, total)
    if fires is not None:
        for number, picture in enumerate(hard_negatives(stream, free, fires, hard)):
            _write(folder, f"hard_{number:05d}", picture, [])
            done += 1
            on_progress(done, total)
    makers = [sample for sample in train if {HAND, PALM} <= {box.name for box in sample.boxes}]
    number = 0
    for _ in range(composites * 3 if makers else 0):  # some photos do not let their hand be cut out
        made = composite(stream, makers[stream.integers(len(makers))], free)
        if made is None:
            continue
        _write(folder, f"composite_{number:05d}", *made)
        number += 1
        done += 1
        on_progress(done, total)
        if number == composites:
            break
    data = folder / "data.yaml"
    names = "".join(f"  {number}: {name}\n" for number, name in enumerate(NAMES))
    data.write_text(f"path: {folder.resolve()}\ntrain: images/train\nval: images/held\nnames:\n{names}")
    return data


def hard_negatives(
    stream: Stream, photos: Sequence[Picture], fires: Callable[[Picture], bool], count: int
) -> Iterator[Picture]:
    """Pictures without a hand in which a detector sees one; gives up after twenty tries for each."""
    found = 0
    for _ in range(count * HARD_TRIES):
        if found == count:
            return
        picture = negative(stream, SIDE, photos)
        if fires(picture):
            found += 1
            yield picture


def composite(
    stream: Stream, sample: Sample, photos: Sequence[Picture]
) -> tuple[Picture, list[tuple[int, Points]]] | None:
    """A hand of a photo, turned and scaled, before another background; None when it cannot be cut out."""
    photo = sample.pixels()
    height, width = photo.shape[:2]
    boxes = {box.name: box for box in sample.boxes}
    mask = cut_out(photo, boxes[HAND].corners(width, height), boxes[PALM].corners(width, height))
    if mask is None:
        return None
    outline = boxes[PALM].outline() * (width, height)
    hand = np.argwhere(mask > 0.5)[::7, ::-1].astype(np.float64)  # x, y
    scale = SIDE * stream.uniform(0.35, 1.05) / max(np.ptp(hand, axis=0))
    turn = np.deg2rad(stream.normal(0, 30) if stream.random() < 0.4 else stream.uniform(0, 360))
    mirror = -1 if stream.random() < 0.5 else 1
    linear = (
        scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ np.diag([mirror, 1])
    )
    middle = (hand.min(axis=0) + hand.max(axis=0)) / 2
    target = SIDE * stream.uniform(0.3, 0.7, 2)
    affine = np.column_stack([linear, target - linear @ middle])
    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    moved = cv2.warpAffine(photo, affine, (SIDE, SIDE), flags=smooth).astype(np.float64)
    seen = cv2.warpAffine(mask, affine, (SIDE, SIDE), flags=cv2.INTER_LINEAR)[..., None]
    moved = moved * stream.uniform(0.5, 1.15) * stream.uniform(0.9, 1.1, 3) + stream.uniform(-12, 12)
    back = negative(stream, SIDE, photos).astype(np.float64)
    mixed = np.clip(back * (1 - seen) + moved * seen, 0, 255).astype(np.uint8)
    if stream.random() < 0.3:
        mixed = np.asarray(cv2.GaussianBlur(mixed, (0, 0), float(stream.uniform(0.4, 1.6))), dtype=np.uint8)
    outlines: list[tuple[int, Points]] = []
    edges = np.zeros(2), np.ones(2)
    for name, points in ((HAND, hand), (PALM, outline)):
        place = (points @ linear.T + affine[:, 2]) / SIDE
        inside = np.clip(place, 0, 1)
        if np.prod(np.ptp(inside, axis=0)) < 0.35 * np.prod(np.ptp(place, axis=0)):
            return None  # too little of it is in the picture
        low, high = inside.min(axis=0), inside.max(axis=0)
        if name == PALM:
            outlines.append((name, np.clip(inside, *edges)))
        else:  # all that matters of the hand's many points is the box around them
            edges = low, high
            outlines.append((name, Box(name, *((low + high) / 2), *(high - low)).outline()))
    return mixed, outlines


def _write(folder: Path, name: str, picture: Picture, outlines: list[tuple[int, Points]]) -> None:
    coded, data = cv2.imencode(
        ".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90]
    )
    if not coded:
        raise DataError(f"The made picture {name} could not be encoded.")
    (folder / "images/train" / f"{name}.jpg").write_bytes(data.tobytes())
    write_outlines(folder / "labels/train" / f"{name}.txt", outlines)
