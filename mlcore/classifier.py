"""The door for the lab: fit a logistic regression on frozen features, use it, and look at a data set first.

It knows files and labels, no rows and no settings.
"""

import csv
import hashlib
import io
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mlcore import checkpoint, images, logistic
from mlcore.backbone import Backbone, Features
from mlcore.errors import ClassifierError, ImageError, WrongKind
from mlcore.feature_cache import FeatureCache
from mlcore.feature_table import FeatureTable, TableWriter, bytes_of, is_whole
from mlcore.logistic import Epoch, FitSettings, Labels, Line, OnEpoch
from mlcore.showing import activation_map, mosaic, overlay, preview
from mlcore.summary import Summary, Survey, summarise, survey

__all__ = [
    "Backbone",
    "Classifier",
    "Epoch",
    "FeatureTable",
    "FitSettings",
    "Summary",
    "Survey",
    "activation_map",
    "bytes_of",
    "embed",
    "fit",
    "fit_table",
    "is_whole",
    "load",
    "mosaic",
    "overlay",
    "predict",
    "preview",
    "save",
    "summarise",
    "survey",
    "tabulate",
]

CHUNK = 64
ARCHITECTURE = "logistic-regression"
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Classifier(Line):
    """A fitted model: its lines, the classes they stand for, and how it came to be."""

    classes: list[str]
    settings: FitSettings
    backbone: str
    backbone_sha256: str
    history: list[Epoch] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)


def fit(
    samples: Sequence[tuple[Path, str]],
    settings: FitSettings,
    network: Backbone,
    cache: FeatureCache | None = None,
    on_progress: OnProgress | None = None,
    on_epoch: OnEpoch | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Classifier:
    """Fit on files; broken images are left out and listed in the report."""
    classes = sorted({label for _, label in samples})
    if len(classes) < 2:
        raise ClassifierError(f"A classifier needs two classes; the data has {len(classes)}.")
    labels = np.array([classes.index(label) for _, label in samples], np.int64)
    with tempfile.TemporaryDirectory(prefix="features-") as folder:
        path = Path(folder) / "features.npy"
        paths = (path for path, _ in samples)
        broken = tabulate(path, paths, len(samples), settings.input_size, network, cache, on_progress)
        with FeatureTable(path) as table:
            model = fit_table(table, labels, classes, settings, network, on_epoch, should_stop)
    model.report["broken"] = {str(path): reason for path, reason in broken.items()}
    return model


def fit_table(
    table: FeatureTable,
    labels: Labels,
    classes: list[str],
    settings: FitSettings,
    network: Backbone,
    on_epoch: OnEpoch | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Classifier:
    """Fit on a table of features; rows whose label is -1 are left aside, and so are images that were broken."""
    labels = np.where(table.readable(), labels, -1)
    for number, name in enumerate(classes):
        if (labels == number).sum() < 2:
            raise ClassifierError(f"The class {name} has fewer than two readable images.")
    is_held = logistic.held_aside(labels, settings)
    train, held = np.flatnonzero((labels >= 0) & ~is_held), np.flatnonzero(is_held)
    line, history = logistic.descend(table, labels, train, held, settings, on_epoch, should_stop)
    judged = held if len(held) else train
    guesses = line.of_rows(table, judged).argmax(axis=1)
    confusion = np.zeros((len(classes), len(classes)), int)
    np.add.at(confusion, (labels[judged], guesses), 1)
    report = {
        "accuracy": float((guesses == labels[judged]).mean()),
        "judged_on": "held images" if len(held) else "the training images",
        "confusion": confusion.tolist(),
        "trained": len(train),
        "held": len(held),
        "counts": {name: int((labels == number).sum()) for number, name in enumerate(classes)},
    }
    return Classifier(
        line.weights,
        line.bias,
        line.mean,
        line.deviation,
        classes,
        settings,
        network.name,
        network.sha256,
        history,
        report,
    )


def predict(
    model: Classifier,
    paths: Sequence[Path],
    network: Backbone,
    cache: FeatureCache | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[dict[Path, dict[str, float]], dict[Path, str]]:
    """Probabilities by class for each readable image, and the reasons of the others."""
    if network.sha256 != model.backbone_sha256:
        raise ClassifierError(
            f"This model was fitted on features of {model.backbone}, and {network.name} with these weights gives "
            "others: give the weights it was fitted with."
        )
    vectors, broken = embed(paths, model.settings.input_size, network, cache, on_progress)
    found: dict[Path, dict[str, float]] = {}
    for path, vector in vectors.items():
        chances = model.probabilities(vector[None])[0]
        found[path] = {name: round(float(p), 6) for name, p in zip(model.classes, chances, strict=True)}
    return found, broken


def embed(
    paths: Sequence[Path],
    size: int,
    network: Backbone,
    cache: FeatureCache | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[dict[Path, Features], dict[Path, str]]:
    """Features of some readable images, and what could not be read."""
    found: dict[Path, Features] = {}
    broken: dict[Path, str] = {}
    for at in range(0, len(paths), CHUNK):
        vectors, reasons = _vectors(paths[at : at + CHUNK], size, network, cache)
        found |= vectors
        broken |= reasons
        if on_progress is not None:
            on_progress(min(at + CHUNK, len(paths)), len(paths))
    return found, broken


def tabulate(
    table: Path,
    paths: Iterable[Path],
    rows: int,
    size: int,
    network: Backbone,
    cache: FeatureCache | None = None,
    on_progress: OnProgress | None = None,
) -> dict[Path, str]:
    """Write the features of many images into a table, row by row, going on where an earlier call ended; and what
    could not be read.
    """
    broken: dict[Path, str] = {}
    writer = TableWriter(table, rows)
    try:
        rest = islice(paths, writer.done, None)
        while chunk := list(islice(rest, CHUNK)):
            vectors, reasons = _vectors(chunk, size, network, cache)
            broken |= reasons
            nothing = np.full(network.width, np.nan, np.float32)
            writer.append(np.stack([vectors.get(path, nothing) for path in chunk]))
            if on_progress is not None:
                on_progress(writer.done, rows)
        writer.finish()
    finally:
        writer.close()
    return broken


def _vectors(
    paths: Sequence[Path], size: int, network: Backbone, cache: FeatureCache | None
) -> tuple[dict[Path, Features], dict[Path, str]]:
    """Features of a chunk of images, from the cache where their bytes are known there."""
    broken: dict[Path, str] = {}
    data = {path: path.read_bytes() for path in paths}
    keys = {path: hashlib.sha256(content).hexdigest() for path, content in data.items()}
    known = cache.get(network.key(size), list(keys.values()), network.width) if cache is not None else {}
    pictures: dict[str, images.Pixels] = {}
    for path, key in keys.items():
        if key in known or key in pictures:
            continue
        try:
            pictures[key] = images.decode(data[path])
        except ImageError as error:
            broken[path] = str(error)
    if pictures:
        fresh = dict(zip(pictures, network.embed(list(pictures.values()), size), strict=True))
        if cache is not None:
            cache.put(network.key(size), fresh)
        known |= fresh
    return {path: known[key] for path, key in keys.items() if key in known}, broken


def save(path: Path, model: Classifier) -> str:
    """Write the model as a checkpoint of its own kind; returns the sha256."""
    arrays = {"weights": model.weights, "bias": model.bias, "mean": model.mean, "deviation": model.deviation}
    header = checkpoint.Header(
        kind="classifier",
        architecture=ARCHITECTURE,
        recipe="log-loss",
        step=model.settings.epochs,
        metrics={key: value for key, value in model.report.items() if key != "broken"},
        notes={
            "classes": model.classes,
            "settings": asdict(model.settings),
            "backbone": model.backbone,
            "backbone_sha256": model.backbone_sha256,
            "history": [asdict(epoch) for epoch in model.history],
        },
    )
    state = {
        name: torch.from_numpy(np.ascontiguousarray(array, np.float32)) for name, array in arrays.items()
    }
    return checkpoint.save(path, state, header)


def load(path: Path) -> Classifier:
    """Read what `save` wrote."""
    loaded = checkpoint.load(path)
    if loaded.header.kind != "classifier":
        raise WrongKind(f"{path} is a {loaded.header.kind}, not a classifier.")
    notes = loaded.header.notes
    try:
        arrays = {name: loaded.state[name].numpy() for name in ("weights", "bias", "mean", "deviation")}
        classes = [str(name) for name in notes["classes"]]
        shape = arrays["weights"].shape
        sizes = (arrays["bias"].shape, arrays["mean"].shape, arrays["deviation"].shape)
        if sizes != ((len(classes),), shape[1:], shape[1:]) or shape[0] != len(classes):
            raise ClassifierError(f"The shapes in {path} do not fit together.")
        return Classifier(
            **arrays,
            classes=classes,
            settings=FitSettings(**notes["settings"]),
            backbone=str(notes["backbone"]),
            backbone_sha256=str(notes["backbone_sha256"]),
            history=[Epoch(**epoch) for epoch in notes["history"]],
            report=dict(loaded.header.metrics),
        )
    except (KeyError, TypeError) as error:
        raise ClassifierError(f"{path} is no classifier that can be read: {error}.") from error


def history_csv(model: Classifier) -> str:
    """The losses by epoch."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(list(asdict(model.history[0])) if model.history else ["epoch"])
    writer.writerows(list(asdict(epoch).values()) for epoch in model.history)
    return text.getvalue()
