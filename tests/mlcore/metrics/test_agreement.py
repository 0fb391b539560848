"""Krippendorff's alpha against his own published example and in closed form."""

import numpy as np
import pytest

from mlcore.metrics.agreement import alpha, alpha_interval

N = np.nan
# Krippendorff 2011, section C: four observers, twelve units, gaps.
PUBLISHED = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
        [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
    ]
)


@pytest.mark.parametrize(("level", "value"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_the_published_example(level, value):
    assert alpha(PUBLISHED, level=level) == pytest.approx(value, abs=5e-4)


def test_perfect_and_opposite_raters():
    up = np.arange(1.0, 6.0)
    assert alpha(np.array([up, up, up])) == 1.0
    assert alpha(np.array([up, up[::-1]])) < -0.5


def test_raters_who_guess_agree_by_nothing():
    ratings = np.random.default_rng(0).integers(1, 6, (3, 2000)).astype(float)
    assert abs(alpha(ratings)) < 0.04
    low, high = alpha_interval(ratings, resamples=50)
    assert low < 0 < high


@pytest.mark.parametrize(
    "ratings",
    [[[1, 2, 3]], [[1, 2, N], [N, N, 3]], [[4, 4], [4, 4]], [[N], [N]]],
    ids=["one rater", "nothing in common", "all the same", "nothing"],
)
def test_where_nothing_can_be_said_nothing_is(ratings):
    table = np.array(ratings, dtype=float)
    assert alpha(table) is None
    assert alpha_interval(table) is None


def test_the_interval_holds_the_value():
    low, high = alpha_interval(PUBLISHED)
    assert low < alpha(PUBLISHED) < high
