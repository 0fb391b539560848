"""The comparison finds no difference where there is none, and the true one where there is."""

import json

import numpy as np
import torch

from tests.benchmarks import half_precision
from tests.mlcore.test_trainer import make


def test_equal_pixels_are_equal_and_one_step_is_seen():
    pictures = np.full((2, 4, 4, 3), 100, np.uint8)
    other = pictures.copy()
    other[0, 0, 0, 0] = 103
    assert half_precision.compare(pictures, pictures) == {
        "bytes_equal": 1.0,
        "bytes_within_one": 1.0,
        "mean_difference": 0.0,
        "largest_difference": 0,
        "psnr_db": None,
    }
    found = half_precision.compare(pictures, other)
    assert found["largest_difference"] == 3 and found["bytes_equal"] == 95 / 96
    assert round(found["psnr_db"], 3) == round(10 * np.log10(255**2 / (9 / 96)), 3)


def test_what_ships_is_moved_by_no_more_than_rounding_took():
    half = torch.randn(2000).half().float()
    whole = half_precision.unrounded(half, np.random.default_rng(0))
    assert (whole != half).float().mean() > 0.99
    assert (whole.half().float() == half).float().mean() > 0.99  # under a power of two steps are half as long


def test_a_run_is_compared_with_what_it_ships(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(half_precision.reference, "built_in", lambda *key: None)
    make(tmp_path / "run", 10).train()
    half_precision.main([str(tmp_path / "run"), str(tmp_path / "out.json"), "--count", "16"])
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["step"] == 10 and found["pixels"]["bytes_within_one"] > 0.99
