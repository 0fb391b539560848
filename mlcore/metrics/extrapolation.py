"""Frechet distance at infinitely many images (Chong and Forsyth 2020, arXiv:1911.07023).

The distance of a finite sample is too large by about c / N. Measured at several N and fitted by a line in
1 / N, its value at 1 / N = 0 is comparable between sets of different sizes. Its interval is what leaving out a tenth
of the set, of each of the parts that the line goes through, does to that value (`jackknife.py`), and how far the
points bend: where there are few images for the features, they lie on no line, and by far the most of the error is that.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.metrics.features import checked_pair
from mlcore.metrics.jackknife import GROUPS, Interval, reach_of
from mlcore.metrics.moments import Moments
from mlcore.metrics.parts import PartDistances

MINIMUM = 300  # simulated: with 100 images the line misses the true distance every time
POINTS = 8
SMALLEST_SHARE = 0.25


@dataclass(frozen=True)
class Extrapolated:
    """The value at infinite N, its 95 % interval, and the points that the line was fitted to."""

    value: float
    interval: Interval
    points: tuple[tuple[int, float], ...]


def extrapolated_distance(
    features: NDArray[np.floating], reference: NDArray[np.floating] | Moments, *, seed: int = 0
) -> Extrapolated:
    """Take the set's own bias by N out of its Frechet distance; the reference's share of it stays.

    An intercept below zero means that the set is closer than the points can tell; it is reported as it is.
    """
    known = reference if isinstance(reference, Moments) else None
    other = np.zeros((2, features.shape[1])) if known else np.asarray(reference)
    rows, other = checked_pair(features, other, minimum=2 if known else MINIMUM)
    rows, _ = checked_pair(features, np.zeros((MINIMUM, features.shape[1])), minimum=MINIMUM)
    parts = PartDistances(rows, known or Moments.of(other))
    random = np.random.default_rng(seed)
    # Evenly spaced in 1 / N, so that no end of the line weighs more than the other.
    inverse = np.linspace(1 / len(rows), 1 / (SMALLEST_SHARE * len(rows)), POINTS)
    counts = np.unique(np.round(1 / inverse).astype(int))[::-1]
    order = random.permutation(len(rows))
    points = [(int(count), parts.of(order[:count])) for count in counts]
    value = _at_infinity(points)
    # By turns along the order, so that a tenth is a tenth of each part too.
    tenth = np.arange(len(rows)) % GROUPS
    without = []
    for number in range(GROUPS):
        kept = [order[:count][tenth[:count] != number] for count in counts]
        without.append(_at_infinity([(len(part), parts.of(part)) for part in kept]))
    half = len(points) // 2
    bend = abs(_at_infinity(points[:half]) - _at_infinity(points[half:]))
    reach = reach_of(np.array(without)) + bend
    return Extrapolated(value, (value - reach, value + reach), tuple(points))


def _at_infinity(points: list[tuple[int, float]]) -> float:
    """Where a line in 1 / N through the points meets 1 / N = 0."""
    design = np.array([[1.0, 1.0 / count] for count, _ in points])
    solution, _, _, _ = np.linalg.lstsq(design, np.array([value for _, value in points]), rcond=None)
    return float(solution[0])
