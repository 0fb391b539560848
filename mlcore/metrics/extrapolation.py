"""Frechet distance at infinitely many images (Chong and Forsyth 2020, arXiv:1911.07023).

The distance of a finite sample is too large by about c / N. Measured at several N and fitted by a line in
1 / N, its value at 1 / N = 0 is comparable between sets of different sizes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.metrics.features import checked_pair
from mlcore.metrics.fid import frechet_distance
from mlcore.metrics.moments import Moments

MINIMUM = 300  # simulated: with 100 images the line misses the true distance every time
POINTS = 8
SMALLEST_SHARE = 0.25


@dataclass(frozen=True)
class Extrapolated:
    """The value at infinite N, the fit's standard error, and the points it was fitted to.

    The error says how straight the points lie and not how far another set of this size would: it makes no interval.
    """

    value: float
    error: float
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
    target = known or Moments.of(other)
    random = np.random.default_rng(seed)
    # Evenly spaced in 1 / N, so that no end of the line weighs more than the other.
    inverse = np.linspace(1 / len(rows), 1 / (SMALLEST_SHARE * len(rows)), POINTS)
    points = []
    for count in np.unique(np.round(1 / inverse).astype(int))[::-1]:
        drawn = rows[random.permutation(len(rows))[:count]]
        points.append((int(count), frechet_distance(Moments.of(drawn), target)))
    design = np.array([[1.0, 1.0 / count] for count, _ in points])
    values = np.array([value for _, value in points])
    solution, _, _, _ = np.linalg.lstsq(design, values, rcond=None)
    left = values - design @ solution
    spread = float(left @ left) / max(len(points) - 2, 1)
    error = float(np.sqrt(spread * np.linalg.inv(design.T @ design)[0, 0]))
    return Extrapolated(float(solution[0]), error, tuple(points))
