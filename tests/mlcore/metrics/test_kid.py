import numpy as np
import pytest

from mlcore.metrics.errors import FeaturesDiffer, NotFiniteFeatures, TooFewImages
from mlcore.metrics.kid import kernel, kid, kid_with_interval


def by_hand(x, y):
    """The unbiased estimate with loops, straight from the paper."""
    d = x.shape[1]

    def k(a, b):
        return (a @ b / d + 1) ** 3

    n, m = len(x), len(y)
    within_x = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    within_y = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    between = sum(k(a, b) for a in x for b in y) / (n * m)
    return within_x + within_y - 2 * between


def test_agrees_with_the_formula_written_out():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(7, 5)), random.normal(0.4, 1.2, size=(9, 5))
    assert kid(x, y) == pytest.approx(by_hand(x, y), abs=1e-12)


def test_kernel_of_orthogonal_and_equal_rows():
    assert kernel(np.eye(4), np.eye(4)) == pytest.approx(np.where(np.eye(4) == 1, 1.25**3, 1.0))


def test_is_unbiased_at_small_n():
    random = np.random.default_rng(1)
    values = [kid(random.normal(size=(12, 3)), random.normal(size=(12, 3))) for _ in range(600)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(len(values))
    assert min(values) < 0 < max(values)


def test_blocks_do_not_change_the_answer(monkeypatch):
    random = np.random.default_rng(2)
    x, y = random.normal(size=(50, 4)), random.normal(size=(31, 4))
    whole = kid_with_interval(x, y, resamples=20)
    monkeypatch.setattr("mlcore.metrics.features.blocks.__defaults__", (7,))
    parts = kid_with_interval(x, y, resamples=20)
    assert (parts.value, parts.low, parts.high) == pytest.approx((whole.value, whole.low, whole.high))


@pytest.mark.slow
def test_interval_holds_the_true_value_mostly_and_shrinks_with_n():
    random = np.random.default_rng(3)

    def rectified(count, mean):
        return np.maximum(random.normal(mean, 0.5, size=(count, 32)), 0)

    truth = np.mean([kid(rectified(1500, 0), rectified(1500, 0.1)) for _ in range(20)])
    found = [kid_with_interval(rectified(240, 0), rectified(240, 0.1), resamples=100) for _ in range(60)]
    smaller = [kid_with_interval(rectified(60, 0), rectified(60, 0.1), resamples=100) for _ in range(10)]
    # 95 % of 60 is 57; fewer than 51 would happen once in three hundred.
    assert sum(one.low <= truth <= one.high for one in found) >= 51
    assert np.mean([one.high - one.low for one in found]) < 0.7 * np.mean(
        [one.high - one.low for one in smaller]
    )


def test_drawing_whole_people_makes_the_interval_wider():
    random = np.random.default_rng(4)
    people = np.repeat(np.arange(20), 10)
    y = random.normal(size=(20, 6))[people] + 0.05 * random.normal(size=(200, 6))
    x = random.normal(size=(200, 6))
    alone, grouped = kid_with_interval(x, y), kid_with_interval(x, y, groups=people)
    assert grouped.value == alone.value
    assert grouped.high - grouped.low > 1.3 * (alone.high - alone.low)


@pytest.mark.parametrize(
    ("made", "error", "word"),
    [
        (np.zeros((1, 4)), TooFewImages, "at least 2"),
        (np.full((5, 4), np.nan), NotFiniteFeatures, "5 of 5"),
        (np.zeros((5, 3)), FeaturesDiffer, "3 features"),
    ],
)
def test_refuses_what_has_no_answer(made, error, word):
    with pytest.raises(error, match=word):
        kid(made, np.zeros((5, 4)))


@pytest.mark.slow
def test_parity_with_torch_fidelity():
    from mlcore.torchvision_cure import import_torchvision

    import_torchvision()
    import torch
    from torch_fidelity.metric_kid import kid_features_to_metric

    random = np.random.default_rng(5)
    x, y = random.gamma(1.0, 0.4, size=(200, 64)), random.gamma(1.3, 0.4, size=(200, 64))
    theirs = kid_features_to_metric(
        torch.from_numpy(x),
        torch.from_numpy(y),
        kid_subsets=1,
        kid_subset_size=200,
        kid_degree=3,
        kid_gamma=None,
        kid_coef0=1,
        rng_seed=0,
        verbose=False,
    )
    assert kid(x, y) == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-9)


def test_copies_of_a_person_do_not_push_the_interval_up():
    # Each person's pictures are nearly one picture: pairs of a person with their own copy would look like real pairs.
    random = np.random.default_rng(7)
    people = np.repeat(np.arange(40), 5)
    centres = random.normal(size=(40, 8))
    real = centres[people] + 0.01 * random.normal(size=(200, 8))
    made = random.normal(size=(150, 8))
    alone = kid_with_interval(made, real)
    found = kid_with_interval(made, real, groups=people)
    assert found.value == alone.value
    assert found.high - found.low > 1.3 * (alone.high - alone.low)
    assert abs((found.low + found.high) / 2 - found.value) < 0.35 * (found.high - found.low)
