"""What choosing costs: realism against diversity when only the best-scored share of a set is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.metrics.errors import FeaturesDiffer, NotFiniteScores, TooFewImages
from mlcore.metrics.features import checked_pair
from mlcore.metrics.memorisation import wilson
from mlcore.metrics.prdc import NEAREST
from mlcore.metrics.subsets import measure_parts

SHARES = (1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
MINIMUM = 10


@dataclass(frozen=True)
class Point:
    """One share kept: its measures with 95 % intervals, and the same for as many images drawn at random.

    Recall and coverage fall with N alone; only the difference from the random draw is the price of choosing.
    """

    share: float
    n: int
    kid: float
    kid_ci: tuple[float, float]
    precision: float
    precision_ci: tuple[float, float]
    recall: float
    recall_ci: tuple[float, float] | None
    coverage: float
    random_kid: float
    random_precision: float
    random_recall: float
    random_recall_ci: tuple[float, float] | None
    random_coverage: float


def choosing_curve(
    features: NDArray[np.floating],
    scores: Sequence[float] | NDArray[np.floating],
    reference: NDArray[np.floating],
    *,
    shares: Sequence[float] = SHARES,
    groups: NDArray[np.integer] | None = None,
    seed: int = 0,
) -> list[Point]:
    """Measure the best-scored shares; shares of fewer than 10 images are left out.

    `groups` says which reference images show one person, for KID's interval.
    """
    made, real = checked_pair(features, reference, minimum=NEAREST + 1)
    order = _best_first(scores, len(made))
    shuffled = np.random.default_rng(seed).permutation(len(made))
    counts = {share: round(share * len(made)) for share in shares if round(share * len(made)) >= MINIMUM}
    if not counts:
        raise TooFewImages(
            f"The set has {len(made)} images; the curve of choosing needs at least {MINIMUM} in a share.",
            n=len(made),
            least=MINIMUM,
        )
    parts = [rows[:count] for rows in (order, shuffled) for count in counts.values()]
    found = measure_parts(made, real, parts, nearest=NEAREST, groups=groups)
    return [
        Point(
            share=share,
            n=count,
            kid=chosen.kid,
            kid_ci=chosen.kid_ci,
            precision=chosen.precision,
            precision_ci=wilson(round(chosen.precision * count), count),
            recall=chosen.recall,
            recall_ci=chosen.recall_ci,
            coverage=chosen.coverage,
            random_kid=chance.kid,
            random_precision=chance.precision,
            random_recall=chance.recall,
            random_recall_ci=chance.recall_ci,
            random_coverage=chance.coverage,
        )
        for (share, count), chosen, chance in zip(
            counts.items(), found[: len(counts)], found[len(counts) :], strict=True
        )
    ]


def _best_first(scores: Sequence[float] | NDArray[np.floating], count: int) -> NDArray[np.int64]:
    """Indices by falling score; equal scores keep the set's order."""
    values = np.asarray(scores, dtype=np.float64)
    if values.shape != (count,):
        raise FeaturesDiffer(f"There are {values.size} scores for {count} images; score the set again.")
    if not np.isfinite(values).all():
        bad = int((~np.isfinite(values)).sum())
        raise NotFiniteScores(
            f"{bad} of {count} scores are not finite numbers; score the set again.", bad=bad, n=count
        )
    return np.argsort(-values, kind="stable")
