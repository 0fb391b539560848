"""Moments are worked out once, a broken file costs time only, and the oldest make room."""

import numpy as np
import pytest

from mlcore import moments_cache
from mlcore.metrics.fid import frechet_distance
from mlcore.metrics.moments import Moments
from mlcore.moments_cache import MomentsCache
from mlcore.reference import Bank, BankHeader


def bank(seed, n=40, dim=6):
    features = np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)
    header = BankHeader("b", "reference", "x", "w" * 64, 8, n, dim, "c" * 64)
    return Bank(header, features, np.arange(n))


def never(*_args):
    raise AssertionError("moments were worked out twice")


@pytest.mark.parametrize("n", [40, 4])
def test_they_are_worked_out_once_and_are_the_same(tmp_path, monkeypatch, n):
    one = bank(0, n)
    first = MomentsCache(tmp_path).moments(one)
    monkeypatch.setattr(Moments, "of", never)
    again = MomentsCache(tmp_path).moments(one)
    assert again.n == n
    for name in ("mean", "covariance", "factor"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    np.testing.assert_allclose(again.factor @ again.factor.T, again.covariance, atol=1e-12)
    assert frechet_distance(first, again) == pytest.approx(0, abs=1e-6)


def test_another_bank_and_a_part_of_one_are_others(tmp_path):
    cache = MomentsCache(tmp_path)
    whole = bank(0)
    part = Bank(
        BankHeader("b", "reference", "x", "w" * 64, 8, 20, 6, "c" * 64),
        whole.features[:20],
        whole.groups[:20],
    )
    found = [cache.moments(one).mean[0] for one in (whole, part, bank(1))]
    assert len(set(found)) == 3 and len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("content", [b"", b"torn", b"\x02\x00\x00\x00\x00\x00\x00\x00{}"])
def test_a_broken_file_costs_time_only(tmp_path, content):
    expected = MomentsCache(tmp_path).moments(bank(0)).mean
    (path,) = tmp_path.iterdir()
    path.write_bytes(content)
    np.testing.assert_array_equal(MomentsCache(tmp_path).moments(bank(0)).mean, expected)
    assert path.stat().st_size > len(content)


def test_the_oldest_make_room(tmp_path, monkeypatch):
    monkeypatch.setattr(moments_cache, "MOST_KEPT", 2)
    for seed in range(4):
        MomentsCache(tmp_path).moments(bank(seed))
    assert len(list(tmp_path.iterdir())) == 2


def test_no_folder_and_one_that_may_not_be_written_keep_nothing(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    for folder in (None, file / "inside"):
        assert MomentsCache(folder).moments(bank(0)).n == 40
