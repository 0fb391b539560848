import numpy as np
import pytest

from mlcore.metrics.errors import TooFewImages
from mlcore.metrics.prdc import prdc, radii


def formulas(made, real, k):
    """The four formulas of prdc (Naeem et al.), with full matrices."""
    apart = np.linalg.norm(real[:, None] - made[None], axis=2)
    real_radius = np.sort(np.linalg.norm(real[:, None] - real[None], axis=2), axis=1)[:, k]
    made_radius = np.sort(np.linalg.norm(made[:, None] - made[None], axis=2), axis=1)[:, k]
    inside = apart < real_radius[:, None]
    return (
        inside.any(axis=0).mean(),
        (apart < made_radius[None]).any(axis=1).mean(),
        inside.sum(axis=0).mean() / k,
        (apart.min(axis=1) < real_radius).mean(),
    )


@pytest.mark.parametrize("k", [3, 5])
def test_agrees_with_the_formulas(k):
    random = np.random.default_rng(0)
    made, real = random.normal(0.3, 1, size=(60, 4)), random.normal(size=(80, 4))
    found = prdc(made, real, nearest=k)
    assert (found.precision, found.recall, found.density, found.coverage) == pytest.approx(
        formulas(made, real, k)
    )


def test_equal_sets_are_perfect_and_far_ones_nothing():
    real = np.random.default_rng(1).normal(size=(40, 3))
    same, far = prdc(real, real), prdc(real + 100, real)
    assert (same.precision, same.recall, same.coverage) == (1, 1, 1)
    assert (far.precision, far.recall, far.density, far.coverage) == (0, 0, 0, 0)


def test_one_mode_of_two_is_precise_and_misses_half():
    random = np.random.default_rng(2)
    real = np.vstack([random.normal(size=(50, 2)), random.normal(50, 1, size=(50, 2))])
    found = prdc(random.normal(size=(100, 2)), real)
    assert found.precision > 0.8
    assert 0.3 < found.recall <= 0.5
    assert found.coverage <= 0.5


def test_radius_leaves_the_row_itself_out_also_among_copies():
    rows = np.array([[0.0], [0.0], [0.0], [3.0]])
    assert radii(rows, 2) == pytest.approx([0, 0, 0, 3])


def test_too_few_says_how_many():
    with pytest.raises(TooFewImages, match="at least 6"):
        prdc(np.zeros((5, 2)), np.zeros((50, 2)))


@pytest.mark.slow
def test_parity_with_torch_fidelity():
    from mlcore.torchvision_cure import import_torchvision

    import_torchvision()
    import torch
    from torch_fidelity.metric_prc import calculate_precision_recall_full

    random = np.random.default_rng(3)
    made, real = random.normal(0.2, 1, size=(150, 8)), random.normal(size=(130, 8))
    theirs = calculate_precision_recall_full(torch.from_numpy(made), torch.from_numpy(real), 3)
    found = prdc(made, real, nearest=3)
    assert (found.precision, found.recall) == pytest.approx(theirs)
