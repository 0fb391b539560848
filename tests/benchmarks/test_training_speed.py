"""Both ways take a step; their times are told."""

import json

import pytest

from tests.benchmarks import training_speed


@pytest.mark.slow
def test_both_ways_train_and_are_compared(tmp_path, capsys):
    out = tmp_path / "training.json"
    training_speed.main(
        [str(out), "--size", "8", "--width", "4", "--batch", "4", "--rounds", "2", "--threads", "1"]
    )
    found = json.loads(out.read_text())
    assert found["seconds_per_image"] > 0 and found["ratio"] > 0 and found["image_size"] == 8
    assert "| DCGAN 8 px, width 4, batch 4 |" in capsys.readouterr().out
