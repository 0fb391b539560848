"""Frechet distance of two sets of features (Heusel et al. 2017, arXiv:1706.08500, equation 6).

It is called FID only for the standard Inception features; for any other network it is a Frechet distance.
It is biased by N, upwards: `extrapolation.py` takes that out.
"""

import numpy as np
import scipy.linalg

from mlcore.metrics.errors import FeaturesDiffer
from mlcore.metrics.features import Array
from mlcore.metrics.moments import Moments


def frechet_distance(one: Moments, other: Moments) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), never below zero."""
    if one.mean.shape != other.mean.shape:
        raise FeaturesDiffer(
            f"One side has {len(one.mean)} features an image and the other {len(other.mean)}: "
            "they come from different networks. Measure both with the same one."
        )
    apart = one.mean - other.mean
    spread = np.trace(one.covariance) + np.trace(other.covariance)
    return max(float(apart @ apart + spread - 2.0 * trace_of_root(one, other)), 0.0)


def trace_of_root(one: Moments, other: Moments) -> float:
    """Trace of (C1 C2)^(1/2) without a matrix square root: the sum of the roots of C1 C2's eigenvalues.

    Where both have more images than features, Cholesky and one symmetric reduction find those eigenvalues. Else,
    or where Cholesky fails, a factor C1 = F F^T does: F^T C2 F has the same ones, and the narrower the smaller.
    """
    if _width(other) < _width(one):
        one, other = other, one
    if min(one.n, other.n) > len(one.mean):
        try:
            return _sum_of_roots(
                scipy.linalg.eigvalsh(
                    one.covariance, other.covariance, type=2, driver="gv", check_finite=False
                )
            )
        except np.linalg.LinAlgError:
            pass  # singular all the same: constant or repeated features
    factor = one.factor
    return _sum_of_roots(scipy.linalg.eigvalsh(factor.T @ other.covariance @ factor, check_finite=False))


def _sum_of_roots(values: Array) -> float:
    """Rounding leaves tiny negative eigenvalues where there should be none."""
    return float(np.sqrt(np.maximum(values, 0.0)).sum())


def _width(moments: Moments) -> int:
    """Columns of the factor, without working it out."""
    return min(moments.n, len(moments.mean))
