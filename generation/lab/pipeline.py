"""The work of the lab's jobs on models: fit them, ask them. Worker only; knows no rows and no jobs.

mlcore.classifier is the door to everything that learns. Data sets come to be in `reading`.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from generation.lab import storage
from generation.lab.reading import Tell, refusal
from mlcore import backbone, classifier, images, telling
from mlcore.errors import ImageError

CLASSES = ["fake", "real"]
Network = classifier.Backbone


@lru_cache(maxsize=2)
def network(weights: Path | None) -> Network:
    """The frozen network; a worker keeps it from job to job."""
    return backbone.load(weights)


@dataclass(frozen=True)
class Fitted:
    """A model and what is said of it."""

    model: classifier.Classifier
    report: dict[str, Any]
    history: list[dict[str, Any]]


def features_name(eye: Network, size: int) -> str:
    """The file of a data set's features: they depend on the network and on the size of what it sees."""
    return f"features-{eye.sha256[:16]}-{size}.npy"


def features_bytes(eye: Network, images: int) -> int:
    """What features of so many images take."""
    return classifier.bytes_of(images, eye.width)


def fit(
    folder: Path,
    table: Path,
    wish: dict[str, Any],
    eye: Network,
    tell: Tell,
    on_epoch: Callable[[dict[str, Any]], None],
) -> Fitted:
    """Fit on train and judge on test; features are computed first, where `table` does not hold them yet."""
    settings = classifier.FitSettings(
        C=wish["C"],
        lr=wish["lr"],
        epochs=wish["num_epochs"],
        batch_size=wish["batch_size"],
        input_size=wish["input_size"],
        seed=wish["seed"],
        hold=0,
    )
    parts = [(one.split, one.label) for one in storage.read_index(folder)]
    is_train = np.array([split == "train" for split, _ in parts])
    is_real = np.array([label == "real" for _, label in parts])
    started = time.monotonic()
    if not classifier.is_whole(table, len(parts)):
        paths = (folder / one.file for one in storage.read_index(folder))
        classifier.tabulate(table, paths, len(parts), settings.input_size, eye, on_progress=tell)
    features_at = time.monotonic()
    with classifier.FeatureTable(table) as rows:
        labels = np.where(is_train, is_real.astype(np.int64), -1)
        model = classifier.fit_table(
            rows,
            labels,
            CLASSES,
            settings,
            eye,
            lambda epoch: on_epoch({"epoch": epoch.epoch, "loss": epoch.loss}),
        )
        tested = np.flatnonzero(~is_train & rows.readable())
        p_real = model.of_rows(rows, tested)[:, CLASSES.index("real")]
    report = telling.report(is_real[tested], p_real) | {
        "backbone": backbone_word(eye),
        "trained": model.report["trained"],
        "train_accuracy": model.report["accuracy"],
        "feature_seconds": round(features_at - started, 2),
        "fit_seconds": round(time.monotonic() - features_at, 2),
    }
    history = [{"epoch": epoch.epoch, "loss": epoch.loss} for epoch in model.history]
    return Fitted(model, report, history)


def backbone_word(eye: Network) -> str:
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
    eye: Network,
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


def judge(model_path: Path, weights: Path | None) -> Callable[[Sequence[Path]], list[float]]:
    """A model that says of image files how probably each is real; a file it cannot read is ImageError."""
    model = classifier.load(model_path)
    eye = network(weights if model.backbone == backbone.RESNET18 else None)

    def probe(paths: Sequence[Path]) -> list[float]:
        said, broken = classifier.predict(model, paths, eye)
        if broken:
            raise ImageError(next(iter(broken.values())))
        return [said[path]["real"] for path in paths]

    return probe


def write_model(path: Path, model: classifier.Classifier) -> str:
    """Keep a model; returns its sha256."""
    return classifier.save(path, model)
