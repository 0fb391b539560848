"""Frechet distances of many parts of one set from one reference, for little more than the price of one."""

import numpy as np
from numpy.typing import NDArray

from mlcore.metrics.features import Array
from mlcore.metrics.fid import sum_of_roots
from mlcore.metrics.moments import Moments


class PartDistances:
    """Rows of features, each put through the reference's factor once.

    With C2 = F F^T the eigenvalues that a distance asks for are those of the covariance of rows F: what is left to do
    for a part is a covariance as narrow as the reference's factor, or as the part has images.
    """

    def __init__(self, rows: Array, reference: Moments) -> None:
        if rows.shape[1] != len(reference.mean):
            raise ValueError(f"rows have {rows.shape[1]} features and the reference {len(reference.mean)}")
        self._apart = rows - reference.mean
        self._squares = np.einsum("nd,nd->n", self._apart, self._apart)
        self._seen = self._apart @ reference.factor
        self._spread = float(np.trace(reference.covariance))

    def of(self, part: NDArray[np.integer]) -> float:
        """The distance of the rows of these numbers, as `frechet_distance` has it."""
        count = len(part)
        mean = self._apart[part].mean(axis=0)
        away = float(mean @ mean)
        spread = (float(self._squares[part].sum()) - count * away) / (count - 1)
        seen = self._seen[part]
        seen -= seen.mean(axis=0)
        narrow = seen @ seen.T if count < seen.shape[1] else seen.T @ seen
        return max(away + spread + self._spread - 2.0 * sum_of_roots(narrow / (count - 1)), 0.0)
