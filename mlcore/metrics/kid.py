"""Kernel Inception distance (Binkowski et al. 2018, arXiv:1801.01401): unbiased at every N.

The kernel is the paper's k(x, y) = (x . y / d + 1)^3; the estimate its equation 4 over all images, not over
random subsets, so that the same images always give the same number.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.metrics.features import Array, blocks, checked_pair

MINIMUM = 2
RESAMPLES = 200


@dataclass(frozen=True)
class Kid:
    """The estimate and its 95 % interval; an unbiased estimate can be a little below zero."""

    value: float
    low: float
    high: float


def kid(features: NDArray[np.floating], reference: NDArray[np.floating]) -> float:
    """Unbiased squared maximum mean discrepancy of two sets of features."""
    x, y = checked_pair(features, reference, minimum=MINIMUM)
    return float(_resampled(x, y, np.ones((1, len(x))), np.ones((1, len(y))))[0])


def kid_with_interval(
    features: NDArray[np.floating],
    reference: NDArray[np.floating],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    groups: NDArray[np.integer] | None = None,
) -> Kid:
    """KID with a bootstrap interval; both sides are drawn again.

    A pair of one image with its own copy in a resample is left out, as the estimate leaves it out: kept, it
    would push every resample up. `groups` (one number a reference image) draws whole groups, people say,
    since pictures of one person are not independent; pairs of a person with their own copy are left out too.
    """
    x, y = checked_pair(features, reference, minimum=MINIMUM)
    random = np.random.default_rng(seed)
    weights_x = np.vstack([np.ones(len(x)), _draws(random, resamples, np.arange(len(x)))])
    weights_y = np.vstack(
        [np.ones(len(y)), _draws(random, resamples, np.arange(len(y)) if groups is None else groups)]
    )
    values = _resampled(x, y, weights_x, weights_y, groups)
    spread = values[1:][np.isfinite(values[1:])]
    if not len(spread):
        return Kid(float(values[0]), float(values[0]), float(values[0]))
    low, high = np.quantile(spread, [0.025, 0.975])
    return Kid(float(values[0]), float(min(low, values[0])), float(max(high, values[0])))


def kernel(x: Array, y: Array) -> Array:
    """k(x, y) = (x . y / d + 1)^3 for all pairs (n, m)."""
    inner = x @ y.T
    inner /= x.shape[1]
    inner += 1.0
    cube = inner * inner
    cube *= inner
    return np.asarray(cube)


def _draws(random: np.random.Generator, resamples: int, groups: NDArray[np.integer]) -> Array:
    """How often each image is drawn (resamples, n), whole groups at a time."""
    _, group = np.unique(groups, return_inverse=True)
    count = int(group.max()) + 1
    picks = random.multinomial(count, np.full(count, 1.0 / count), size=resamples)
    return np.asarray(picks[:, group], dtype=np.float64)


def _resampled(
    x: Array,
    y: Array,
    weights_x: Array,
    weights_y: Array,
    groups: NDArray[np.integer] | None = None,
) -> Array:
    """KID under each row of weights; a resample with a single distinct image gives NaN."""
    between = _between(x, y, weights_x, weights_y) / (weights_x.sum(1) * weights_y.sum(1))
    return np.asarray(_within(x, weights_x) + _within(y, weights_y, groups) - 2.0 * between)


def _within(x: Array, weights: Array, groups: NDArray[np.integer] | None = None) -> Array:
    """Mean kernel over pairs of different images, (resamples,); a group drawn twice is no pair of its own."""
    own = np.einsum("nd,nd->n", x, x) / x.shape[1] + 1.0
    total = _between(x, x, weights, weights) - weights**2 @ own**3
    pairs = weights.sum(1) ** 2 - (weights**2).sum(1)
    for members in _together(groups):
        # All of a group are drawn equally often: w times w pairs of its images, of which w are of one copy.
        again = weights[:, members[0]] ** 2 - weights[:, members[0]]
        total -= again * (kernel(x[members], x[members]).sum() - (own[members] ** 3).sum())
        pairs -= again * len(members) * (len(members) - 1)
    return np.asarray(np.divide(total, pairs, out=np.full(len(weights), np.nan), where=pairs > 0))


def _together(groups: NDArray[np.integer] | None) -> list[NDArray[np.intp]]:
    """The images of each group that has more than one."""
    if groups is None:
        return []
    _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return [np.flatnonzero(group == number) for number in np.flatnonzero(sizes > 1)]


def _between(x: Array, y: Array, weights_x: Array, weights_y: Array) -> Array:
    """Sum over all pairs of weight x kernel x weight, block by block, (resamples,)."""
    total = np.zeros(len(weights_x))
    for block in blocks(len(x)):
        total += np.einsum("bn,bn->b", weights_x[:, block], weights_y @ kernel(y, x[block]))
    return total
