"""OpenVINO behind the same call: near to torch, the same bytes in any order and portion, said in every recipe."""

import json
import multiprocessing
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from mlcore import engine, images, openvino_network
from mlcore.__main__ import main
from mlcore.errors import SpecError
from mlcore.openvino_network import OpenVinoMissing, OpenVinoNetwork
from mlcore.spec import GenerationSpec

from . import eight_pixels
from .eight_pixels import DCGAN, UNET


def test_where_it_is_missing_one_is_told_how_to_get_it(tmp_path: Path, monkeypatch, capsys) -> None:
    path = eight_pixels.save(tmp_path, "g", DCGAN)
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(OpenVinoMissing, match=r"requirements-openvino\.txt"):
        engine.load(path, computing="openvino")
    assert main(["generate", str(path), str(tmp_path / "out"), "2", "--backend", "openvino"]) == 2
    assert "OpenVINO is not installed" in capsys.readouterr().err


def test_an_unknown_backend_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="torch or openvino"):
        engine.load(eight_pixels.save(tmp_path, "g", DCGAN), computing="abacus")


@pytest.mark.slow
@pytest.mark.parametrize("header", [DCGAN, UNET], ids=["dcgan", "unet"])
def test_images_are_those_of_torch_and_keep_their_bytes(tmp_path: Path, header) -> None:
    path = eight_pixels.pair(tmp_path, header)
    torch_made, made = engine.load(path), engine.load(path, computing="openvino")
    spec = GenerationSpec(count=20, seed=2)
    whole = {image.index: image.pixels for image in engine.generate(spec, made)}
    for image in engine.generate(spec, torch_made):
        assert np.abs(whole[image.index].astype(int) - image.pixels).max() <= 1
    again = {image.index: image.pixels for image in engine.generate(spec, made, indices=[19, 4])}
    assert all((again[index] == whole[index]).all() for index in again)


@pytest.mark.slow
def test_files_say_who_computed_them_and_verify_with_the_same(tmp_path: Path, capsys) -> None:
    path, out = str(eight_pixels.pair(tmp_path)), tmp_path / "out"
    assert main(["generate", path, str(out), "4", "--backend", "openvino"]) == 0
    recipe = json.loads(images.png_text((out / "000001.png").read_bytes())["palmsite"])
    assert f"openvino {openvino_network.version()}" in recipe["backend"]
    assert main(["generate", path, str(out), "--verify", "--backend", "openvino"]) == 0
    capsys.readouterr()
    assert main(["generate", path, str(out), "--verify"]) == 1
    assert "backend, where equal bytes are not promised" in capsys.readouterr().out


def signalled_after_two_networks() -> None:
    """As a worker does that is stopped after it has let go of a generator and then of its discriminator."""
    heard = []
    signal.signal(signal.SIGTERM, lambda number, _frame: heard.append(number))
    first, second = (OpenVinoNetwork(torch.nn.Linear(2, 2)) for _ in range(2))
    for network in (first, second):
        network(torch.zeros(1, 2))
    del first, network
    del second
    os.kill(os.getpid(), signal.SIGTERM)
    assert heard == [signal.SIGTERM]


@pytest.mark.slow
def test_who_has_computed_with_it_still_hears_signals() -> None:
    process = multiprocessing.get_context("spawn").Process(target=signalled_after_two_networks)
    process.start()
    process.join()
    assert process.exitcode == 0
