"""What each step of a run sees and draws, from the seed alone: a resumed run goes on as an undisturbed one would."""

import hashlib
from typing import Any

import numpy as np

from mlcore import noise

_orders: dict[tuple[int, int, int], np.ndarray[Any, Any]] = {}


def step_seed(seed: int, step: int, rank: int) -> int:
    """The seed of one step's random numbers in one process."""
    digest = hashlib.sha256(f"{seed}:{step}:{rank}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def pictures(seed: int, count: int, first: int, batch: int) -> list[int]:
    """Which of `count` pictures stand at the places from `first` on; shuffled anew each time all have been seen."""
    return [
        int(_shuffled(seed, place // count, count)[place % count]) for place in range(first, first + batch)
    ]


def _shuffled(seed: int, epoch: int, count: int) -> np.ndarray[Any, Any]:
    """The order of one pass over the data; the last two are remembered, for a batch may span both."""
    key = (seed, epoch, count)
    if key not in _orders:
        while len(_orders) > 1:
            _orders.pop(next(iter(_orders)))
        _orders[key] = noise.stream(seed, epoch, purpose="order").permutation(count)
    return _orders[key]
