"""One random stream per image: (seed, index, draw, purpose) -> numbers, the same everywhere and in any order.

Philox keyed by a hash, read through numpy's RandomState, whose streams numpy has promised never to change;
the newer Generator makes no such promise. No global random state is read or touched.
"""

import hashlib
from math import prod

import numpy as np
from numpy.typing import NDArray

LATENT = "latent"


def stream(seed: int, index: int, draw: int = 0, purpose: str = LATENT) -> np.random.RandomState:
    """The stream of one draw for one image; another purpose is another, independent stream."""
    key = hashlib.sha256(f"palmsite-noise-1:{seed}:{index}:{draw}:{purpose}".encode()).digest()
    return np.random.RandomState(np.random.Philox(key=int.from_bytes(key[:16], "little")))


def normal(source: np.random.RandomState, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Standard normal float32 numbers of this shape, taken from the stream."""
    return source.standard_normal(prod(shape)).astype(np.float32).reshape(shape)


def latent(seed: int, index: int, size: int | tuple[int, ...], draw: int = 0) -> NDArray[np.float32]:
    """The latent of image `index`: a vector of `size` numbers, or an array of that shape."""
    return normal(stream(seed, index, draw), (size,) if isinstance(size, int) else size)


def uniform(seed: int, index: int, purpose: str) -> float:
    """One number in [0, 1) that belongs to the image, such as for the choice of a hand."""
    return float(stream(seed, index, 0, purpose).random_sample())
