import json

import cv2
import numpy as np
import pytest

from mlcore import reference, zoo_index
from mlcore.__main__ import main
from mlcore.commands import evaluate
from mlcore.feature_cache import FeatureCache
from tests.mlcore.tiny import pictures, tiny_extractor


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr("mlcore.models.features.load", lambda name, weights=None: tiny_extractor(name))


def folder(path, count, seed=0, size=16, scores=False):
    path.mkdir()
    for index, picture in enumerate(pictures(count, size, seed)):
        cv2.imwrite(str(path / f"{index:06d}.png"), picture)
    if scores:
        rows = [f"{index:06d}.png,{index},0,{index / count:.3f},x" for index in range(count)]
        (path / "manifest.csv").write_text("\n".join(["file,index,seed,score,sha256", *rows]))
    return path


def run(*words):
    return main(["evaluate", *map(str, words)])


def test_json_is_as_pinned(tmp_path, capsys):
    made, real = folder(tmp_path / "made", 30, scores=True), folder(tmp_path / "real", 40, 1)
    assert run(made, "--reference", real, "--cache", tmp_path / "cache", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["n"], report["n_ref"]) == (30, 40)
    assert report["kid_ci"][0] <= report["kid"] <= report["kid_ci"][1]
    assert len(report["choosing"]) > 1
    assert report["sizes"] == {"16x16": 30}
    assert run(made, "--reference", real, "--cache", tmp_path / "cache", "--json") == 0
    assert json.loads(capsys.readouterr().out) == report


def test_a_person_gets_a_table(tmp_path, capsys):
    assert run(folder(tmp_path / "made", 20), "--reference", folder(tmp_path / "real", 30, 1)) == 0
    out = capsys.readouterr().out
    assert "real against real" in out
    assert "too_few_to_judge" in out
    assert "privacy: not measured (no_training)" in out


def table_of(out):
    """The first table's rows by measure."""
    return {line.split()[0]: line.split()[1:] for line in out.splitlines()[1:] if line.split()}


def test_a_person_reads_all_that_was_measured(tmp_path, capsys):
    made = folder(tmp_path / "made", 300, scores=True)
    (made / "again.png").write_bytes((made / "000004.png").read_bytes())
    with (made / "manifest.csv").open("a") as manifest:
        manifest.write("\nagain.png,300,0,0.5,x")
    training = bank(folder(tmp_path / "training", 60, 1), "train")
    held = bank(folder(tmp_path / "held", 60, 3), "validation")
    banks = ("--reference", held, "--held-out", held, "--training", training)
    assert run(made, *banks, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert run(made, *banks) == 0
    out = capsys.readouterr().out
    rows = table_of(out.partition("what choosing")[0])
    measured = {
        "fd_infinite": report["fd_infinite"]["value"],
        "duplicates": report["duplicates"]["share"],
        "suspicious": report["privacy"]["suspicious"],
        "ratio": report["privacy"]["ratio"],
        "authentic": report["privacy"]["authentic"],
    }
    for name, value in measured.items():
        low, high = report["intervals"][name]
        assert rows[name][:4] == [f"{value:.4f}", f"{low:.4f}", "..", f"{high:.4f}"], name
    assert rows["copies"][0] == str(report["privacy"]["copies"])
    assert rows["suspicious"][-1] == "0.0500"
    curve = out.partition("what choosing the best-scored costs:\n")[2].splitlines()
    assert len(curve) == 1 + len(report["choosing"])
    assert curve[1].split()[:3] == ["100%", "301", f"{report['kid']:.4f}"]


def bank(photos, split):
    """A bank of one part of a split, as `reference` writes it."""
    extractor, path = tiny_extractor(zoo_index.JUDGED_BY), photos.with_suffix(".safetensors")
    read = evaluate.Folder.read(photos, extractor, FeatureCache(None), quiet=True)
    role = "training" if split == "train" else "reference"
    about = {"name": split, "role": role, "split": split, "lineage": [{"source": "pixels"}]}
    reference.save(reference.build(read.features, read.hashes, extractor, **about), path)
    return path


def test_a_network_that_flatters_no_generator_measures_unless_another_is_asked_for(tmp_path, capsys):
    assert run(folder(tmp_path / "made", 20), "--reference", folder(tmp_path / "real", 30, 1), "--json") == 0
    assert json.loads(capsys.readouterr().out)["extractor"] == "efficientnet-lite2"


def test_files_that_cannot_be_read_are_told_to_a_person(tmp_path, capsys):
    made, real = folder(tmp_path / "made", 10), folder(tmp_path / "real", 30, 1)
    (made / "torn.png").write_bytes((made / "000000.png").read_bytes()[:60])
    assert run(made, "--reference", real) == 0
    told = capsys.readouterr()
    assert told.out.startswith("10 images")
    assert f"1 file could not be read: {made / 'torn.png'} (The PNG file ends early" in told.err
    # Too few are left: both that and why are told.
    (made / "000000.png").write_bytes(b"no picture")
    for number in range(11):
        (made / f"torn-{number:02d}.png").write_bytes(b"no picture either")
    assert run(made, "--reference", real) == 2
    error = capsys.readouterr().err
    assert "13 files could not be read: " in error and "and 3 more" in error
    assert error.count("no image of a kind") == 9 + 1 and "has 9 images" in error


def test_other_sizes_are_named_and_broken_files_refused(tmp_path, capsys):
    made = folder(tmp_path / "made", 20)
    cv2.imwrite(str(made / "large.png"), pictures(1, 40)[0])
    (made / "torn.png").write_bytes((made / "000000.png").read_bytes()[:60])
    assert run(made, "--reference", folder(tmp_path / "real", 30, 1), "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["sizes"] == {"16x16": 20, "40x40": 1}
    assert [one["file"] for one in report["refused"]] == ["torn.png"]


def test_copies_are_named_by_file(tmp_path, capsys):
    made = folder(tmp_path / "made", 20)
    (made / "again.png").write_bytes((made / "000004.png").read_bytes())
    assert run(made, "--reference", folder(tmp_path / "real", 30, 1), "--json") == 0
    assert json.loads(capsys.readouterr().out)["files"]["duplicates"] == [["000004.png", "again.png"]]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_images_are_one_line_and_two(tmp_path, capsys, count):
    made, real = folder(tmp_path / "made", count), folder(tmp_path / "real", 30, 1)
    assert run(made, "--reference", real) == 2
    error = capsys.readouterr().err.strip()
    assert "Traceback" not in error
    assert ("no image" if count == 0 else f"has {count} images") in error


@pytest.mark.parametrize("score", ["good", "nan", "1e999"])
def test_a_score_that_is_no_number_is_named_by_its_line(tmp_path, capsys, score):
    made = folder(tmp_path / "made", 20, scores=True)
    lines = (made / "manifest.csv").read_text().splitlines()
    lines[4] = f"000003.png,3,0,{score},x"
    (made / "manifest.csv").write_text("\n".join(lines))
    assert run(made, "--reference", folder(tmp_path / "real", 30, 1)) == 2
    error = capsys.readouterr().err
    assert f"manifest.csv, line 5: the score '{score}' is no number" in error
    assert "Traceback" not in error


def test_a_folder_that_is_not_there(tmp_path, capsys):
    assert run(tmp_path / "none", "--reference", tmp_path) == 2
    assert "is no folder" in capsys.readouterr().err


def test_reference_command_builds_a_bank_of_held_out_people(tmp_path, capsys):
    photos = folder(tmp_path / "photos", 40)
    rows = [f"{index:06d}.png,p{index // 2},11k-hands" for index in range(40)]
    (tmp_path / "photos.csv").write_text("\n".join(["file,person,source", *rows]))
    bank = tmp_path / "bank.safetensors"
    assert main(["reference", str(tmp_path / "photos.csv"), str(bank), "--json"]) == 0
    from mlcore.data import person_is_held

    read = reference.load(bank)
    held = sum(person_is_held(f"p{index // 2}") for index in range(40))
    assert read.header.n == held
    assert np.array_equal(np.unique(read.groups), np.arange(held // 2))
    assert photos.exists()
    said = json.loads(capsys.readouterr().out)
    assert (said["n"], said["sha256"]) == (held, read.sha256)
