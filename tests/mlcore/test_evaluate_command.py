import json

import cv2
import numpy as np
import pytest

from mlcore.__main__ import main
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
    from mlcore import reference
    from mlcore.data import person_is_held

    read = reference.load(bank)
    held = sum(person_is_held(f"p{index // 2}") for index in range(40))
    assert read.header.n == held
    assert np.array_equal(np.unique(read.groups), np.arange(held // 2))
    assert photos.exists()
    said = json.loads(capsys.readouterr().out)
    assert (said["n"], said["sha256"]) == (held, read.sha256)
