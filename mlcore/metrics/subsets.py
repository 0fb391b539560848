"""KID, precision, recall and coverage of many parts of one set: each pair of images is looked at once.

In single precision: a number is good to a millionth or so, enough for a curve and for intervals. KID's own headline
is in double, and its interval is drawn anew two hundred times; here it comes from the spread of what each image adds.
Recall and coverage ask of each real image whether any of the set reaches it, so their intervals need two spreads: of
the real ones (Wilson's), and of the set, by leaving out a tenth at a time. With the first alone two samples of the same
images were called better and worse by chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.metrics.features import blocks
from mlcore.metrics.jackknife import GROUPS, MINIMUM, reach_of, tenths
from mlcore.metrics.memorisation import wilson

Single = NDArray[np.float32]
Interval = tuple[float, float]
ROWS = 512
# Of so many times `nearest` neighbours enough are left, whichever tenth is left out.
SPARE = 8


@dataclass(frozen=True)
class Measures:
    """Of one part against the whole reference; a part too small to leave a tenth out has no spread of its own."""

    kid: float
    kid_ci: Interval
    precision: float
    recall: float
    recall_ci: Interval | None
    coverage: float
    coverage_ci: Interval | None


def measure_parts(
    made: NDArray[np.floating],
    real: NDArray[np.floating],
    parts: Sequence[NDArray[np.integer]],
    *,
    nearest: int,
    groups: NDArray[np.integer] | None = None,
) -> list[Measures]:
    """Measure each part (row numbers of `made`, more than `nearest` of them) against the reference.

    `groups` (one number a real image) says who is on it: pictures of one person are one draw for KID's interval.
    """
    x, y = np.asarray(made, dtype=np.float32), np.asarray(real, dtype=np.float32)
    parts = [np.sort(part) for part in parts]
    members = np.zeros((len(parts), len(x)), dtype=np.float32)
    for member, part in zip(members, parts, strict=True):
        member[part] = 1.0
    all_real = np.ones((1, len(y)), dtype=np.float32)
    among, near = _among(x, parts, members, nearest)
    among_real, near_real = _among(y, [np.arange(len(y))], all_real, nearest)
    reached = [_Reached(part, near[number], len(y), nearest) for number, part in enumerate(parts)]
    real_reach = near_real[0].squares[:, nearest - 1]
    to_real = np.zeros(len(x))
    to_made = np.zeros((len(parts), len(y)))
    precise = np.zeros(len(x), dtype=bool)
    for block in blocks(len(x), ROWS):
        inner, squares = _pairs(x[block], y)
        values = _kernel(inner)
        to_real[block] = values.sum(axis=1, dtype=np.float64)
        to_made += members[:, block] @ values
        held = squares < real_reach
        precise[block] = held.any(axis=1)
        for one in reached:
            one.look(block, squares, held)
    persons = np.arange(len(y)) if groups is None else np.unique(groups, return_inverse=True)[1]
    return [
        Measures(
            *_kid(
                among[number, part] / (len(part) - 1),
                to_real[part] / len(y),
                among_real[0] / (len(y) - 1),
                to_made[number] / len(part),
                persons,
            ),
            precision=float(precise[part].mean()),
            recall=float(one.recalled[-1].mean()),
            recall_ci=one.interval(one.recalled),
            coverage=float(one.covered[-1].mean()),
            coverage_ci=one.interval(one.covered),
        )
        for number, (part, one) in enumerate(zip(parts, reached, strict=True))
    ]


class _Reached:
    """Which real images a part recalls and covers: without each of its tenths, and, in the last row, all of it."""

    def __init__(self, part: NDArray[np.integer], near: "_Near", count: int, nearest: int) -> None:
        self.part = part
        self.left = tenths(len(part)) if len(part) >= MINIMUM else None
        self.radii = near.without(self.left, nearest)
        self.recalled, self.covered = (np.zeros((len(self.radii), count), dtype=bool) for _ in range(2))

    def look(self, block: slice, squares: Single, held: NDArray[np.bool_]) -> None:
        """Take a block of the set's images in: their squared distances to the real ones, and whose balls hold them."""
        here = _within(self.part, block)
        inside = self.part[here] - block.start
        within, held = squares[inside] < self.radii[:, here, None], held[inside]
        for number, reaches in enumerate(within):
            kept = slice(None) if self.left is None or number == GROUPS else self.left[here] != number
            self.recalled[number] |= reaches[kept].any(axis=0)
            self.covered[number] |= held[kept].any(axis=0)

    def interval(self, hit: NDArray[np.bool_]) -> Interval | None:
        """Of a share of the real images, with what the set and what they add to its spread."""
        if self.left is None:
            return None
        *without, whole = hit.mean(axis=1)
        low, high = wilson(int(hit[-1].sum()), hit.shape[1])
        by_set = reach_of(np.array(without))
        below, above = np.hypot(by_set, whole - low), np.hypot(by_set, high - whole)
        return max(float(whole - below), 0.0), min(float(whole + above), 1.0)


def _kid(
    made_to_made: NDArray[np.float64],
    made_to_real: NDArray[np.float64],
    real_to_real: NDArray[np.float64],
    real_to_made: NDArray[np.float64],
    persons: NDArray[np.integer],
) -> tuple[float, tuple[float, float]]:
    """KID from each image's mean kernel with its own side and with the other, and its 95 % interval.

    The variance is the first term of a U-statistic's (Hoeffding 1948): four times the variance of what an image adds,
    over the number of images. Of real images all of one person add together.
    """
    value = made_to_made.mean() + real_to_real.mean() - 2.0 * made_to_real.mean()
    adds, real_adds = made_to_made - made_to_real, real_to_real - real_to_made
    by_person = np.bincount(persons, real_adds - real_adds.mean())
    variance = 4.0 * (adds.var(ddof=1) / len(adds) + (by_person**2).sum() / len(real_adds) ** 2)
    reach = 1.959964 * np.sqrt(variance)
    return float(value), (float(value - reach), float(value + reach))


@dataclass(frozen=True)
class _Near:
    """Of each image of a part its nearest ones in it: their places in the part and squared distances, nearest first."""

    places: NDArray[np.int32]
    squares: Single

    def without(self, left: NDArray[np.integer] | None, nearest: int) -> Single:
        """Squared radii without each tenth that `left` tells (row by row), then with all."""
        radii = []
        tenth = None if left is None else left[self.places]
        for number in range(0 if tenth is None else GROUPS):
            kept = tenth != number
            place = (np.cumsum(kept, axis=1) >= nearest).argmax(axis=1)
            radii.append(np.take_along_axis(self.squares, place[:, None], axis=1)[:, 0])
        return np.stack([*radii, self.squares[:, nearest - 1]])


def _among(
    rows: Single, parts: Sequence[NDArray[np.integer]], members: Single, nearest: int
) -> tuple[NDArray[np.float64], list[_Near]]:
    """Of each part, for every image: the kernel summed over the part's other images; and who is near in it."""
    total = np.zeros((len(parts), len(rows)))
    near = []
    for part in parts:
        shape = len(part), min(SPARE * nearest, len(part) - 1)
        near.append(_Near(np.empty(shape, dtype=np.int32), np.empty(shape, dtype=np.float32)))
    for block in blocks(len(rows), ROWS):
        inner, squares = _pairs(rows[block], rows)
        own = np.arange(len(inner)), np.arange(block.start, block.stop)
        values = _kernel(inner)
        values[own] = 0.0
        squares[own] = np.inf
        total[:, block] = members @ values.T
        for part, found in zip(parts, near, strict=True):
            here = _within(part, block)
            apart = squares[np.ix_(part[here] - block.start, part)]
            count = found.squares.shape[1]
            places = np.argpartition(apart, count - 1, axis=1)[:, :count]
            order = np.argsort(np.take_along_axis(apart, places, axis=1), axis=1)
            found.places[here] = np.take_along_axis(places, order, axis=1)
            found.squares[here] = np.take_along_axis(apart, found.places[here].astype(np.intp), axis=1)
    return total, near


def _within(part: NDArray[np.integer], block: slice) -> slice:
    """Where in a part, in rising order, a block's images stand."""
    return slice(*np.searchsorted(part, (block.start, block.stop)))


def _pairs(rows: Single, others: Single) -> tuple[Single, Single]:
    """Inner products by the number of features, and squared distances, (n, m)."""
    inner = rows @ others.T
    squares = inner * np.float32(-2.0)
    squares += np.einsum("nd,nd->n", rows, rows)[:, None]
    squares += np.einsum("md,md->m", others, others)[None, :]
    np.maximum(squares, 0.0, out=squares)
    inner /= np.float32(rows.shape[1])
    return inner, squares


def _kernel(inner: Single) -> Single:
    """KID's kernel less one: a constant falls out of the estimate, and smaller numbers are summed more exactly."""
    return np.asarray(((inner + 3.0) * inner + 3.0) * inner, dtype=np.float32)
