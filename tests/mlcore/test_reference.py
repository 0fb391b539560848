import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file
from scipy.spatial.distance import cdist

from mlcore import reference
from mlcore.evaluation import evaluate
from mlcore.metrics.duplicates import shared
from mlcore.metrics.errors import BankError, FeaturesDiffer, NotFiniteFeatures, TooFewImages
from tests.mlcore.tiny import pictures, tiny_extractor


def bank(count=120, seed=0, role="reference", split="validation", extractor=None, names=None):
    extractor = extractor or tiny_extractor()
    rows = extractor(pictures(count, seed=seed)).numpy()
    return reference.build(
        rows,
        [f"{seed}-{index}" for index in range(count)],
        extractor,
        name="palms",
        role=role,
        groups=names,
        split=split,
        lineage=[{"source": "a", "images": count, "terms": "CC BY 4.0"}],
    )


def test_a_bank_comes_back_as_it_was(tmp_path):
    made = bank(4, names=["bob", "", "bob", ""])
    sha256 = reference.save(made, tmp_path / "bank.safetensors")
    read = reference.load(tmp_path / "bank.safetensors")
    assert read.sha256 == sha256
    assert read.header == made.header
    assert read.groups.tolist() == [0, 1, 0, 2]
    assert np.allclose(read.features, made.features, rtol=1e-3, atol=1e-4)
    assert b"bob" not in (tmp_path / "bank.safetensors").read_bytes()


def test_a_training_bank_takes_a_quarter_of_the_room_and_its_distances_stay(tmp_path):
    training, held = bank(60, seed=1, role="training", split="train"), bank(20, seed=2)
    for role in ("reference", "training"):
        header = replace(training.header, role=role)
        reference.save(replace(training, header=header), tmp_path / f"{role}.safetensors")
    read = reference.load(tmp_path / "training.safetensors")
    before, after = (cdist(held.features, rows).min(axis=1) for rows in (training.features, read.features))
    assert after == pytest.approx(before, rel=0.08)
    stored = {
        path.stem: np.asarray(load_file(path)["features"]).nbytes for path in tmp_path.glob("*.safetensors")
    }
    assert stored["training"] * 4 == stored["reference"]


def test_a_training_bank_keeps_an_odd_number_of_columns_outliers_and_columns_of_one_value(tmp_path):
    random = np.random.default_rng(0)
    rows = random.normal(size=(200, 7)).astype(np.float32)
    rows[:, 3] = 2.5
    rows[0, 5] = 60.0
    made = reference.build(
        rows, [str(n) for n in range(200)], tiny_extractor(), name="x", role="training", split="train"
    )
    reference.save(made, tmp_path / "bank.safetensors")
    read = reference.load(tmp_path / "bank.safetensors").features
    assert read.shape == rows.shape
    assert np.abs(read[:, :3] - rows[:, :3]).mean() < 0.1
    assert (read[:, 3] == 2.5).all()
    assert read[0, 5] == 60.0


def test_content_names_the_photos_and_not_their_order():
    extractor = tiny_extractor()
    rows = extractor(pictures(2)).numpy()
    one = reference.build(rows, ["a", "b"], extractor, name="x")
    other = reference.build(rows[::-1], ["b", "a"], extractor, name="x")
    assert one.header.content == other.header.content


def test_what_is_no_bank_is_refused(tmp_path):
    path = tmp_path / "bank.safetensors"
    with pytest.raises(BankError, match="There is no bank"):
        reference.load(path)
    path.write_bytes(b"no bank at all")
    with pytest.raises(BankError, match="is no bank"):
        reference.load(path)
    reference.save(bank(4), path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(BankError, match="is no bank"):
        reference.load(path)
    whole = bank(4)
    with pytest.raises(NotFiniteFeatures):
        reference.build(np.full((3, 16), np.nan), list("abc"), tiny_extractor(), name="x")
    with pytest.raises(BankError, match="as many"):
        reference.build(whole.features, ["a"], tiny_extractor(), name="x")


def test_features_of_another_network_are_not_compared():
    with pytest.raises(FeaturesDiffer, match="Measure with that network"):
        evaluate(np.zeros((20, 16)), tiny_extractor(sha256="0" * 64), bank())


def test_the_report_holds_every_pinned_name_and_is_json():
    training = bank(200, seed=1, role="training", split="train")
    made = tiny_extractor()(pictures(120, seed=2)).numpy()
    scores = np.linspace(0, 1, 120).tolist()
    report = evaluate(made, tiny_extractor(), bank(), training=training, scores=scores)
    pinned = "n n_ref extractor weights_sha256 kid kid_ci fd precision recall density coverage"
    assert set(pinned.split()) <= set(report)
    assert (report["n"], report["n_ref"], report["extractor"]) == (120, 120, "tiny")
    assert report["real"]["way"] == "other_people"
    assert report["privacy"]["n_training"] == 200
    assert "fid" not in report
    assert len(report["choosing"]) == 8
    whole = report["choosing"][0]
    assert (whole["share"], whole["kid"], list(whole["kid_ci"])) == (1.0, report["kid"], report["kid_ci"])
    assert report["kid_ci"][0] <= report["kid"] <= report["kid_ci"][1]
    assert json.loads(json.dumps(report, allow_nan=False))["verdicts"]


def test_hands_are_no_twins_of_palms_from_the_same_photographs():
    training, held = bank(20, role="training", split="train"), bank(20, seed=3)
    assert reference.are_twins(training, held)
    hands = replace(held, header=replace(held.header, subject="hand"))
    assert not reference.are_twins(training, hands)


def test_a_training_bank_of_other_sources_does_not_play_the_set():
    strange = bank(200, seed=1, role="training", split="all")
    report = evaluate(bank(60, seed=2).features, tiny_extractor(), bank(), training=strange)
    assert report["real"]["way"] == "halves"


def another_camera(palms):
    """The same people to a network that sees another camera: all features moved."""
    return replace(palms, features=palms.features + 3, header=replace(palms.header, lineage=[], split=""))


def test_the_yardstick_of_privacy_is_the_training_banks_own_twin():
    training, held = bank(300, seed=1, role="training", split="train"), bank(200, seed=5)
    strange = another_camera(bank(200, seed=7))
    copies = evaluate(training.features[:60], tiny_extractor(), strange, training=training, held=held)
    people = evaluate(bank(60, seed=6).features, tiny_extractor(), strange, training=training, held=held)
    assert copies["privacy"]["copies"] == 60
    assert (people["privacy"]["copies"], people["privacy"]["excess_low"] <= 0) == (0, True)


def test_without_a_twin_privacy_is_not_measured():
    training = bank(300, seed=1, role="training", split="train")
    made = bank(60, seed=6).features
    strange = another_camera(bank(200, seed=7))
    for more, code in (({}, "no_training"), ({"training": training}, "no_held_out")):
        report = evaluate(made, tiny_extractor(), strange, **more)
        assert "privacy" not in report
        assert report["unmeasured"] == {"privacy": {"code": code}}
        assert "privacy" not in {one["measure"] for one in report["verdicts"]}


@pytest.mark.parametrize("count", [1, 20, 100])
def test_a_yardstick_that_shares_palms_with_the_training_certifies_nothing(tmp_path, count):
    training, held = bank(300, seed=1, role="training", split="train"), bank(100, seed=5)
    rows = np.vstack([held.features[count:], training.features[:count]])
    # As on disk: a byte a number moves each row of the training a little.
    reference.save(training, tmp_path / "training.safetensors")
    kept = reference.load(tmp_path / "training.safetensors")
    report = evaluate(training.features[:60], tiny_extractor(), replace(held, features=rows), training=kept)
    why = {"code": "held_out_in_training", "shared": count, "n_held": 100}
    assert report["unmeasured"]["privacy"] == why
    assert "privacy" not in report


def test_a_reference_that_shares_palms_with_the_training_hides_no_copies():
    training, held = bank(300, seed=1, role="training", split="train"), bank(100, seed=5)
    mixed = np.vstack([bank(100, seed=8).features[20:], training.features[:20]])
    chosen = replace(held, features=mixed, header=replace(held.header, lineage=[{"source": "ours"}]))
    report = evaluate(training.features[:60], tiny_extractor(), chosen, training=training, held=held)
    assert report["privacy"]["copies"] == 60
    verdict = next(one for one in report["verdicts"] if one["measure"] == "privacy")
    assert (verdict["grade"], verdict["code"]) == ("bad", "copies")


def test_only_the_standard_weights_give_a_fid():
    made = bank(60, seed=2).features
    for name, sha256, is_fid in (
        ("inception-v3", "f" * 64, True),
        ("inception-v3", "0" * 64, False),
        ("tiny", "f" * 64, False),
    ):
        real = bank(extractor=tiny_extractor(name, sha256=sha256))
        report = evaluate(made, tiny_extractor(name, sha256=sha256), real, fid_weights="f" * 64)
        assert ("fid" in report, report["fd"] > 0) == (is_fid, True)
    assert "fid" not in evaluate(made, tiny_extractor("tiny", sha256=sha256), real)


def test_every_number_has_an_interval_or_none_on_purpose():
    training, held = bank(300, seed=1, role="training", split="train"), bank(120, seed=5)
    report = evaluate(bank(400, seed=6).features, tiny_extractor(), held, training=training)
    measures = "kid fd fd_infinite density precision recall coverage vendi duplicates suspicious ratio copies authentic"
    assert set(report["intervals"]) == set(measures.split())
    for name, (low, high) in report["intervals"].items():
        value = report.get(name, report["privacy"].get(name))
        number = (
            value[{"duplicates": "share", "fd_infinite": "value"}[name]] if isinstance(value, dict) else value
        )
        assert low - 1e-9 <= number <= high + 1e-9, name
    # Real palms were fewer than the set, so the set stands beside them with as many.
    assert (report["real"]["n"], report["n"]) == (300, 400)
    assert report["real"]["set_values"]["fd"] > report["fd"]


@pytest.mark.parametrize("count", [1, 2, 9])
def test_too_few_is_said(count):
    with pytest.raises(TooFewImages, match=f"has {count} images"):
        evaluate(np.zeros((count, 16)), tiny_extractor(), bank())


def test_ten_images_are_measured_and_called_too_few():
    report = evaluate(bank(10, seed=3).features, tiny_extractor(), bank())
    assert report["fd_infinite"] is None
    assert report["verdicts"][0]["code"] == "too_few_to_judge"


def test_one_constant_colour_gets_an_answer():
    made = tiny_extractor()(np.full((120, 8, 8, 3), 128, np.uint8)).numpy()
    report = evaluate(made, tiny_extractor(), bank())
    codes = {verdict["code"] for verdict in report["verdicts"]}
    assert report["constant"]
    assert {"all_alike", "many"} <= codes
    assert report["vendi"] == pytest.approx(1)
    assert json.dumps(report, allow_nan=False)


def test_nan_is_said_and_not_passed_on():
    made = bank(30, seed=4).features.copy()
    made[3, 5] = np.nan
    with pytest.raises(NotFiniteFeatures, match="1 of 30"):
        evaluate(made, tiny_extractor(), bank())


@pytest.mark.parametrize(
    ("subject", "extractor"),
    [(subject, extractor) for subject, role, extractor in reference.BUILT_IN if role == "training"],
)
def test_the_banks_that_ship_are_twins_and_share_no_palm(subject, extractor):
    training, held = (
        reference.load(reference.BUILT_IN[subject, role, extractor]) for role in ("training", "reference")
    )
    assert reference.are_twins(training, held) and not reference.are_twins(held, training)
    assert shared(held.features, training.features) == 0
    assert shared(training.features[:20], training.features) == 20


@pytest.mark.parametrize("key", list(reference.BUILT_IN))
def test_banks_that_ship_are_whole_and_name_their_terms(key):
    shipped = reference.load(reference.BUILT_IN[key])
    subject, role, extractor = key
    header = shipped.header
    assert (header.subject, header.role, header.extractor) == (subject, role, extractor)
    assert header.split == ("train" if role == "training" else "validation")
    assert {entry["source"] for entry in shipped.header.lineage} == {"11k-hands", "human-palm-images"}
    assert all(entry["terms"] for entry in shipped.header.lineage)
