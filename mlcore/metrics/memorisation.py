"""Privacy: whether made images lie closer to training images than real palms of other people do.

The yardstick is always held-out real images. What is suspicious here is for a person to look at: a small
distance is no proof of a copy, and a copy that these features cannot see is not found.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.metrics.features import Array, blocks, checked_pair, distances

EXPECTED_SHARE = 0.05
SHOWN = 20
RESAMPLES = 400


@dataclass(frozen=True)
class Suspect:
    """One made image, the training image nearest to it, and the distance as a share of the suspicious one."""

    index: int
    training_index: int
    distance: float
    ratio: float


@dataclass(frozen=True)
class Memorisation:
    """What the distances say; the `held_*` numbers are those of real people who are not in the training data.

    `ratio`: median nearest distance over that of held-out palms; below 1 is closer than real palms are.
    `suspicious`: share closer than `threshold`, under which `expected` of the held-out palms lie.
    `excess_low`: lower 95 % bound of `suspicious` - `expected`; above zero is more than chance explains.
    `*_ci`: 95 % intervals for other images of the same model, the training palms as they stand.
    `authentic`: share of images farther from their nearest training image than it is from its own nearest.
    `copies`: images closer than half of the smallest held-out distance.
    """

    n: int
    n_training: int
    n_held: int
    distance: float
    held_distance: float
    ratio: float
    ratio_ci: tuple[float, float]
    threshold: float
    suspicious: float
    suspicious_ci: tuple[float, float]
    expected: float
    excess_low: float
    copies: int
    copies_ci: tuple[float, float]
    authentic: float
    authentic_ci: tuple[float, float]
    held_authentic: float
    suspects: tuple[Suspect, ...]


def memorisation(
    features: NDArray[np.floating],
    training: NDArray[np.floating],
    held: NDArray[np.floating],
    *,
    shown: int = SHOWN,
) -> Memorisation:
    """Compare made images' nearest training images with those of held-out real palms."""
    made, known = checked_pair(features, training, minimum=1)
    real, _ = checked_pair(held, training, minimum=1)
    within, _ = nearest(known, known, itself=True)
    apart, index = nearest(made, known)
    held_apart, held_index = nearest(real, known)
    threshold = float(np.quantile(held_apart, EXPECTED_SHARE))
    suspicious = int((apart < threshold).sum())
    copies = int((apart < held_apart.min() / 2).sum())
    copies_low, copies_high = wilson(copies, len(made))
    authentic = int((apart > within[index]).sum())
    order = np.argsort(apart, kind="stable")[:shown]
    typical, held_typical = float(np.median(apart)), float(np.median(held_apart))
    return Memorisation(
        n=len(made),
        n_training=len(known),
        n_held=len(real),
        distance=typical,
        held_distance=held_typical,
        ratio=typical / held_typical if held_typical > 0 else float("inf"),
        ratio_ci=_ratio_interval(apart, held_apart),
        threshold=threshold,
        suspicious=suspicious / len(made),
        suspicious_ci=wilson(suspicious, len(made)),
        expected=EXPECTED_SHARE,
        excess_low=excess_low(suspicious / len(made), len(made), len(real)),
        copies=copies,
        copies_ci=(copies_low * len(made), copies_high * len(made)),
        authentic=authentic / len(made),
        authentic_ci=wilson(authentic, len(made)),
        held_authentic=float((held_apart > within[held_index]).mean()),
        suspects=tuple(
            Suspect(int(i), int(index[i]), float(apart[i]), float(apart[i] / threshold) if threshold else 0.0)
            for i in order
        ),
    )


def nearest(rows: Array, known: Array, *, itself: bool = False) -> tuple[Array, NDArray[np.int64]]:
    """Distance and index of the nearest of `known`; with `itself` both are one set, a row no answer."""
    found, index = np.empty(len(rows)), np.empty(len(rows), dtype=np.int64)
    for block in blocks(len(rows)):
        apart = distances(rows[block], known)
        if itself:
            apart[np.arange(len(apart)), np.arange(block.start, block.stop)] = np.inf
        index[block] = apart.argmin(axis=1)
        found[block] = apart[np.arange(len(apart)), index[block]]
    return found, index


def excess_low(share: float, count: int, held: int, z: float = 1.959964) -> float:
    """Lower bound of how far a share is above the expected one.

    The threshold is a quantile of `held` images and so uncertain itself: with few of them, chance alone puts
    twice the expected share below it. Both samples' errors count, at the share both would have if equal.
    """
    pooled = (share * count + EXPECTED_SHARE * held) / (count + held)
    return share - EXPECTED_SHARE - z * float(np.sqrt(pooled * (1 - pooled) * (1 / count + 1 / held)))


def _ratio_interval(apart: Array, held: Array) -> tuple[float, float]:
    """95 % interval of the ratio of two medians by a bootstrap of both sides."""
    random = np.random.default_rng(0)

    def medians(distances: Array) -> Array:
        return np.array([np.median(random.choice(distances, len(distances))) for _ in range(RESAMPLES)])

    over, under = medians(apart), medians(held)
    ratios = np.divide(over, under, out=np.full(RESAMPLES, np.inf), where=under > 0)
    low, high = np.quantile(ratios, [0.025, 0.975], method="nearest")
    return float(low), float(high)


def wilson(successes: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927), sensible at 0 and at 1 too."""
    share, square = successes / trials, z * z / trials
    centre = (share + square / 2) / (1 + square)
    reach = z * np.sqrt(share * (1 - share) / trials + square / (4 * trials)) / (1 + square)
    return max(float(centre - reach), 0.0), min(float(centre + reach), 1.0)
