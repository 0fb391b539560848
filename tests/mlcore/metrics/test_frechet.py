import numpy as np
import pytest
import scipy.linalg

from mlcore.metrics.errors import FeaturesDiffer, TooFewImages
from mlcore.metrics.extrapolation import extrapolated_distance
from mlcore.metrics.fid import frechet_distance, trace_of_root
from mlcore.metrics.moments import Moments
from mlcore.metrics.parts import PartDistances


def drawn(count, dim, seed, scale=1.0, shift=0.0):
    random = np.random.default_rng(seed)
    return random.normal(size=(count, dim)) @ random.normal(size=(dim, dim)) * scale + shift


def test_closed_form_of_diagonal_normals():
    one = Moments(10_000, np.zeros(3), np.diag([1.0, 4.0, 9.0]))
    other = Moments(10_000, np.array([1.0, 2.0, 2.0]), np.diag([4.0, 4.0, 1.0]))
    assert frechet_distance(one, other) == pytest.approx(9 + 1 + 0 + 4)


def test_equal_moments_are_at_distance_zero():
    moments = Moments.of(drawn(200, 6, 0))
    assert frechet_distance(moments, moments) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("n", "m"), [(80, 90), (12, 90), (12, 15), (90, 12)])
def test_trace_agrees_with_the_matrix_root_also_when_singular(n, m):
    one, other = Moments.of(drawn(n, 20, 1)), Moments.of(drawn(m, 20, 2))
    root = scipy.linalg.sqrtm(one.covariance @ other.covariance + 1e-14 * np.eye(20))
    assert trace_of_root(one, other) == pytest.approx(np.trace(root).real, rel=1e-4)
    assert trace_of_root(one, other) == pytest.approx(trace_of_root(other, one), rel=1e-9)


def test_regular_trace_agrees_to_nine_digits():
    one, other = Moments.of(drawn(300, 30, 3)), Moments.of(drawn(300, 30, 4))
    root = scipy.linalg.sqrtm(one.covariance @ other.covariance)
    assert trace_of_root(one, other) == pytest.approx(np.trace(root).real, rel=1e-9)


def test_singular_covariance_falls_back_to_eigenvectors():
    covariance = np.zeros((4, 4))
    covariance[0, 0] = 4.0
    moments = Moments(100, np.zeros(4), covariance)
    assert moments.factor @ moments.factor.T == pytest.approx(covariance)
    assert frechet_distance(moments, Moments(100, np.zeros(4), np.eye(4))) == pytest.approx(4 + 4 - 2 * 2)


def test_constant_features_give_a_number():
    constant = Moments.of(np.ones((30, 5)))
    other = Moments.of(drawn(100, 5, 5))
    expected = ((1 - other.mean) ** 2).sum() + np.trace(other.covariance)
    assert frechet_distance(constant, other) == pytest.approx(expected)


def test_other_dimensions_are_refused():
    with pytest.raises(FeaturesDiffer, match="different networks"):
        frechet_distance(Moments.of(drawn(9, 3, 0)), Moments.of(drawn(9, 4, 0)))


def test_one_image_has_no_covariance():
    with pytest.raises(TooFewImages, match="has 1 images"):
        Moments.of(np.ones((1, 5)))


@pytest.mark.parametrize(("count", "others", "dim"), [(60, 40, 80), (300, 100, 40), (50, 200, 64)])
def test_a_part_is_as_far_as_it_is_alone(count, others, dim):
    rows, reference = drawn(count, dim, 0), Moments.of(drawn(others, dim, 1) + 0.2)
    parts = PartDistances(rows, reference)
    for part in (np.arange(count), np.arange(3, count, 2)):
        alone = frechet_distance(Moments.of(rows[part]), reference)
        assert parts.of(part) == pytest.approx(alone, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("count", "dim", "widest"), [(600, 24, 3), (300, 200, 8), (1_000, 200, 1)])
def test_the_interval_at_endless_n_holds_the_truth(count, dim, widest):
    random = np.random.default_rng(8)
    mix = random.normal(size=(dim, dim)) / np.sqrt(np.arange(1, dim + 1))
    target = Moments.of(random.normal(size=(200, dim)) @ mix)
    truth = frechet_distance(Moments(10**9, np.full(dim, 0.1), mix.T @ mix), target)
    found = [
        extrapolated_distance(random.normal(size=(count, dim)) @ mix + 0.1, target, seed=seed)
        for seed in range(20)
    ]
    assert sum(low <= truth <= high for low, high in (one.interval for one in found)) >= 17
    # An interval that holds everything would say nothing.
    assert np.mean([high - low for low, high in (one.interval for one in found)]) < widest * truth


@pytest.mark.slow
def test_extrapolation_takes_the_bias_out():
    random = np.random.default_rng(6)
    dim = 32
    target = Moments(10**6, np.zeros(dim), np.eye(dim))
    finite, infinite = [], []
    for _ in range(6):
        rows = random.normal(size=(400, dim))
        finite.append(frechet_distance(Moments.of(rows), target))
        infinite.append(extrapolated_distance(rows, target).value)
    assert np.mean(finite) > 0.5
    assert abs(np.mean(infinite)) < 0.2 * np.mean(finite)


def test_extrapolation_refuses_a_handful():
    with pytest.raises(TooFewImages, match="at least 300"):
        extrapolated_distance(drawn(299, 4, 0), drawn(100, 4, 1))
