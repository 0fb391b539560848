"""The card says what the header says, and the command refuses what it does not know."""

import json
from dataclasses import replace
from pathlib import Path

from mlcore import checkpoint, engine, shipping, zoo_index
from mlcore.__main__ import main
from mlcore.checkpoint import Header
from mlcore.shipping import TERMS, card
from tests.mlcore import eight_pixels


def header(**more):
    found = {"n": 1756, "n_ref": 312, "kid": 0.0123, "kid_ci": [0.011, 0.0136], "fd": 30.0}
    found |= {"precision": 0.6, "recall": 0.4, "coverage": 0.5}
    lineage = [
        {
            "source": "11k-hands",
            "images": 1253,
            "title": TERMS["11k-hands"][0],
            "terms": TERMS["11k-hands"][1],
        }
    ]
    return Header(
        kind="generator",
        architecture="fastgan-generator",
        recipe="projected",
        step=12_000,
        lineage=lineage,
        licence="as stated",
        metrics={"held_out": {"efficientnet-lite2": found}, "seconds_per_image": 0.02},
        notes={
            "command": "python -m mlcore train x",
            "preset": "x",
            "trained_on": 1411,
            "batch": 16,
        },
        **more,
    )


def test_a_card_says_what_was_measured_and_where_the_data_comes_from():
    text = card("palm-x", header(calibration={"real": 312, "generated": 312, "error": 0.016}))
    assert "| efficientnet-lite2 | 1,756 | 312 | 12.3 (11.0 to 13.6) | 30.0 | 0.60 | 0.40 | 0.50 |" in text
    assert (
        "| 11K Hands (M. Afifi), with the crops of palmistry-dhpnb v3 | 1,253 | free for reasonable" in text
    )
    assert "step 12,000, 192,000 pictures seen of 1,411 different ones" in text
    assert "its expected error is 0.016" in text
    assert "    python -m mlcore train x" in text


def test_a_card_without_a_discriminator_says_so():
    assert "There is no discriminator" in card("palm-x", header())


def test_an_unknown_model_is_refused(capsys, tmp_path):
    assert main(["zoo", "--data", str(tmp_path), "--only", "palm-of-god"]) == 2
    assert "palm-dcgan-128" in capsys.readouterr().err
    assert main(["zoo", "--data", str(tmp_path / "none"), "--runs", str(tmp_path)]) == 2
    assert "There is no folder" in capsys.readouterr().err


def test_a_training_that_was_stopped_is_not_shipped(tmp_path, monkeypatch, capsys):
    reached = []

    def trained(words):
        last = Path(words[words.index("--out") + 1]) / "last"
        checkpoint.save(
            last / "generator.safetensors", {}, Header(kind="generator", architecture="x", step=5)
        )
        reached.append(words)
        return 0

    monkeypatch.setattr("mlcore.__main__.main", trained)
    monkeypatch.setattr(shipping, "ship", lambda *words, **more: {"held_out": {}})
    (tmp_path / "data" / "palm-128").mkdir(parents=True)
    (tmp_path / "data" / "palm-128" / "manifest.json").touch()
    words = ["zoo", "--data", str(tmp_path), "--runs", str(tmp_path), "--zoo", str(tmp_path / "zoo")]
    assert main([*words, "--only", "palm-wgan-gp,palm-dcgan-128"]) == 0
    told = capsys.readouterr().out
    assert "palm-wgan-gp: stopped; the same call goes on" in told and "calibrating" not in told
    assert len(reached) == 1
    monkeypatch.setattr(zoo_index, "choose_default", lambda folder: "palm-wgan-gp")
    assert main([*words, "--only", "palm-wgan-gp", "--set", "steps=5"]) == 0
    assert "palm-wgan-gp: calibrating and measuring" in capsys.readouterr().out


def test_a_cards_flaws_and_kinds_come_from_the_measures():
    made = header()
    spoilt = {"lattice": 3.21, "frame": 1.0, "sharpness": 0.5, "cast": (0.0, -12.0, 0.0)}
    real = {"recall": 0.85}
    made.metrics["held_out"]["efficientnet-lite2"]["real"] = real
    text = card(
        "palm-x",
        replace_measures(
            made,
            artefacts=spoilt,
            kinds={"phones": {"data": 0.3, "made": 0.05}},
            tones={"made": [0.05, 0.2, 0.2, 0.2, 0.35], "held_out": [0.2] * 5},
        ),
    )
    assert "| phones | 30% | 5% |" in text
    assert "| made | 5% | 20% | 20% | 20% | 35% |" in text
    for words in (
        "lattice",
        "sharpness is 0.50",
        "+0, -12, +0",
        "like those of phones are 5%",
        "The darkest fifth of real palms is 5%",
        "The lightest fifth of real palms is 35%",
        "40% of real palms have a like",
    ):
        assert words in text
    assert "differ from its inside" not in text


def test_a_card_without_flaws_says_so():
    fine = {"lattice": 1.0, "frame": 1.0, "sharpness": 1.0, "cast": (0.0, 0.0, 0.0)}
    made = header()
    made.metrics["held_out"]["efficientnet-lite2"]["real"] = {"recall": 0.5}
    assert "None that these numbers show." in card("palm-x", replace_measures(made, artefacts=fine))


def test_the_table_has_a_row_for_each_generator(tmp_path, capsys):
    found = {"kid": 0.0243, "kid_ci": [0.022, 0.0265], "fd": 30.5, "precision": 0.61, "recall": 0.27}
    metrics = {
        "held_out": {"efficientnet-lite2": found},
        "artefacts": {"lattice": 1.24, "frame": 1.1, "sharpness": 0.93},
        "seconds_per_image": 0.02,
    }
    eight_pixels.save(
        tmp_path,
        "palm-x",
        eight_pixels.DCGAN,
        metrics=metrics,
        step=100,
        recipe="dcgan",
        notes={"batch": 12, "pictures_before": 400},
    )
    assert main(["zoo", "--table", "--zoo", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "| palm-x | dcgan |" in text
    assert "| 1,600 | 24.3 (22.0 to 26.5) | 30.5 | 0.61 | 0.27 | 1.2 | 1.10 | 0.93 | 0.020 |" in text
    assert main(["zoo", "--table", "--json", "--zoo", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out) == {"palm-x": metrics}


def test_training_the_zoo_needs_data(capsys):
    assert main(["zoo"]) == 2
    assert "--data" in capsys.readouterr().err


def test_what_ships_is_small_enough_to_clone():
    sizes = {path.name: path.stat().st_size / 2**20 for path in zoo_index.ZOO.iterdir()}
    assert max(sizes.values()) <= 12
    assert sum(sizes.values()) <= 36


def test_every_generator_that_ships_loads_with_its_judge_has_a_card_and_is_known_by_name():
    assert zoo_index.default_name() in zoo_index.names()
    for name, path in zoo_index.names().items():
        model = engine.load(name)
        assert model.scorer is not None or checkpoint.peek(path).sampler != "gan"
        assert path.with_suffix(".md").read_text() == card(name, checkpoint.peek(path))


def test_models_with_one_judge_share_its_file(tmp_path):
    run, zoo = tmp_path / "run", tmp_path / "zoo"
    run.mkdir(), zoo.mkdir()
    assert shipping.judge_of(run, zoo, "small") == ""
    eight_pixels.pair(run)
    sha256 = shipping.judge_of(run, zoo, "small", licence="as stated")
    assert checkpoint.file_sha256(zoo / "small-judge.safetensors") == sha256
    eight_pixels.save(run, "discriminator", eight_pixels.DISCRIMINATOR, seed=1, step=9)
    assert shipping.judge_of(run, zoo, "large", licence="another") == sha256
    assert not (zoo / "large-judge.safetensors").exists()
    eight_pixels.save(run, "discriminator", eight_pixels.DISCRIMINATOR, seed=2)
    own = shipping.judge_of(run, zoo, "large")
    assert checkpoint.file_sha256(zoo / "large-judge.safetensors") == own != sha256


def test_a_model_names_the_bank_of_its_own_sources_alone():
    (bank,) = {header.bank for _path, header in zoo_index.generators() if header.notes["subject"] == "palm"}
    both = [{"source": "human-palm-images"}, {"source": "11k-hands"}]
    assert shipping._bank_of(both, "palm") == bank
    assert shipping._bank_of([*both, {"source": "ours"}], "palm") == ""
    assert shipping._bank_of(both[:1], "palm") == ""


def replace_measures(made, **more):
    return replace(made, metrics={**made.metrics, **more})
