"""What the checkpoints of a run say of its past."""

from types import SimpleNamespace

import torch

from mlcore import checkpoint, presets, runs
from mlcore.checkpoint import Header


class Pictures(SimpleNamespace):
    """Seven pictures and their manifest."""

    manifest = {
        "sha256": "0" * 64,
        "counts": {"source": {"11k-hands": 7}, "thumb_side": {"left": 2, "right": 5}},
    }

    def __len__(self):
        return 7


def facts_of(name, *overrides):
    return runs._facts(presets.read(name, list(overrides)), Pictures())


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
    assert facts["conditions"]["hand"] == {"drawn": "right", "left_share": 2 / 7}
