"""Intervals for measures of a whole set that cannot be drawn again with repeats: what leaving out a tenth changes.

A bootstrap draws images twice, and a set with repeats is farther from everything and less diverse than it was. The
delete-a-group jackknife (Shao and Wu 1989) only leaves images out: ten groups, Student's t with nine degrees of
freedom. The reference is taken as it stands. What is covered is what other sets of the same size would get, bias by N
included.
"""

import numpy as np
from numpy.typing import NDArray

from mlcore.metrics.features import Array, checked
from mlcore.metrics.moments import Moments
from mlcore.metrics.parts import PartDistances
from mlcore.metrics.vendi import of_similarities, similarities

GROUPS = 10
MINIMUM = 50
T_95 = 2.262157

Interval = tuple[float, float]


def frechet_interval(
    features: NDArray[np.floating], reference: Moments, value: float, *, seed: int = 0
) -> Interval | None:
    """Of the Frechet distance; None for a set too small to leave a tenth out."""
    rows = checked(features)
    if len(rows) < MINIMUM:
        return None
    parts = PartDistances(rows, reference)
    left = tenths(len(rows), seed)
    reach = reach_of(np.array([parts.of(np.flatnonzero(left != number)) for number in range(GROUPS)]))
    return max(value - reach, 0.0), value + reach


def vendi_interval(features: NDArray[np.floating], value: float, *, seed: int = 0) -> Interval | None:
    """Of the Vendi score; None for a set too small to leave a tenth out."""
    unit, small = similarities(features)
    if len(unit) < MINIMUM:
        return None
    is_by_image = len(small) == len(unit)

    def without(left: NDArray[np.intp]) -> float:
        if is_by_image:
            kept = np.setdiff1d(np.arange(len(unit)), left)
            return of_similarities(small[np.ix_(kept, kept)], len(kept))
        return of_similarities(small - unit[left].T @ unit[left], len(unit) - len(left))

    left = tenths(len(unit), seed)
    reach = reach_of(np.array([without(np.flatnonzero(left == number)) for number in range(GROUPS)]))
    return max(value - reach, 0.0), value + reach


def tenths(count: int, seed: int = 0) -> NDArray[np.int64]:
    """For each image the number of the tenth that it is left out with."""
    found = np.empty(count, dtype=np.int64)
    for number, part in enumerate(np.array_split(np.random.default_rng(seed).permutation(count), GROUPS)):
        found[part] = number
    return found


def reach_of(without: Array) -> float:
    """How far an interval reaches, from the values without each tenth."""
    return T_95 * float(np.sqrt((GROUPS - 1) / GROUPS * ((without - without.mean()) ** 2).sum()))
