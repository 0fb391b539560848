"""Agreement between raters: Krippendorff's alpha, which takes any number of raters and missing answers.

Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011). 1 is perfect agreement, 0 what chance gives, below 0
systematic disagreement.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Level = Literal["nominal", "ordinal", "interval"]

RESAMPLES = 500


def alpha(ratings: NDArray[np.floating], *, level: Level = "ordinal") -> float | None:
    """Alpha of ratings (raters, units), NaN where a rater gave none.

    None where nothing can be said: no unit has two ratings, or all ratings are the same, so that there is no
    disagreement that chance could bring.
    """
    units = _units(ratings)
    if not units:
        return None
    values = np.unique(np.concatenate(units))
    return _alpha([_counts(unit, values) for unit in units], values, level)


def alpha_interval(
    ratings: NDArray[np.floating], *, level: Level = "ordinal", resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float] | None:
    """95 % interval of alpha by drawing units again; None where too few draws say anything."""
    units = _units(ratings)
    if len(units) < 2:
        return None
    values = np.unique(np.concatenate(units))
    counts = [_counts(unit, values) for unit in units]
    random = np.random.default_rng(seed)
    drawn = (
        _alpha([counts[i] for i in random.integers(0, len(counts), len(counts))], values, level)
        for _ in range(resamples)
    )
    found = [one for one in drawn if one is not None]
    if len(found) < resamples / 2:
        return None
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def _units(ratings: NDArray[np.floating]) -> list[Array]:
    """The ratings of each unit that has at least two."""
    table: Array = np.asarray(ratings, dtype=np.float64)
    columns = (column[np.isfinite(column)] for column in table.T)
    return [column for column in columns if len(column) > 1]


def _counts(unit: Array, values: Array) -> Array:
    """How often each value was given to a unit."""
    return np.asarray((unit[:, None] == values[None]).sum(axis=0), dtype=np.float64)


def _alpha(counts: Sequence[Array], values: Array, level: Level) -> float | None:
    """1 - observed / expected disagreement, from the coincidences of all pairs within units (equations 3 to 7)."""
    coincidences = np.zeros((len(values), len(values)))
    for one in counts:
        coincidences += (np.outer(one, one) - np.diag(one)) / (one.sum() - 1)
    totals = coincidences.sum(axis=0)
    apart = _distances(values, totals, level)
    expected = float((np.outer(totals, totals) * apart).sum() / (totals.sum() - 1))
    if expected <= 0:
        return None
    return 1.0 - float((coincidences * apart).sum()) / expected


def _distances(values: Array, totals: Array, level: Level) -> Array:
    """Squared differences (v, v) by the level of measurement."""
    if level == "nominal":
        return np.asarray(1.0 - np.eye(len(values)))
    if level == "interval":
        return np.asarray((values[:, None] - values[None]) ** 2)
    # Ordinal: all that lies between two ranks counts, the ranks themselves by half.
    before = np.cumsum(totals) - totals / 2
    return np.asarray((before[:, None] - before[None]) ** 2)
