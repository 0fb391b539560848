"""KID, precision, recall and coverage of many parts of one set: each pair of images is looked at once.

In single precision: a number is good to a millionth or so, enough for a curve. A set's headlines are in double, and
their interval is drawn anew two hundred times; here it comes from the spread of what each image adds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.metrics.features import blocks

Single = NDArray[np.float32]
ROWS = 512


@dataclass(frozen=True)
class Measures:
    """Of one part against the whole reference."""

    kid: float
    kid_ci: tuple[float, float]
    precision: float
    recall: float
    coverage: float


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
    members = np.zeros((len(parts), len(x)), dtype=np.float32)
    for member, part in zip(members, parts, strict=True):
        member[part] = 1.0
    all_real = np.ones((1, len(y)), dtype=np.float32)
    among, reach = _among(x, parts, members, nearest)
    among_real, real_reach = _among(y, [np.arange(len(y))], all_real, nearest)
    to_real = np.zeros(len(x))
    to_made = np.zeros((len(parts), len(y)))
    precise = np.zeros(len(x), dtype=bool)
    recalled, covered = (np.zeros((len(parts), len(y)), dtype=bool) for _ in range(2))
    for block in blocks(len(x), ROWS):
        inner, squares = _pairs(x[block], y)
        values = _kernel(inner)
        to_real[block] = values.sum(axis=1, dtype=np.float64)
        to_made += members[:, block] @ values
        held = squares < real_reach[0]
        precise[block] = held.any(axis=1)
        for number, member in enumerate(members):
            rows = np.flatnonzero(member[block])
            covered[number] |= held[rows].any(axis=0)
            recalled[number] |= (squares[rows] < reach[number, block.start + rows, None]).any(axis=0)
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
            recall=float(recalled[number].mean()),
            coverage=float(covered[number].mean()),
        )
        for number, part in enumerate(parts)
    ]


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


def _among(
    rows: Single, parts: Sequence[NDArray[np.integer]], members: Single, nearest: int
) -> tuple[NDArray[np.float64], Single]:
    """Of each part, for every image: the kernel summed over the part's other images, and its squared radius in it."""
    total = np.zeros((len(parts), len(rows)))
    reach = np.zeros((len(parts), len(rows)), dtype=np.float32)
    for block in blocks(len(rows), ROWS):
        inner, squares = _pairs(rows[block], rows)
        own = np.arange(len(inner)), np.arange(block.start, block.stop)
        values = _kernel(inner)
        values[own] = 0.0
        squares[own] = np.inf
        total[:, block] = members @ values.T
        for number, part in enumerate(parts):
            inside = np.flatnonzero(members[number, block])
            near = np.partition(squares[np.ix_(inside, part)], nearest - 1, axis=1)
            reach[number, block.start + inside] = near[:, nearest - 1]
    return total, reach


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
