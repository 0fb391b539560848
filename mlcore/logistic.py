"""Logistic regression on rows that lie on the disk: Adam over minibatches, one pass of the table an epoch.

It knows rows and numbers of classes; images, labels in words and files of models are the classifier's.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from mlcore.errors import ClassifierError
from mlcore.feature_table import Features, FeatureTable, Places

CURVE_POINTS = 20  # of a fit at least, where it has so many steps: one pass over much data also shows its way
Labels = NDArray[np.int64]


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
    """How it goes since the last entry: each batch judged just before it was learned from. The last entry of a fit
    is the finished line on all that it learned from, so it stands at the same epoch as the entry before it.

    `epoch` counts passes and is broken inside of one. The held numbers are None when nothing is held aside, and
    inside of a pass.
    """

    epoch: float
    loss: float
    accuracy: float
    held_loss: float | None
    held_accuracy: float | None


@dataclass(frozen=True)
class Line:
    """A line per class on standardised features: probabilities are the softmax of what they say."""

    weights: Features  # (classes, features)
    bias: Features
    mean: Features
    deviation: Features

    def probabilities(self, vectors: Features) -> NDArray[np.float64]:
        """(N, classes) from (N, features)."""
        logits = ((vectors - self.mean) / self.deviation) @ self.weights.T + self.bias
        shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
        raised = np.exp(shifted)
        return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float64)

    def of_rows(self, table: FeatureTable, places: Places) -> NDArray[np.float64]:
        """(len(places), classes) of rows of a table."""
        found = np.zeros((len(places), len(self.bias)))
        for part, rows in table.blocks(places):
            found[part] = self.probabilities(rows)
        return found


OnEpoch = Callable[[Epoch], None]


def moments(table: FeatureTable, places: Places) -> tuple[Features, Features]:
    """Mean and deviation of each feature over some rows."""
    sums = np.zeros((2, table.width))
    for _, rows in table.blocks(places):
        wide = rows.astype(np.float64)
        sums += wide.sum(axis=0), (wide**2).sum(axis=0)
    mean, square = sums / len(places)
    deviation = np.maximum(np.sqrt(np.maximum(square - mean**2, 0)), 1e-6)
    return mean.astype(np.float32), deviation.astype(np.float32)


def held_aside(labels: Labels, settings: FitSettings) -> NDArray[np.bool_]:
    """Which rows are kept aside: the same share of each class, drawn by the seed; each class keeps one to learn."""
    source = np.random.RandomState(settings.seed)
    held = np.zeros(len(labels), bool)
    for number in np.unique(labels[labels >= 0]):
        places = source.permutation(np.flatnonzero(labels == number))
        held[places[: min(math.floor(len(places) * settings.hold), len(places) - 1)]] = True
    return held


def descend(
    table: FeatureTable,
    labels: Labels,
    train: Places,
    held: Places,
    settings: FitSettings,
    on_epoch: OnEpoch | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> tuple[Line, list[Epoch]]:
    """Adam on mean log-loss + |w|^2 / (2 C n), the objective of the usual logistic regression divided by C n.

    Of few images there are few steps, each judged before it was learned from: only the last entry of the history
    knows what the last step brought.
    """
    line, history = _walk(table, labels, train, held, settings, on_epoch, should_stop)
    loss, accuracy = _judge(line, table, labels, train)
    history.append(replace(history[-1], loss=loss, accuracy=accuracy))
    if on_epoch is not None:
        on_epoch(history[-1])
    return line, history


def _walk(
    table: FeatureTable,
    labels: Labels,
    train: Places,
    held: Places,
    settings: FitSettings,
    on_epoch: OnEpoch | None,
    should_stop: Callable[[], bool] | None,
) -> tuple[Line, list[Epoch]]:
    """The steps, and how they went."""
    mean, deviation = moments(table, train)
    classes = int(labels.max()) + 1
    weights = torch.zeros(classes, table.width, requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    optimiser = torch.optim.Adam([weights, bias], settings.lr)
    shuffle = torch.Generator().manual_seed(settings.seed)
    steps = -(-len(train) // settings.batch_size)
    shown = _shown_after(steps, settings.epochs)
    history: list[Epoch] = []
    line = Line(weights.detach().numpy(), bias.detach().numpy(), mean, deviation)
    for number in range(settings.epochs):
        order = train[torch.randperm(len(train), generator=shuffle).numpy()]
        seen, lost, right = 0, 0.0, 0
        for step in range(steps):
            places = order[step * settings.batch_size : (step + 1) * settings.batch_size]
            inputs = torch.from_numpy((table.take(places) - mean) / deviation)
            targets = torch.from_numpy(labels[places])
            logits = inputs @ weights.T + bias
            loss = functional.cross_entropy(logits, targets)
            optimiser.zero_grad()
            (loss + weights.square().sum() / (2 * settings.C * len(train))).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            seen += len(places)
            lost += loss.item() * len(places)
            right += int((logits.argmax(dim=1) == targets).sum())
            if step + 1 not in shown:
                continue
            if not math.isfinite(lost):
                raise ClassifierError(
                    f"The loss is no longer a number in epoch {number + 1}; lower lr ({settings.lr})."
                )
            ends = step + 1 == steps
            judged = _judge(line, table, labels, held) if ends and len(held) else (None, None)
            passed = number + 1 if ends else round(number + (step + 1) / steps, 3)
            history.append(Epoch(passed, round(lost / seen, 6), round(right / seen, 6), *judged))
            seen, lost, right = 0, 0.0, 0
            if on_epoch is not None:
                on_epoch(history[-1])
            if should_stop is not None and should_stop():
                return line, history
    return line, history


def _shown_after(steps: int, epochs: int) -> set[int]:
    """The steps of a pass after which to say how it goes; the last one always is among them."""
    points = min(steps, -(-CURVE_POINTS // epochs))
    return {-(-steps * point // points) for point in range(1, points + 1)}


def _judge(line: Line, table: FeatureTable, labels: Labels, places: Places) -> tuple[float, float]:
    """Log-loss and accuracy of these rows as the line is now."""
    chances = line.of_rows(table, places)
    own = np.take_along_axis(chances, labels[places][:, None], axis=1)
    loss = float(-np.log(np.maximum(own, 1e-300)).mean())
    return round(loss, 6), round(float((chances.argmax(axis=1) == labels[places]).mean()), 6)
