"""Moments of banks kept on disk by the bank's hash: mean, covariance and its factor are worked out once.

A lost or broken file only costs time. The factor is what makes the Frechet distance fast for a large reference.
"""

import hashlib
import os
from pathlib import Path

import numpy as np
import safetensors
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from mlcore.checkpoint import write_atomically
from mlcore.metrics.moments import Moments
from mlcore.reference import Bank

VERSION = 1  # raise it when the way moments are computed changes
MOST_KEPT = 8  # one of a large network takes 70 MB


class MomentsCache:
    """Moments of banks in a folder; `None` for the folder keeps nothing."""

    def __init__(self, folder: str | Path | None) -> None:
        self._folder = None if folder is None else Path(folder)

    def moments(self, bank: Bank) -> Moments:
        """The bank's moments, looked up first."""
        if self._folder is None:
            return Moments.of(bank.features)
        # The rows themselves are hashed: a part of a bank drawn for a set is a bank of its own.
        digest = hashlib.sha256(np.ascontiguousarray(bank.features, dtype=np.float32).tobytes()).hexdigest()
        path = self._folder / f"moments-{VERSION}-{digest[:32]}.safetensors"
        found = _read(path, bank)
        if found is None:
            found = Moments.of(bank.features)
            _ = found.factor  # worked out now, so that it is kept too
            self._keep(path, found)
        return found

    def _keep(self, path: Path, moments: Moments) -> None:
        tensors = {"mean": moments.mean, "covariance": moments.covariance, "factor": moments.factor}
        tensors = {name: np.ascontiguousarray(values) for name, values in tensors.items()}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, save_tensors(tensors))
            self._forget_oldest(path.parent)
        except OSError:
            # A full disk or a folder that may not be written: the answer stands without being kept.
            return

    def _forget_oldest(self, folder: Path) -> None:
        kept = sorted(folder.glob("moments-*.safetensors"), key=lambda one: one.stat().st_mtime)
        for path in kept[:-MOST_KEPT]:
            path.unlink(missing_ok=True)


def _read(path: Path, bank: Bank) -> Moments | None:
    """None where there is none, or one that is not what it should be."""
    try:
        tensors = load_tensors(path.read_bytes())
        moments = Moments(bank.header.n, tensors["mean"], tensors["covariance"])
        factor = tensors["factor"]
    except (OSError, safetensors.SafetensorError, KeyError):
        return None
    dim = bank.header.dim
    fits = moments.mean.shape == (dim,) and moments.covariance.shape == (dim, dim)
    if not fits or factor.ndim != 2 or len(factor) != dim:
        return None
    moments.__dict__["factor"] = factor
    os.utime(path)
    return moments
