"""The work of the lab's jobs on files: unpack, look, fit, ask. Worker only; knows no rows and no jobs.

mlcore.classifier is the door to everything that learns; mlcore.archive is the one unpacker.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from generation.lab import measures, storage
from generation.lab.models import LABELS, SPLITS
from generation.lab.polyglots import is_polyglot
from generation.lab.storage import Sample
from mlcore import archive, backbone, classifier, images
from mlcore.errors import ImageError

Tell = Callable[[int, int], None]
JUNK = ("__macosx", "thumbs.db", "desktop.ini")
LISTED = 100
TEST_SHARE = 5  # of composed sets every fifth image is for testing
MOSAIC = 32
KINDS = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"RIFF": "WebP", b"BM": "BMP"}


@dataclass
class Kept:
    """What came of reading a source: images in the folder, and what was refused with the reason's class."""

    samples: list[Sample] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)
    refused_count: int = 0
    outside: int = 0

    def refuse(self, split: str, name: str, reason: str) -> None:
        """Note a file that is not taken; the first hundred by name."""
        self.refused_count += 1
        if len(self.refused) < LISTED:
            self.refused.append({"split": split, "name": name, "reason": reason})

    def missing(self) -> list[str]:
        """The parts of the tree without an image."""
        there = {(sample.split, sample.label) for sample in self.samples}
        return [f"{split}/{label}" for split in SPLITS for label in LABELS if (split, label) not in there]


def place_of(parts: Sequence[str]) -> tuple[str, str] | None:
    """Split and label of a path such as data/Train/REAL/1.png, whatever stands before, between and after."""
    names = [part.lower() for part in parts[:-1]]
    for at, name in enumerate(names[:-1]):
        if name in SPLITS and names[at + 1] in LABELS:
            return name, names[at + 1]
    return None


def is_junk(parts: Sequence[str]) -> bool:
    """What systems leave in archives by themselves."""
    return any(part.startswith(".") or part.lower() in JUNK for part in parts)


def members(path: Path, limits: archive.Limits) -> Iterator[tuple[Sequence[str], bytes | None]]:
    """Every file of an archive: its path, and its bytes where it lies in the tree and is no junk."""
    for member in archive.iter_members(path, limits):
        yield member.parts, None if is_junk(member.parts) else member.read()


def read_tree(path: Path, limits: archive.Limits, folder: Path, max_pixels: int, tell: Tell) -> Kept:
    """Unpack an archive of train|test / real|fake / images into `folder`."""
    kept = Kept()
    for number, (parts, data) in enumerate(members(path, limits), start=1):
        place = place_of(parts)
        if data is None or place is None:
            kept.outside += data is not None
        else:
            keep(kept, folder, place, "/".join(parts), data, max_pixels)
        tell(number, 0)
    return kept


def read_parts(
    photos: Path,
    limits: archive.Limits,
    made: Iterable[tuple[str, Path]],
    folder: Path,
    max_pixels: int,
    seed: int,
    tell: Tell,
) -> Kept:
    """Photos of an archive as real, files of synthetic sets as fake; a fifth of each is for testing."""
    kept, number = Kept(), 0
    for parts, data in members(photos, limits):
        number += 1
        if data is not None:
            place = (drawn_split(data, seed), "real")
            keep(kept, folder, place, "/".join(parts), data, max_pixels)
        tell(number, 0)
    for name, path in made:
        number += 1
        data = path.read_bytes()
        keep(kept, folder, (drawn_split(data, seed), "fake"), name, data, max_pixels)
        tell(number, 0)
    return kept


def drawn_split(data: bytes, seed: int) -> str:
    """Train or test by the image's own bytes: copies of one image never stand on both sides."""
    digest = hashlib.sha256(seed.to_bytes(8, "big") + hashlib.sha256(data).digest()).digest()
    return "test" if digest[0] % TEST_SHARE == 0 else "train"


def keep(kept: Kept, folder: Path, place: tuple[str, str], name: str, data: bytes, max_pixels: int) -> None:
    """Write an image into the folder, or note why not."""
    split, label = place
    reason = refusal(data, max_pixels)
    if reason:
        kept.refuse(split, name, reason)
        return
    file = storage.file_of(len(kept.samples))
    storage.keep_bytes(folder / file, data)
    sha256 = hashlib.sha256(data).hexdigest()
    kept.samples.append(Sample(file, split, label, name, format_of(data), sha256, len(data)))


def refusal(data: bytes, max_pixels: int) -> str:
    """The class of the reason why this is no image to take; empty when it is one. Decodes no pixel."""
    try:
        width, height = images.size_of(data)
    except ImageError as error:
        return type(error).__name__
    if width * height > max_pixels:
        return "ImageTooLarge"
    return "Polyglot" if is_polyglot(data) else ""


def format_of(data: bytes) -> str:
    """The format by the first bytes."""
    return next((name for magic, name in KINDS.items() if data.startswith(magic)), "?")


def look(folder: Path, kept: Kept, tell: Tell) -> dict[str, Any]:
    """One pass over all images: numbers of each split, broken files, formats, duplicates; and the mosaics."""
    total, done = len(kept.samples), 0
    answer: dict[str, Any] = {}
    names = {str(folder / sample.file): sample for sample in kept.samples}
    sizes: Counter[str] = Counter()
    for split in SPLITS:
        samples = [(folder / one.file, one.label) for one in kept.samples if one.split == split]
        before = done

        def step(at: int, _of: int, before: int = before) -> None:
            tell(before + at, total)

        found = classifier.summarise(samples, step)
        done += len(samples)
        answer[split] = numbers(found)
        sizes.update(found.sizes)
        for path in found.broken:
            kept.refuse(split, names[path].name, "BrokenImage")
            Path(path).unlink()
        broken = set(found.broken)
        kept.samples = [one for one in kept.samples if str(folder / one.file) not in broken]
        for label in LABELS:
            _mosaic(folder, kept.samples, split, label)
    return answer | {
        "corrupt": {"count": kept.refused_count, "files": kept.refused},
        "outside": kept.outside,
        "formats": {split: _formats(kept.samples, split) for split in SPLITS},
        "sizes": dict(sizes.most_common(12)),
        "duplicates": duplicates(kept.samples),
    }


def numbers(found: classifier.Summary) -> dict[str, float]:
    """The twelve numbers of one split."""
    areas: dict[int, int] = {}
    for name, count in found.sizes.items():
        width, height = (int(side) for side in name.split("x"))
        areas[width * height] = areas.get(width * height, 0) + count
    answer: dict[str, float] = {
        "fake_cnt": found.counts.get("fake", 0),
        "real_cnt": found.counts.get("real", 0),
        "avg_size": round(sum(area * n for area, n in areas.items()) / max(found.images, 1), 4),
        "min_size": min(areas, default=0),
        "max_size": max(areas, default=0),
    }
    for place, colour in enumerate(("red", "green", "blue")):
        answer[f"mean_{colour}"] = round(found.mean[place], 4)
        answer[f"std_{colour}"] = round(found.deviation[place], 4)
    return answer


def duplicates(samples: Sequence[Sample]) -> dict[str, Any]:
    """Copies by content: how many too many in each split, and those that stand in both (leakage)."""
    seen: dict[str, list[Sample]] = {}
    for sample in samples:
        seen.setdefault(sample.sha256, []).append(sample)
    answer: dict[str, Any] = {}
    for split in SPLITS:
        copies = [sum(one.split == split for one in group) for group in seen.values()]
        answer[split] = sum(count - 1 for count in copies if count > 1)
    across = [group for group in seen.values() if len({one.split for one in group}) > 1]
    answer["across"] = len(across)
    answer["examples"] = [[one.name for one in group[:4]] for group in across[:10]]
    return answer


def _formats(samples: Sequence[Sample], split: str) -> dict[str, int]:
    return dict(Counter(one.format for one in samples if one.split == split).most_common())


def _mosaic(folder: Path, samples: Sequence[Sample], split: str, label: str) -> None:
    mine = [folder / one.file for one in samples if (one.split, one.label) == (split, label)]
    step = max(1, len(mine) // MOSAIC)
    sheet = classifier.mosaic(mine[::step][:MOSAIC])
    storage.keep_bytes(storage.mosaic_path(folder, split, label), sheet)


@lru_cache(maxsize=2)
def network(weights: Path | None) -> classifier.Backbone:
    """The frozen network; a worker keeps it from job to job."""
    return backbone.load(weights)


@dataclass(frozen=True)
class Fitted:
    """A model and what is said of it."""

    model: classifier.Classifier
    report: dict[str, Any]
    history: list[dict[str, Any]]


def fit(
    folder: Path,
    wish: dict[str, Any],
    weights: Path | None,
    tell: Tell,
    on_epoch: Callable[[dict[str, Any]], None],
) -> Fitted:
    """Fit on train and judge on test; features are kept beside the images."""
    samples = list(storage.read_index(folder))
    train = [(folder / one.file, one.label) for one in samples if one.split == "train"]
    test = [(folder / one.file, one.label) for one in samples if one.split == "test"]
    total = len(train) + len(test)
    settings = classifier.FitSettings(
        C=wish["C"],
        lr=wish["lr"],
        epochs=wish["num_epochs"],
        batch_size=wish["batch_size"],
        input_size=wish["input_size"],
        seed=wish["seed"],
        hold=0,
    )
    eye, started = network(weights), time.monotonic()
    cache = classifier.FeatureCache(folder / storage.FEATURES)
    try:
        # Features first, of both parts: then their time and the time of the fit are told apart.
        classifier.embed(
            [path for path, _ in train], settings.input_size, eye, cache, lambda at, _of: tell(at, total)
        )
        classifier.embed(
            [path for path, _ in test],
            settings.input_size,
            eye,
            cache,
            lambda at, _of: tell(len(train) + at, total),
        )
        features_at = time.monotonic()
        model = classifier.fit(
            train,
            settings,
            eye,
            cache,
            on_progress=lambda _at, _of: tell(total, total),
            on_epoch=lambda epoch: on_epoch({"epoch": epoch.epoch, "loss": epoch.loss}),
        )
        said, _broken = classifier.predict(model, [path for path, _ in test], eye, cache)
    finally:
        cache.close()
    judged = [(label == "real", said[path]["real"]) for path, label in test if path in said]
    is_real, p_real = np.array([real for real, _ in judged]), np.array([p for _, p in judged])
    report = measures.report(is_real, p_real) | {
        "backbone": backbone_word(eye),
        "trained": len(train),
        "train_accuracy": model.report["accuracy"],
        "feature_seconds": round(features_at - started, 2),
        "fit_seconds": round(time.monotonic() - features_at, 2),
    }
    history = [{"epoch": epoch.epoch, "loss": epoch.loss} for epoch in model.history]
    return Fitted(model, report, history)


def backbone_word(eye: classifier.Backbone) -> str:
    """The name as people write it."""
    return {"resnet18": "ResNet18", "efficientnet-lite0": "EfficientNet-Lite0"}.get(eye.name, eye.name)


def ask(
    model_path: Path,
    folder: Path,
    names: Sequence[str],
    weights: Path | None,
    threshold: float,
    max_pixels: int,
    tell: Tell,
) -> list[dict[str, Any]]:
    """What the model says of each received image; previews and maps are left in the folder, originals not."""
    model = classifier.load(model_path)
    eye = network(weights if model.backbone == backbone.RESNET18 else None)
    results = []
    for index, name in enumerate(names):
        path = storage.received_path(folder, index)
        results.append(
            {"index": index, "name": name} | _answer(model, eye, path, folder, index, threshold, max_pixels)
        )
        tell(index + 1, len(names))
    return results


def _answer(
    model: classifier.Classifier,
    eye: classifier.Backbone,
    path: Path,
    folder: Path,
    index: int,
    threshold: float,
    max_pixels: int,
) -> dict[str, Any]:
    data = path.read_bytes()
    reason = refusal(data, max_pixels)
    if reason:
        return {"error": reason}
    try:
        picture = images.decode(data, max_pixels)
    except ImageError as error:
        return {"error": type(error).__name__}
    said, _broken = classifier.predict(model, [path], eye)
    real = said[path]["real"]
    shown = classifier.preview(picture)
    storage.keep_bytes(storage.picture_path(folder, index), images.encode_png(shown))
    places = classifier.activation_map(model, eye, picture, model.settings.input_size, "real")
    if places is not None:
        sheet = images.encode_png(classifier.overlay(shown, places))
        storage.keep_bytes(storage.map_path(folder, index), sheet)
    return {
        "real": round(real, 4),
        "fake": round(1 - real, 4),
        "verdict": "REAL" if real >= threshold else "FAKE",
        "has_map": places is not None,
    }


def write_model(path: Path, model: classifier.Classifier) -> str:
    """Keep a model; returns its sha256."""
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    return classifier.save(path, model)
