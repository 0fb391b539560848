"""How good a detector is on photos with known boxes: average precision, mean overlap, false alarms.

Works on plain boxes, so that any detector can be measured; it loads none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Corners = tuple[float, float, float, float]  # left, top, right, bottom
MATCH = 0.5
RECALL_POINTS = np.linspace(0, 1, 101)


@dataclass(frozen=True)
class Found:
    """A box that a detector says is there."""

    name: str
    confidence: float
    corners: Corners


@dataclass(frozen=True)
class Judged:
    """One photo: what is there and what was found."""

    truth: Sequence[tuple[str, Corners]]
    found: Sequence[Found]


@dataclass(frozen=True)
class Quality:
    """Measures of one name over all photos."""

    ap50: float
    mean_iou: float
    recall: float
    n: int
    false_boxes: int
    ious: tuple[float, ...] = field(repr=False, default=())


def iou(one: Corners, other: Corners) -> float:
    """Common area over joint area."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    joint = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1]) - common
    return common / joint


def quality(photos: Sequence[Judged], name: str) -> Quality:
    """Average precision at IoU 0.5 as COCO counts it (Lin et al. 2014), and the overlap of what matched.

    The surest box takes the best free true box of its photo; each true box counts once.
    """
    hits: list[tuple[float, bool]] = []
    overlaps: list[float] = []
    total = 0
    for photo in photos:
        truth = [corners for known, corners in photo.truth if known == name]
        total += len(truth)
        free = list(range(len(truth)))
        for found in sorted(
            (box for box in photo.found if box.name == name), key=lambda box: -box.confidence
        ):
            best = max(free, key=lambda place: iou(found.corners, truth[place]), default=None)
            overlap = 0.0 if best is None else iou(found.corners, truth[best])
            hit = best is not None and overlap >= MATCH
            hits.append((found.confidence, hit))
            if best is not None and hit:
                free.remove(best)
                overlaps.append(overlap)
    return Quality(
        ap50=average_precision(hits, total),
        mean_iou=float(np.mean(overlaps)) if overlaps else 0.0,
        recall=len(overlaps) / total if total else 0.0,
        n=total,
        false_boxes=len(hits) - len(overlaps),
        ious=tuple(overlaps),
    )


def precision_recall(
    hits: Sequence[tuple[float, bool]], total: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Precision and recall as ever less sure boxes are counted."""
    ranked = sorted(hits, key=lambda pair: -pair[0])
    right = np.cumsum([hit for _, hit in ranked], dtype=np.float64)
    return right / np.arange(1, len(ranked) + 1), right / max(total, 1)


def average_precision(hits: Sequence[tuple[float, bool]], total: int) -> float:
    """Mean over 101 recalls of the best precision at that recall or more."""
    if not hits or not total:
        return 0.0
    precision, recall = precision_recall(hits, total)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, RECALL_POINTS - 1e-12)
    return float(np.mean([envelope[place] if place < len(envelope) else 0.0 for place in places]))


def false_alarm_rate(photos: Sequence[Judged], names: Sequence[str]) -> float | None:
    """Part of the photos without any true box in which something was found; None without such photos."""
    empty = [photo for photo in photos if not photo.truth]
    if not empty:
        return None
    return sum(any(box.name in names for box in photo.found) for photo in empty) / len(empty)
