"""How far made palms are from real ones, as the lab's own classifier tells them apart.

Real palms come from a packed set, whose split keeps people apart: who is tested on was neither learned from here nor
shown to a generator that was trained on the same split. It writes no file but its own table of features.
"""

import math
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from mlcore import classifier, engine, images, telling
from mlcore.backbone import Backbone
from mlcore.data import PackedDataset, Split
from mlcore.errors import ClassifierError
from mlcore.feature_table import FeatureTable, TableWriter
from mlcore.logistic import FitSettings
from mlcore.spec import GenerationSpec

# A fit until it no longer gains, unlike the lab's default of one pass, on images as large as palms here are.
SETTINGS = FitSettings(C=0.1, lr=0.03, epochs=40, batch_size=128, input_size=128, hold=0.0)
CHUNK = 64
CLASSES = ["fake", "real"]
NORMAL_95 = 1.959964


def against(
    generator: str | Path,
    packed: Path,
    network: Backbone,
    settings: FitSettings = SETTINGS,
) -> dict[str, Any]:
    """One row: as many palms of the generator as there are real ones, for train and for test, told apart."""
    model = engine.load(generator)
    real = {part: PackedDataset.open(packed, split) for part, split in _PARTS}
    side = min(model.image_size, real["test"].size)
    counts = {part: len(palms) for part, palms in real.items()}
    if min(counts.values()) < 2:
        raise ClassifierError(f"{packed} has {counts} palms; both parts need two or more.")
    with tempfile.TemporaryDirectory(prefix="versus-") as folder:
        path = Path(folder) / "features.npy"
        writer = TableWriter(path, 2 * sum(counts.values()))
        try:
            for number, (part, palms) in enumerate(real.items()):
                spec = GenerationSpec(count=counts[part], seed=settings.seed + number)
                made = (image.pixels for image in engine.generate(spec, model))
                for pictures in (_each(palms), made):
                    for chunk in _chunks(pictures):
                        squares = [images.resize(picture, side) for picture in chunk]
                        writer.append(network.embed(squares, settings.input_size))
            writer.finish()
        finally:
            writer.close()
        return _row(path, counts, settings, network) | {
            "generator": Path(generator).stem,
            "generator_sha256": model.sha256,
            "side": side,
        }


_PARTS: tuple[tuple[str, Split], ...] = (("train", "train"), ("test", "validation"))


def _each(palms: PackedDataset) -> Iterator[images.Pixels]:
    for first in range(0, len(palms), CHUNK):
        yield from palms.images(list(range(first, min(first + CHUNK, len(palms)))))


def _chunks(pictures: Iterable[images.Pixels]) -> Iterator[list[images.Pixels]]:
    rest = iter(pictures)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _row(path: Path, counts: dict[str, int], settings: FitSettings, network: Backbone) -> dict[str, Any]:
    """Fit on the rows of train and judge on those of test; they stand as real, made, real, made."""
    train, test = counts["train"], counts["test"]
    is_real = np.repeat([1, 0, 1, 0], [train, train, test, test])
    labels = np.where(np.arange(len(is_real)) < 2 * train, is_real, -1)
    with FeatureTable(path) as table:
        model = classifier.fit_table(table, labels, CLASSES, settings, network)
        tested = np.flatnonzero(labels < 0)
        p_real = model.of_rows(table, tested)[:, 1]
    said = telling.report(is_real[tested].astype(bool), p_real)
    (real_found, real_missed), (made_missed, made_found) = said["confusion"]
    return {
        "trained": train,
        "tested": test,
        "accuracy": said["accuracy"],
        "accuracy_interval": wilson(real_found + made_found, 2 * test),
        "roc_auc": said["roc_auc"],
        "real_taken_for_made": round(real_missed / test, 4),
        "made_taken_for_real": round(made_missed / test, 4),
        "train_accuracy": round(model.report["accuracy"], 4),
        "backbone": network.name,
        "settings": asdict(settings),
    }


def wilson(hits: int, count: int) -> list[float]:
    """The 95 % interval of a share (Wilson 1927)."""
    share, square = hits / count, NORMAL_95**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = NORMAL_95 * math.sqrt(share * (1 - share) / count + square / (4 * count**2)) / (1 + square / count)
    return [round(middle - half, 4), round(middle + half, 4)]


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as a table in Markdown, the hardest to tell first."""
    lines = [
        "| generator | side | real and made palms, train + test | accuracy | 95 % | ROC-AUC "
        "| made taken for real | real taken for made |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in sorted(rows, key=lambda row: row["accuracy"]):
        low, high = row["accuracy_interval"]
        lines.append(
            f"| {row['generator']} | {row['side']} | {row['trained']:,} + {row['tested']:,} of each "
            f"| {row['accuracy']:.1%} | {low:.1%} to {high:.1%} | {row['roc_auc']:.3f} "
            f"| {row['made_taken_for_real']:.1%} | {row['real_taken_for_made']:.1%} |"
        )
    return "\n".join(lines) + "\n"
