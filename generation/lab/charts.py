"""The lab's charts as numbers for SVG: points, ticks and labels. Draws nothing itself; the templates do.

All charts live in one box, so that templates know where axes stand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from generation.lab.models import LABELS, SPLITS, Fit

WIDTH, HEIGHT = 360, 260
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 32
MOST_LINES = 6


@dataclass(frozen=True)
class Line:
    """One line with its name and the class of its look."""

    label: str
    points: str
    look: str


@dataclass(frozen=True)
class Tick:
    """A place on an axis and what stands there."""

    at: float
    label: str


@dataclass(frozen=True)
class Chart:
    """Lines in a box with ticks, the words of both axes, and the table behind it."""

    title: str
    lines: list[Line]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    x_word: str
    y_word: str
    reference: str
    head: list[str]
    rows: list[list[str]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def _x(share: float) -> float:
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _y(share: float) -> float:
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def _points(pairs: Sequence[Sequence[float]]) -> str:
    return " ".join(f"{_x(x)},{_y(y)}" for x, y in pairs)


_SHARES = (0.0, 0.5, 1.0)
_DIAGONAL = _points([(0, 0), (1, 1)])


def _share_ticks() -> tuple[list[Tick], list[Tick]]:
    return (
        [Tick(_x(share), f"{share:g}") for share in _SHARES],
        [Tick(_y(share), f"{share:g}") for share in _SHARES],
    )


def roc(fits: Sequence[Fit]) -> Chart | None:
    """ROC curves over each other; the dashed diagonal is guessing."""
    shown = [fit for fit in fits if fit.report.get("roc")][:MOST_LINES]
    if not shown:
        return None
    x_ticks, y_ticks = _share_ticks()
    lines = [
        Line(f"{fit.name} {fit.report['roc_auc']:.3f}", _points(fit.report["roc"]), f"line line--{place}")
        for place, fit in enumerate(shown, start=1)
    ]
    return Chart(
        title=_("ROC curves"),
        lines=lines,
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        x_word=_("made, taken for real"),
        y_word=_("real, found"),
        reference=_DIAGONAL,
        head=[_("Model"), _("ROC-AUC"), _("Accuracy")],
        rows=[[fit.name, f"{fit.report['roc_auc']:.4f}", f"{fit.accuracy:.4f}"] for fit in shown],
    )


def loss(fit: Fit) -> Chart | None:
    """The loss as it went, over the epochs; one epoch of much data shows its way too."""
    if not fit.history:
        return None
    losses = [float(row["loss"]) for row in fit.history]
    top, last = max(*losses, 1e-9), float(fit.history[-1]["epoch"])
    pairs = [(row["epoch"] / last, row["loss"] / top) for row in fit.history]
    if len(pairs) == 1:
        pairs = [(0.0, pairs[0][1]), *pairs]
    return Chart(
        title=_("Loss"),
        lines=[Line(f"{losses[-1]:.4f}", _points(pairs), "line")],
        x_ticks=[Tick(_x(0), "0"), Tick(_x(1), f"{last:g}")],
        y_ticks=[Tick(_y(0), "0"), Tick(_y(1), f"{top:.3g}")],
        x_word=_("epoch"),
        y_word=_("log-loss"),
        reference="",
        head=[_("Epoch"), _("Loss")],
        rows=[[f"{row['epoch']:g}", f"{row['loss']:.4f}"] for row in fit.history],
    )


def calibration(fit: Fit) -> Chart | None:
    """What was said against what was so; on the diagonal a probability means what it says."""
    bins = fit.report.get("calibration")
    if not bins:
        return None
    x_ticks, y_ticks = _share_ticks()
    pairs = [(row["p"], row["real"]) for row in bins]
    return Chart(
        title=_("Calibration"),
        lines=[Line(fit.name, _points(pairs), "line")],
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        x_word=_("said probability of real"),
        y_word=_("share that is real"),
        reference=_DIAGONAL,
        head=[_("Said"), _("Real"), _("Images")],
        rows=[[f"{row['p']:.3f}", f"{row['real']:.3f}", str(row["n"])] for row in bins],
    )


@dataclass(frozen=True)
class Bar:
    """One bar from the left: a label, a length of at most 1000, a number, the class of its look."""

    label: str
    length: int
    value: int
    look: str


def counts(eda: dict[str, Any]) -> list[Bar]:
    """How many images each part has."""
    numbers = [(split, label, eda[split][f"{label}_cnt"]) for split in SPLITS for label in LABELS]
    most = max(value for _split, _label, value in numbers) or 1
    return [
        Bar(f"{split}/{label}", round(1000 * value / most), value, f"bar bar--{label}")
        for split, label, value in numbers
    ]


@dataclass(frozen=True)
class Whisker:
    """One colour of one split on a scale of 0 to 1000: mean, and mean less and plus the deviation."""

    label: str
    look: str
    low: int
    mean: int
    high: int
    words: str


def colours(eda: dict[str, Any]) -> list[Whisker]:
    """Mean and deviation of the three colours in both splits."""
    words = {"red": _("red"), "green": _("green"), "blue": _("blue")}
    found = []
    for colour, word in words.items():
        for split in SPLITS:
            mean, std = eda[split][f"mean_{colour}"], eda[split][f"std_{colour}"]
            found.append(
                Whisker(
                    f"{word}, {split}",
                    f"whisker whisker--{colour}",
                    round(1000 * max(mean - std, 0)),
                    round(1000 * mean),
                    round(1000 * min(mean + std, 1)),
                    f"{mean:.3f} ± {std:.3f}",
                )
            )
    return found
