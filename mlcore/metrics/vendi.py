"""Vendi score (Friedman and Dieng 2023, arXiv:2210.02410): how many different images a set is worth."""

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from mlcore.metrics.features import Array, checked


def vendi(features: NDArray[np.floating]) -> float:
    """Exp of the entropy of the eigenvalues of K / n, K the cosine similarity: 1 (alike) .. n (apart).

    It grows with n, so compare at equal n. It needs no reference: noise is diverse too.
    """
    unit, small = similarities(features)
    return of_similarities(small, len(unit))


def similarities(features: NDArray[np.floating]) -> tuple[Array, Array]:
    """Rows of length one, and the smaller of two matrices: their n x n similarity, or their d x d second moment.

    Both have the same eigenvalues but for zeros.
    """
    unit = _unit(checked(features, minimum=1))
    return unit, unit @ unit.T if len(unit) < unit.shape[1] else unit.T @ unit


def of_similarities(small: Array, count: int) -> float:
    """The score of either matrix of `count` images."""
    shares = scipy.linalg.eigvalsh(small / count, check_finite=False)
    shares = shares[shares > np.finfo(np.float64).eps * len(shares)]
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _unit(rows: Array) -> Array:
    """Rows of length one; rows of zeros are alike among themselves and unlike all others."""
    lengths = np.linalg.norm(rows, axis=1)
    nothing = lengths == 0
    unit = rows / np.where(nothing, 1.0, lengths)[:, None]
    return np.column_stack([unit, nothing.astype(np.float64)]) if nothing.any() else unit
