"""Is a picture worth training on? Sharpness, a perceptual hash, and the search for near-duplicates.

Knows pixels only: no files, no people.
"""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]  # H x W x 3, RGB

SHARPNESS_SIDE = 128  # pictures are compared at one size, or large ones would look blurred
HASH_SIDE = 64
HASH_BITS_SIDE = 16  # 64 bits call any two upright palms the same: what tells them apart is finer
HASH_WORDS = HASH_BITS_SIDE**2 // 64

Hash = npt.NDArray[np.uint64]  # HASH_WORDS words


def sharpness(picture: Picture) -> float:
    """Variance of the Laplacian of the grey picture at 128 px, low where blurred (Pech-Pacheco 2000)."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    side = (SHARPNESS_SIDE, SHARPNESS_SIDE)
    grey = np.asarray(cv2.resize(grey, side, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())


def perceptual_hash(picture: Picture) -> Hash:
    """256 bits that hardly change under scaling, recompression, light: signs of the lowest cosine waves."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (HASH_SIDE, HASH_SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    waves = np.asarray(cv2.dct(small))[:HASH_BITS_SIDE, :HASH_BITS_SIDE].ravel()
    bits = waves > np.median(waves[1:])  # the first wave is the mean brightness
    return np.packbits(bits).view(np.uint64)


class NearDuplicates:
    """Remembers the hashes of kept pictures and finds one that a new picture nearly repeats."""

    def __init__(self, max_distance: int) -> None:
        """Pictures whose hashes differ in at most `max_distance` bits are the same; below 0 none are."""
        self.max_distance = max_distance
        self._hashes = np.empty((1024, HASH_WORDS), dtype=np.uint64)
        self._names: list[str] = []

    def find(self, code: Hash) -> str | None:
        """Name of the kept picture nearest to this hash, if it is near enough."""
        known = self._hashes[: len(self._names)]
        if not len(known):
            return None
        distances: npt.NDArray[Any] = np.bitwise_count(known ^ code).sum(axis=1)
        nearest = int(distances.argmin())
        return self._names[nearest] if distances[nearest] <= self.max_distance else None

    def add(self, code: Hash, name: str) -> None:
        """Remember a kept picture."""
        if len(self._names) == len(self._hashes):
            self._hashes = np.concatenate([self._hashes, np.empty_like(self._hashes)])
        self._hashes[len(self._names)] = code
        self._names.append(name)
