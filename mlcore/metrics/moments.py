"""Mean and covariance of features, with the factor of the covariance that the Frechet distance needs."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from mlcore.metrics.features import Array, checked


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean (d,) and covariance (d, d) of n images' features; the factor is worked out once and kept."""

    n: int
    mean: Array
    covariance: Array

    @classmethod
    def of(cls, features: NDArray[np.floating]) -> "Moments":
        """The sample mean and the covariance with n - 1 below the line, as pytorch-fid has it."""
        rows = checked(features, minimum=2)
        mean = rows.mean(axis=0)
        centred = rows - mean
        moments = cls(len(rows), mean, centred.T @ centred / (len(rows) - 1))
        if len(rows) < rows.shape[1]:
            # With fewer images than features the images are the narrowest factor: nothing to decompose.
            moments.__dict__["factor"] = centred.T / np.sqrt(len(rows) - 1)
        return moments

    @cached_property
    def factor(self) -> Array:
        """F (d, r) with F F^T = covariance: Cholesky, or eigenvectors where the covariance is singular."""
        try:
            return np.asarray(np.linalg.cholesky(self.covariance))
        except np.linalg.LinAlgError:
            values, vectors = scipy.linalg.eigh(self.covariance)
            return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
