"""What every measure does with features first: check them, and walk over pairs in blocks.

Features are rows, one an image. Blocks keep memory flat in the number of images.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore.metrics.errors import FeaturesDiffer, NotFiniteFeatures, TooFewImages

Array = NDArray[np.float64]
BLOCK = 512


def checked(features: Any, *, minimum: int = 2, what: str = "The set") -> Array:
    """Features as float64 (N, d): enough rows, all finite, or an error that says what to do."""
    rows: Array = np.asarray(features, dtype=np.float64)
    if rows.ndim != 2:
        raise FeaturesDiffer(f"{what}: features are one row an image, not an array of shape {rows.shape}.")
    if len(rows) < minimum:
        raise TooFewImages(
            f"{what} has {len(rows)} images; this measure needs at least {minimum}. "
            "Add images and measure again.",
            n=len(rows),
            least=minimum,
        )
    bad = int((~np.isfinite(rows)).any(axis=1).sum())
    if bad:
        raise NotFiniteFeatures(
            f"{what}: the features of {bad} of {len(rows)} images are not finite numbers. "
            "Clear the feature cache and measure again; if it stays, the network's weights are broken.",
            bad=bad,
            n=len(rows),
        )
    return rows


def checked_pair(features: Any, reference: Any, *, minimum: int = 2) -> tuple[Array, Array]:
    """Both sides checked, and of one dimension."""
    one = checked(features, minimum=minimum)
    other = checked(reference, minimum=minimum, what="The reference")
    if one.shape[1] != other.shape[1]:
        raise FeaturesDiffer(
            f"The set has {one.shape[1]} features an image and the reference {other.shape[1]}: "
            "they come from different networks. Measure both with the same one."
        )
    return one, other


def blocks(count: int, size: int = BLOCK) -> Iterator[slice]:
    """Slices that cover `count` rows."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def distances(rows: Array, others: Array) -> Array:
    """Euclidean distances (n, m); the subtraction's rounding never makes a negative square."""
    found = rows @ others.T
    # In place: a block of these is by far the most that measuring keeps at once.
    found *= -2.0
    found += np.einsum("nd,nd->n", rows, rows)[:, None]
    found += np.einsum("md,md->m", others, others)[None, :]
    np.maximum(found, 0.0, out=found)
    return np.asarray(np.sqrt(found, out=found))
