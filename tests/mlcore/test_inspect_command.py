"""What inspect says of a bank; that of checkpoints is tested where their commands are."""

import json
from pathlib import Path

import numpy as np
import pytest

from mlcore import reference
from mlcore.__main__ import main

from .tiny import tiny_extractor


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    features = np.random.default_rng(0).normal(1, 1, (6, 16))
    features[:, 3] = 0
    groups = ["a", "a", "a", "b", "", ""]
    built = reference.build(features, ["x"] * 6, tiny_extractor(), name="small", groups=groups)
    reference.save(built, tmp_path / "bank.safetensors")
    return tmp_path / "bank.safetensors"


def test_a_bank_says_what_it_holds(bank: Path, capsys) -> None:
    assert main(["inspect", str(bank), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["n"], told["dim"], told["groups"], told["images_in_largest_group"]) == (6, 16, 4, 3)
    assert told["features_always_zero"] == 1 and told["sha256"] == reference.load(bank).sha256
    assert main(["inspect", str(bank)]) == 0
    assert "bank of features" in capsys.readouterr().out


def test_a_bank_makes_no_images_and_a_torn_one_is_refused(bank: Path, tmp_path: Path, capsys) -> None:
    assert main(["inspect", str(bank), "--grid", str(tmp_path / "g.png")]) == 2
    assert "makes none" in capsys.readouterr().err
    bank.write_bytes(bank.read_bytes()[:-20])
    assert main(["inspect", str(bank)]) == 2
    assert not (tmp_path / "g.png").exists()
