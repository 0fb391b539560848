"""The door for the lab: fit a logistic regression on frozen features, use it, and look at a data set first.

It knows files and labels, no rows and no settings.
"""

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from mlcore import backbone, checkpoint, images
from mlcore.backbone import Backbone, FeatureCache, Features
from mlcore.errors import ClassifierError, ImageError, WrongKind
from mlcore.showing import activation_map, mosaic, overlay, preview
from mlcore.summary import Summary, summarise

__all__ = [
    "Backbone",
    "Classifier",
    "Epoch",
    "FeatureCache",
    "FitSettings",
    "Summary",
    "activation_map",
    "embed",
    "fit",
    "load",
    "mosaic",
    "overlay",
    "predict",
    "preview",
    "save",
    "summarise",
]

CHUNK = 64
ARCHITECTURE = "logistic-regression"
Probabilities = NDArray[np.float64]
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """C is the inverse strength of the penalty, as usual: larger trusts the data more."""

    C: float = 1.0
    lr: float = 0.05
    epochs: int = 60
    batch_size: int = 64
    input_size: int = 128
    hold: float = 0.2  # share of each class kept aside to judge on
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse numbers that cannot train."""
        limits: dict[str, tuple[float, float]] = {
            "C": (1e-6, 1e6),
            "lr": (1e-6, 10),
            "epochs": (1, 10_000),
            "batch_size": (1, 65_536),
            "input_size": (32, 512),
            "hold": (0, 0.9),
            "seed": (0, 2**31 - 1),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise ClassifierError(f"{name} is {value}; it must be from {low:g} to {high:g}.")


@dataclass(frozen=True)
class Epoch:
    """Losses and accuracies after one pass; the held ones are None when nothing is held aside."""

    epoch: int
    loss: float
    accuracy: float
    held_loss: float | None
    held_accuracy: float | None


@dataclass(frozen=True)
class Classifier:
    """A fitted model: classes, a line per class on standardised features, and how it came to be."""

    classes: list[str]
    weights: Features  # (classes, features)
    bias: Features
    mean: Features
    deviation: Features
    settings: FitSettings
    backbone: str
    backbone_sha256: str
    history: list[Epoch] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)

    def probabilities(self, vectors: Features) -> Probabilities:
        """(N, classes) from (N, features)."""
        logits = ((vectors - self.mean) / self.deviation) @ self.weights.T + self.bias
        shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
        raised = np.exp(shifted)
        return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float64)


def fit(
    samples: Sequence[tuple[Path, str]],
    settings: FitSettings,
    network: Backbone,
    cache: FeatureCache | None = None,
    on_progress: OnProgress | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Classifier:
    """Minimise the log-loss with Adam over minibatches; broken images are left out and listed in the report."""
    classes = sorted({label for _, label in samples})
    if len(classes) < 2:
        raise ClassifierError(f"A classifier needs two classes; the data has {len(classes)}.")
    vectors, broken = embed([path for path, _ in samples], settings.input_size, network, cache, on_progress)
    kept = [place for place, (path, _) in enumerate(samples) if path in vectors]
    x = np.stack([vectors[samples[place][0]] for place in kept]) if kept else np.zeros((0, 1), np.float32)
    y = np.array([classes.index(samples[place][1]) for place in kept], dtype=np.int64)
    for number, name in enumerate(classes):
        if (y == number).sum() < 2:
            raise ClassifierError(f"The class {name} has fewer than two readable images.")
    held = _held(y, settings)
    mean = x[~held].mean(axis=0)
    deviation = np.maximum(x[~held].std(axis=0), 1e-6)
    line, history = _descend((x - mean) / deviation, y, held, len(classes), settings, on_epoch, should_stop)
    fitted = Classifier(
        classes,
        line[0],
        line[1],
        mean.astype(np.float32),
        deviation.astype(np.float32),
        settings,
        network.name,
        network.sha256,
        history,
    )
    judged = held if held.any() else ~held
    guesses = fitted.probabilities(x[judged]).argmax(axis=1)
    confusion = np.zeros((len(classes), len(classes)), int)
    np.add.at(confusion, (y[judged], guesses), 1)
    fitted.report.update(
        accuracy=float((guesses == y[judged]).mean()),
        judged_on="held images" if held.any() else "the training images",
        confusion=confusion.tolist(),
        trained=int((~held).sum()),
        held=int(held.sum()),
        counts={name: int((y == number).sum()) for number, name in enumerate(classes)},
        broken={str(path): reason for path, reason in broken.items()},
    )
    return fitted


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
            f"This model was fitted on {model.backbone} features; {network.name} with these weights gives others."
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
    """Features of every readable image, from the cache where its bytes are known there; and what could not be
    read.
    """
    store = cache or FeatureCache()
    found: dict[Path, Features] = {}
    broken: dict[Path, str] = {}
    for at in range(0, len(paths), CHUNK):
        data = {path: path.read_bytes() for path in paths[at : at + CHUNK]}
        keys = {path: backbone.key_of(network, size, content) for path, content in data.items()}
        known = store.get(list(keys.values()))
        pictures: dict[str, images.Pixels] = {}
        for path, key in keys.items():
            if key in known or key in pictures:
                continue
            try:
                pictures[key] = images.decode(data[path])
            except ImageError as error:
                broken[path] = str(error)
        if pictures:
            vectors = network.embed(list(pictures.values()), size)
            fresh = dict(zip(pictures, vectors, strict=True))
            store.put(fresh)
            known |= fresh
        found.update({path: known[key] for path, key in keys.items() if key in known})
        if on_progress is not None:
            on_progress(min(at + CHUNK, len(paths)), len(paths))
    return found, broken


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
            classes,
            **arrays,
            settings=FitSettings(**notes["settings"]),
            backbone=str(notes["backbone"]),
            backbone_sha256=str(notes["backbone_sha256"]),
            history=[Epoch(**epoch) for epoch in notes["history"]],
            report=dict(loaded.header.metrics),
        )
    except (KeyError, TypeError) as error:
        raise ClassifierError(f"{path} is no classifier that can be read: {error}.") from error


def _held(y: NDArray[np.int64], settings: FitSettings) -> NDArray[np.bool_]:
    """Which images are kept aside: the same share of each class, drawn by the seed; each class keeps one to
    learn.
    """
    source = np.random.RandomState(settings.seed)
    held = np.zeros(len(y), bool)
    for number in np.unique(y):
        places = source.permutation(np.flatnonzero(y == number))
        held[places[: min(math.floor(len(places) * settings.hold), len(places) - 1)]] = True
    return held


def _descend(
    x: Features,
    y: NDArray[np.int64],
    held: NDArray[np.bool_],
    classes: int,
    settings: FitSettings,
    on_epoch: Callable[[Epoch], None] | None,
    should_stop: Callable[[], bool] | None,
) -> tuple[tuple[Features, Features], list[Epoch]]:
    """Adam on mean log-loss + |w|^2 / (2 C n), the objective of the usual logistic regression divided by C n."""
    inputs, targets = torch.from_numpy(x[~held]).float(), torch.from_numpy(y[~held])
    held_inputs, held_targets = torch.from_numpy(x[held]).float(), torch.from_numpy(y[held])
    weights = torch.zeros(classes, x.shape[1], requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    optimiser = torch.optim.Adam([weights, bias], settings.lr)
    shuffle = torch.Generator().manual_seed(settings.seed)
    history: list[Epoch] = []
    for number in range(1, settings.epochs + 1):
        order = torch.randperm(len(inputs), generator=shuffle)
        for at in range(0, len(inputs), settings.batch_size):
            places = order[at : at + settings.batch_size]
            loss = functional.cross_entropy(inputs[places] @ weights.T + bias, targets[places])
            loss = loss + weights.square().sum() / (2 * settings.C * len(inputs))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        with torch.no_grad():
            loss_now, right = _judge(inputs @ weights.T + bias, targets)
            held_loss, held_right = (
                _judge(held_inputs @ weights.T + bias, held_targets) if len(held_inputs) else (None, None)
            )
        history.append(Epoch(number, loss_now, right, held_loss, held_right))
        if not math.isfinite(loss_now):
            raise ClassifierError(
                f"The loss is no longer a number after epoch {number}; lower lr ({settings.lr})."
            )
        if on_epoch is not None:
            on_epoch(history[-1])
        if should_stop is not None and should_stop():
            break
    return (weights.detach().numpy(), bias.detach().numpy()), history


def _judge(logits: torch.Tensor, targets: torch.Tensor) -> tuple[float, float]:
    loss = float(functional.cross_entropy(logits, targets))
    return round(loss, 6), round(float((logits.argmax(dim=1) == targets).float().mean()), 6)


def history_csv(model: Classifier) -> str:
    """The losses by epoch."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(list(asdict(model.history[0])) if model.history else ["epoch"])
    writer.writerows(list(asdict(epoch).values()) for epoch in model.history)
    return text.getvalue()
