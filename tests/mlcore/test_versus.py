import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mlcore import backbone, versus
from mlcore.__main__ import main
from mlcore.data import PackedDataset, PackedWriter, split
from mlcore.errors import ClassifierError

from . import eight_pixels

# A real network's fit in small is still a fit.
pytestmark = pytest.mark.slow


class Means(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x.mean(dim=(2, 3)), x.std(dim=(2, 3))], dim=1)


@pytest.fixture
def network() -> backbone.Backbone:
    return backbone.Backbone("means", "a" * 64, Means(), lambda x: x)


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """Thirty bright palms of ten people."""
    source = np.random.RandomState(0)
    rows = [{"file": f"{n}.png", "person": str(n // 3), "source": "here"} for n in range(30)]
    with PackedWriter(tmp_path / "packed", 16) as writer:
        for row in rows:
            writer.add(source.randint(150, 256, (16, 16, 3)).astype(np.uint8), row)
        writer.close(split(rows))
    return tmp_path / "packed"


def test_a_generator_of_noise_is_told_from_palms(packed: Path, tmp_path: Path, network) -> None:
    generator = eight_pixels.save(tmp_path, "tiny-palms", eight_pixels.DCGAN)
    row = versus.against(generator, packed, network)
    held = PackedDataset.open(packed, "validation")
    assert (row["trained"], row["tested"]) == (30 - len(held), len(held))
    assert row["generator"] == "tiny-palms"
    assert row["side"] == 8
    assert row["accuracy"] > 0.9
    assert row["roc_auc"] > 0.9
    assert row["accuracy_interval"][0] <= row["accuracy"] <= row["accuracy_interval"][1]
    assert versus.against(generator, packed, network) == row
    assert "| tiny-palms | 8 |" in versus.table([row])


def test_palms_against_palms_are_guessed(packed: Path, tmp_path: Path, network, monkeypatch) -> None:
    """Where the generator's images are real ones of the same people, nothing is left to tell them by."""
    real = [PackedDataset.open(packed, part) for part in ("train", "validation")]
    drawn = []

    class Copies:
        image_size, sha256 = 16, "b" * 64

    class Image:
        def __init__(self, pixels: np.ndarray) -> None:
            self.pixels = pixels

    def generate(spec, _model):
        drawn.append(spec)
        return (Image(real[len(drawn) - 1].images([place])[0]) for place in range(spec.count))

    monkeypatch.setattr(versus.engine, "load", lambda _path: Copies())
    monkeypatch.setattr(versus.engine, "generate", generate)
    row = versus.against("copies", packed, network)
    assert row["accuracy"] == 0.5
    assert row["roc_auc"] == 0.5
    assert len({spec.seed for spec in drawn}) == 2


def test_the_interval_is_wilsons() -> None:
    assert versus.wilson(9, 10) == pytest.approx([0.5958, 0.9821], abs=1e-4)
    assert versus.wilson(10, 10)[1] == 1


def test_the_command_writes_the_rows_and_the_page(packed, tmp_path, network, monkeypatch, capsys) -> None:
    monkeypatch.setattr(backbone, "load", lambda weights: network)
    generator = eight_pixels.save(tmp_path, "tiny-palms", eight_pixels.DCGAN)
    page, out = tmp_path / "page.md", tmp_path / "rows.json"
    page.write_text("# Lab\n\n<!-- versus -->\nold\n<!-- /versus -->\n\nMore.\n")
    arguments = ["classifier", "versus", str(packed), str(generator), "--out", str(out), "--page", str(page)]
    assert main(arguments) == 0
    assert [row["generator"] for row in json.loads(out.read_text())["rows"]] == ["tiny-palms"]
    text = page.read_text()
    assert text.startswith("# Lab\n\n<!-- versus -->\n| generator |")
    assert text.endswith("<!-- /versus -->\n\nMore.\n")
    assert "old" not in text
    assert "tiny-palms" in capsys.readouterr().out
    page.write_text("nothing to fill")
    assert main(arguments) == 2
    assert page.read_text() == "nothing to fill"


def test_hands_are_told_from_hands(packed, tmp_path, network, monkeypatch, capsys) -> None:
    monkeypatch.setattr(backbone, "load", lambda weights: network)
    generator = eight_pixels.save(tmp_path, "hands", replace(eight_pixels.DCGAN, notes={"subject": "hand"}))
    words = ["classifier", "versus", str(tmp_path / "no-palms"), str(generator), "--json"]
    assert main(words) == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == {"rows": []}
    assert "--hands" in told.err
    assert main([*words, "--hands", str(packed)]) == 0
    assert [row["generator"] for row in json.loads(capsys.readouterr().out)["rows"]] == ["hands"]


def test_without_generators_it_says_so(packed, monkeypatch, capsys) -> None:
    from mlcore import zoo_index

    monkeypatch.setattr(zoo_index, "names", dict)
    assert main(["classifier", "versus", str(packed)]) == 2
    assert "No generator ships" in capsys.readouterr().err


def test_too_few_palms_are_refused(tmp_path: Path, network) -> None:
    with PackedWriter(tmp_path / "packed", 16) as writer:
        writer.add(np.zeros((16, 16, 3), np.uint8), {"file": "0.png", "source": "here"})
        writer.close(["train"])
    generator = eight_pixels.save(tmp_path, "tiny-palms", eight_pixels.DCGAN)
    with pytest.raises(ClassifierError, match="both parts need two"):
        versus.against(generator, tmp_path / "packed", network)
