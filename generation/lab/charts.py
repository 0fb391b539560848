"""The lab's charts as numbers for SVG, and numbers as their reader writes them. Draws nothing itself; the templates do.

All charts live in one box, so that templates know where axes stand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from generation.lab.models import LABELS, SPLITS, Fit
from generation.sets import figures

WIDTH, HEIGHT = 360, 272
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 24, 32
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
    """Lines in a box with ticks, the words of both axes, the table behind it, and what else must be known of it."""

    title: str
    lines: list[Line]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    x_word: str
    y_word: str
    reference: str
    head: list[str]
    rows: list[list[str]]
    note: str = ""
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
    labels = [figures.rounded(share, 1) if share % 1 else str(int(share)) for share in _SHARES]
    return (
        [Tick(_x(share), label) for share, label in zip(_SHARES, labels, strict=True)],
        [Tick(_y(share), label) for share, label in zip(_SHARES, labels, strict=True)],
    )


def roc(fits: Sequence[Fit]) -> Chart | None:
    """ROC curves over each other, each with the data whose test images it stands on: only those of the same data can
    be compared. The dashed diagonal is guessing.
    """
    judged = [fit for fit in fits if fit.report.get("roc")]
    shown = judged[:MOST_LINES]
    if not shown:
        return None
    x_ticks, y_ticks = _share_ticks()
    lines = [
        Line(
            f"{fit.name} ({fit.dataset_name}) {figures.rounded(fit.report['roc_auc'], 3)}",
            _points(fit.report["roc"]),
            f"line line--{place}",
        )
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
        head=[_("Model"), _("Data set"), _("ROC-AUC"), _("Accuracy")],
        rows=[
            [
                fit.name,
                fit.dataset_name,
                figures.rounded(fit.report["roc_auc"], 4),
                figures.rounded(fit.report["accuracy"], 4),
            ]
            for fit in shown
        ],
        note=_not_all_words() if len(judged) > MOST_LINES else "",
    )


def _not_all_words() -> str:
    return _("The %(most)s latest models are drawn.") % {"most": MOST_LINES}


def loss(fit: Fit) -> Chart | None:
    """The loss as it went, over the epochs; one epoch of much data shows its way too.

    An entry tells of the time since the one before it and stands in the middle of that time; the last one, of the
    finished model, has no such time and stands at the end.
    """
    if not fit.history:
        return None
    losses = [float(row["loss"]) for row in fit.history]
    top, last = max(*losses, 1e-9), float(fit.history[-1]["epoch"])
    begins = [0.0, *(float(row["epoch"]) for row in fit.history)]
    pairs = [
        ((begin + row["epoch"]) / 2 / last, row["loss"] / top)
        for begin, row in zip(begins, fit.history, strict=False)
    ]
    if len(pairs) == 1:
        pairs = [(0.0, pairs[0][1]), (1.0, pairs[0][1])]
    return Chart(
        title=_("Loss"),
        lines=[Line(figures.rounded(losses[-1], 4), _points(pairs), "line")],
        x_ticks=[Tick(_x(0), "0"), Tick(_x(1), number_format(f"{last:g}"))],
        y_ticks=[Tick(_y(0), "0"), Tick(_y(1), figures.rounded(top, 3))],
        x_word=_("epoch"),
        y_word=_("log-loss"),
        reference="",
        head=[_("Epoch"), _("Loss")],
        rows=[[number_format(f"{row['epoch']:g}"), figures.rounded(row["loss"], 4)] for row in fit.history],
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
        rows=[
            [figures.rounded(row["p"], 3), figures.rounded(row["real"], 3), written(row["n"])] for row in bins
        ],
    )


@dataclass(frozen=True)
class Bar:
    """One bar from the left: a label, a length of at most 1000, its number in words, the class of its look."""

    label: str
    length: int
    words: str
    look: str


def counts(eda: dict[str, Any]) -> list[Bar]:
    """How many images each part has."""
    numbers = [(split, label, eda[split][f"{label}_cnt"]) for split in SPLITS for label in LABELS]
    most = max(value for _split, _label, value in numbers) or 1
    return [
        Bar(f"{split}/{label}", round(1000 * value / most), written(value), f"bar bar--{label}")
        for split, label, value in numbers
    ]


UNEQUAL = 2 / 3  # of the test images: from here the larger kind alone makes an accuracy look good


@dataclass(frozen=True)
class Larger:
    """The kind that most test images are of, and the accuracy that always naming it reaches."""

    label: str
    accuracy: str


def unequal(eda: dict[str, Any]) -> Larger | None:
    """What makes accuracies of models on this data look better than they are; None where the kinds are about equal."""
    found = {label: eda["test"][f"{label}_cnt"] for label in LABELS}
    larger = max(LABELS, key=lambda label: found[label])
    share = found[larger] / max(sum(found.values()), 1)
    return Larger(larger, figures.rounded(share, 4)) if share >= UNEQUAL else None


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
                    f"{figures.rounded(mean, 3)} ± {figures.rounded(std, 3)}",
                )
            )
    return found


def written(value: float) -> str:
    """A number of the look at the data: whole, or with the four decimals that it was rounded to."""
    return number_format(f"{value:.4f}" if isinstance(value, float) else value, force_grouping=True)


def numbers(eda: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Every number of both splits under its name in the API."""
    return [(key, written(value), written(eda["test"][key])) for key, value in eda["train"].items()]
