"""Real against real at the same N: the number that makes every other one readable.

People are never on both sides: two pictures of one hand would make real palms look closer than they are.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore.metrics.errors import TooFewReal
from mlcore.metrics.features import checked_pair
from mlcore.metrics.fid import frechet_distance
from mlcore.metrics.kid import kid
from mlcore.metrics.moments import Moments
from mlcore.metrics.prdc import NEAREST, prdc

DRAWS = 3
MEASURES = ("kid", "fd", "precision", "recall", "density", "coverage")


@dataclass(frozen=True)
class Baseline:
    """Mean of a few draws. `way` is 'other_people' (a second bank against the reference) or 'halves'."""

    way: str
    n: int
    n_ref: int
    values: dict[str, float]
    lowest: dict[str, float]
    highest: dict[str, float]


def real_against_real(
    reference: NDArray[np.floating],
    groups: NDArray[np.integer],
    count: int,
    *,
    others: NDArray[np.floating] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Baseline:
    """Measure `count` real images (or as many as there are) as if they were a set.

    With `others`, real images of other people, they play the set against the whole reference. Without, people
    are dealt into two halves, and `n` says how few images that leaves.
    """
    random = np.random.default_rng(seed)
    found: list[dict[str, float]] = []
    sizes = (0, 0)
    for _ in range(draws):
        if others is None:
            mask = _half(groups, random)
            made, real = reference[mask], reference[~mask]
        else:
            made, real = others, reference
        made = made[random.permutation(len(made))[:count]]
        if min(len(made), len(real)) <= NEAREST:
            raise TooFewReal(
                f"Real against real needs more than {NEAREST} images on each side; "
                f"there are {len(made)} and {len(real)}. Use a larger reference.",
                least=NEAREST,
                n=len(made),
                n_ref=len(real),
            )
        made, real = checked_pair(made, real)
        found.append(_measured(made, real))
        sizes = (len(made), len(real))
    return Baseline(
        way="halves" if others is None else "other_people",
        n=sizes[0],
        n_ref=sizes[1],
        values={name: float(np.mean([one[name] for one in found])) for name in MEASURES},
        lowest={name: min(one[name] for one in found) for name in MEASURES},
        highest={name: max(one[name] for one in found) for name in MEASURES},
    )


def _half(groups: NDArray[np.integer], random: np.random.Generator) -> NDArray[np.bool_]:
    """Deal whole groups to the side that has fewer images so far."""
    names, sizes = np.unique(groups, return_counts=True)
    order = random.permutation(len(names))
    sides: list[list[int]] = [[], []]
    counts = [0, 0]
    for position in order:
        side = int(counts[1] < counts[0])
        sides[side].append(int(names[position]))
        counts[side] += int(sizes[position])
    return np.isin(groups, sides[0])


def _measured(made: Any, real: Any) -> dict[str, float]:
    shares = prdc(made, real)
    return {
        "kid": kid(made, real),
        "fd": frechet_distance(Moments.of(made), Moments.of(real)),
        "precision": shares.precision,
        "recall": shares.recall,
        "density": shares.density,
        "coverage": shares.coverage,
    }
