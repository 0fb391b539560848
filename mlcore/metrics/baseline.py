"""Real against real at the same N: the number that makes every other one readable.

People are never on both sides: two pictures of one hand would make real palms look closer than they are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore.metrics.duplicates import duplicates, near_threshold
from mlcore.metrics.errors import TooFewReal
from mlcore.metrics.extrapolation import MINIMUM as FOR_EXTRAPOLATION
from mlcore.metrics.extrapolation import extrapolated_distance
from mlcore.metrics.features import Array, checked_pair
from mlcore.metrics.fid import frechet_distance
from mlcore.metrics.kid import kid
from mlcore.metrics.moments import Moments
from mlcore.metrics.prdc import NEAREST, prdc
from mlcore.metrics.vendi import vendi

DRAWS = 3


@dataclass(frozen=True)
class Baseline:
    """Mean, least and most of a few draws of `n` real images against `n_ref`.

    `way` is 'other_people' (a second bank against the reference) or 'halves'. Where that is another number of images
    than the set was measured with, `set_values` are the set's own at these numbers: what grows or falls with N can
    only be compared with them. fd_infinite is of the first draw alone, for it takes as long as all the others.
    """

    way: str
    n: int
    n_ref: int
    draws: int
    values: dict[str, float]
    lowest: dict[str, float]
    highest: dict[str, float]
    set_values: dict[str, float] | None


def real_against_real(
    reference: NDArray[np.floating],
    groups: NDArray[np.integer],
    made: NDArray[np.floating],
    *,
    others: NDArray[np.floating] | None = None,
    known: Moments | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Baseline:
    """Measure as many real images as were `made` (or as there are) as if they were the set.

    With `others`, real images of other people, they play the set against the whole reference, whose moments may be
    `known`. Without, people are dealt into two halves, and `n` says how few images that leaves.
    """
    random = np.random.default_rng(seed)
    limit = near_threshold(reference)
    found: list[dict[str, float]] = []
    own: list[dict[str, float]] = []
    sizes = (0, 0)
    if others is not None and len(others) <= len(made):
        draws = 1  # all of them play: every draw would be the same
    for draw in range(draws):
        if others is None:
            mask = _half(groups, random)
            players, real, target = reference[mask], reference[~mask], None
        else:
            players, real, target = others, reference, known
        players = players[random.permutation(len(players))[: len(made)]]
        if min(len(players), len(real)) <= NEAREST:
            raise TooFewReal(
                f"Real against real needs more than {NEAREST} images on each side; "
                f"there are {len(players)} and {len(real)}. Use a larger reference.",
                least=NEAREST,
                n=len(players),
                n_ref=len(real),
            )
        players, real = checked_pair(players, real)
        target = target or Moments.of(real)
        measures = _measured(players, real, target)
        measures["kid"] = kid(players, real)
        measures["duplicates"] = duplicates(players, limit).share
        if draw == 0 and len(players) >= FOR_EXTRAPOLATION:
            measures["fd_infinite"] = extrapolated_distance(players, target, seed=seed).value
        found.append(measures)
        sizes = (len(players), len(real))
        if sizes != (len(made), len(reference)):
            drawn = made[random.permutation(len(made))[: len(players)]]
            own.append(_measured(drawn, real, target))
    return Baseline(
        way="halves" if others is None else "other_people",
        n=sizes[0],
        n_ref=sizes[1],
        draws=draws,
        values=_over(found, np.mean),
        lowest=_over(found, np.min),
        highest=_over(found, np.max),
        set_values=_over(own, np.mean) if own else None,
    )


def _over(draws: Sequence[Mapping[str, float]], of: Callable[[list[float]], Any]) -> dict[str, float]:
    return {name: float(of([one[name] for one in draws if name in one])) for name in draws[0]}


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


def _measured(made: NDArray[np.floating], real: Array, target: Moments) -> dict[str, float]:
    """What depends on the numbers of images."""
    shares = prdc(made, real)
    return {
        "fd": frechet_distance(Moments.of(made), target),
        "precision": shares.precision,
        "recall": shares.recall,
        "density": shares.density,
        "coverage": shares.coverage,
        "vendi": vendi(made),
    }
