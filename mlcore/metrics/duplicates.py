"""Images of one set that are the same, or nearly: groups to look at and their share."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mlcore.metrics.features import Array, blocks, checked, checked_pair, distances
from mlcore.metrics.memorisation import nearest

QUANTILE = 0.01
SLACK = 0.5
SAME = 1e-3
SAME_PICTURE = 0.2


@dataclass(frozen=True)
class Duplicates:
    """Groups of indices, largest first; `share` counts images that could go and leave one of each."""

    threshold: float
    groups: tuple[tuple[int, ...], ...]
    exact_groups: tuple[tuple[int, ...], ...]
    share: float
    exact_share: float


def near_threshold(reference: NDArray[np.floating]) -> float:
    """Half the distance that only one real photo in a hundred comes closer than to another one.

    Real banks hold several photos of one hand, so two images nearer than this are nearer than two photos.
    """
    rows = checked(reference, minimum=2, what="The reference")
    apart, _ = nearest(rows, rows, itself=True)
    return float(SLACK * np.quantile(apart, QUANTILE))


def shared(features: NDArray[np.floating], known: NDArray[np.floating]) -> int:
    """How many of these images are among the `known` ones, or all but: nearer than two photos of one hand.

    At least a fifth of how far the known ones spread: kept in half a byte a number, a picture may lie nearly that far
    from itself.
    """
    rows, others = checked_pair(features, known)
    spread = float(np.sqrt(others.var(axis=0).sum()))
    apart, _ = nearest(rows, others)
    return int((apart < max(near_threshold(others), SAME_PICTURE * spread)).sum())


def duplicates(features: NDArray[np.floating], threshold: float) -> Duplicates:
    """Link images nearer than `threshold`, and group what is linked; equal features are `exact`."""
    rows = checked(features, minimum=1)
    scale = float(np.sqrt(np.mean(np.einsum("nd,nd->n", rows, rows)))) or 1.0
    near, exact = _Groups(len(rows)), _Groups(len(rows))
    for block in blocks(len(rows)):
        # Only the pairs after each row: every pair is seen once.
        apart = _later(rows, block)
        for groups, limit in ((near, max(threshold, SAME * scale)), (exact, SAME * scale)):
            ones, others = np.nonzero(apart < limit)
            groups.join(ones + block.start, others + block.start)
    near_groups, exact_groups = near.found(), exact.found()
    return Duplicates(
        threshold=threshold,
        groups=near_groups,
        exact_groups=exact_groups,
        share=_spare(near_groups) / len(rows),
        exact_share=_spare(exact_groups) / len(rows),
    )


def _later(rows: Array, block: slice) -> Array:
    """Distances of a block's rows to the rows from the block on, infinite up to the row itself."""
    apart = distances(rows[block], rows[block.start :])
    apart[np.tril_indices(len(apart), 0, apart.shape[1])] = np.inf
    return apart


def _spare(groups: tuple[tuple[int, ...], ...]) -> int:
    return sum(len(group) - 1 for group in groups)


class _Groups:
    """What is linked with what, by the first index of each group. Thousands of equal images are millions of links."""

    def __init__(self, count: int) -> None:
        self._first: NDArray[np.int64] = np.arange(count)

    def join(self, ones: NDArray[np.integer], others: NDArray[np.integer]) -> None:
        """Link pairs, and whatever they are linked with already."""
        if not len(ones):
            return
        count = len(self._first)
        ends = np.concatenate([ones, np.arange(count)]), np.concatenate([others, self._first])
        links = coo_array((np.ones(len(ends[0]), dtype=bool), ends), shape=(count, count))
        _, labels = connected_components(links, directed=False)
        _, first = np.unique(labels, return_index=True)
        self._first = first[labels]

    def found(self) -> tuple[tuple[int, ...], ...]:
        """Groups of two and more, the largest first."""
        order = np.argsort(self._first, kind="stable")
        _, starts = np.unique(self._first[order], return_index=True)
        groups = [tuple(group.tolist()) for group in np.split(order, starts[1:]) if len(group) > 1]
        return tuple(sorted(groups, key=lambda group: (-len(group), group)))
