"""Frechet distance of two sets of features (Heusel et al. 2017, arXiv:1706.08500, equation 6).

It is called FID only for the standard Inception features; for any other network it is a Frechet distance.
It is biased by N, upwards: `extrapolation.py` takes that out.
"""

import numpy as np
import scipy.linalg.lapack
import torch

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

    A factor C1 = F F^T finds them: F^T C2 F has the same ones, and the narrower F is the smaller. Where both have more
    images than features F is Cholesky's triangle, with which LAPACK multiplies in a third of the time.
    """
    if _width(other) < _width(one):
        one, other = other, one
    if min(one.n, other.n) > len(one.mean):
        upper, failed = torch.linalg.cholesky_ex(torch.from_numpy(one.covariance), upper=True)
        if not failed:  # else it is singular all the same: constant or repeated features
            # LAPACK's columns are numpy's rows: what is said of the lower triangle there is the upper one here.
            found, _ = scipy.linalg.lapack.dsygst(other.covariance.T, upper.numpy().T, itype=2, lower=1)
            return sum_of_roots(found.T)
    return sum_of_roots(one.factor.T @ other.covariance @ one.factor)


def sum_of_roots(symmetric: Array) -> float:
    """Of the roots of the eigenvalues that the upper triangle tells; rounding leaves tiny negative ones."""
    values = torch.linalg.eigvalsh(torch.from_numpy(np.ascontiguousarray(symmetric)), UPLO="U")
    return float(values.clamp_min(0.0).sqrt().sum())


def _width(moments: Moments) -> int:
    """Columns of the factor, without working it out."""
    return min(moments.n, len(moments.mean))
