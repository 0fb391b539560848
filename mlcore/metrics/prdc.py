"""Precision and recall (Kynkaanniemi et al. 2019, arXiv:1904.06991), density and coverage (Naeem et al. 2020,
arXiv:2002.09797): how much of the set looks real, and how much of what is real the set shows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.metrics.features import Array, blocks, checked_pair, distances

NEAREST = 5


@dataclass(frozen=True)
class Prdc:
    """Four shares in 0..1, but density, which is 1 for a faithful set and can be more, with its standard error."""

    precision: float
    recall: float
    density: float
    coverage: float
    density_error: float


def prdc(features: NDArray[np.floating], reference: NDArray[np.floating], *, nearest: int = NEAREST) -> Prdc:
    """Measure with balls whose radius is the distance to the `nearest`-th neighbour on the same side.

    The shares depend on the numbers of images: compare at equal N.
    """
    made, real = checked_pair(features, reference, minimum=nearest + 1)
    made_radius, real_radius = radii(made, nearest), radii(real, nearest)
    recalled, covered = np.zeros(len(real), dtype=bool), np.zeros(len(real), dtype=bool)
    inside = np.zeros(len(made))  # how many balls of real images hold each made one
    for block in blocks(len(made)):
        apart = distances(real, made[block])  # (real, made)
        held = apart < real_radius[:, None]
        inside[block] = held.sum(axis=0)
        covered |= held.any(axis=1)
        recalled |= (apart < made_radius[None, block]).any(axis=1)
    return Prdc(
        precision=float((inside > 0).mean()),
        recall=float(recalled.mean()),
        density=float(inside.mean() / nearest),
        coverage=float(covered.mean()),
        density_error=float(inside.std(ddof=1) / nearest / np.sqrt(len(made))),
    )


def radii(rows: Array, nearest: int) -> Array:
    """Distance of each row to its `nearest`-th other row, (n,)."""
    found = np.empty(len(rows))
    for block in blocks(len(rows)):
        apart = distances(rows[block], rows)
        # A row is not its own neighbour, and rounding may leave its own distance a little above zero.
        apart[np.arange(len(apart)), np.arange(block.start, block.stop)] = -1.0
        found[block] = np.partition(apart, nearest, axis=1)[:, nearest]
    return found
