"""What people get wrong at the command line: a slip is one line with the file and the way out, and exit code 2."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from mlcore import images
from mlcore.__main__ import main


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a text called .png, a text, a photo of noise, a table of other columns, two classes of pictures."""
    monkeypatch.chdir(tmp_path)
    numbers = np.random.default_rng(0)
    for folder in ("texts", "photos", "labels", "classes/a", "classes/b"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "texts" / "a.png").write_text("a text")
    (tmp_path / "note.txt").write_text("hello")
    (tmp_path / "table.csv").write_text("name,who\na,b\n")
    for file in ("photos/p.png", *(f"classes/{label}/{index}.png" for label in "ab" for index in range(4))):
        (tmp_path / file).write_bytes(images.encode_png(numbers.integers(0, 256, (64, 64, 3), np.uint8)))
    (tmp_path / "labels" / "p.txt").write_text("1 0.5 0.5 0.5 0.5\n")
    (tmp_path / "labels" / "a.txt").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            "download inception --out weights --from notaurl",
            "notaurl is neither a file here nor an address: give a path, or what begins with https",
        ),
        (
            "download inception --out weights --from file:///etc/hostname",
            "file:///etc/hostname is neither a file here nor an address: give a path",
        ),
        (
            "download inception --out weights --from note.txt",
            "note.txt has the sha256 2cf24dba5fb0..., expected 6726825d0af5...: it is another file",
        ),
        (
            "prepare photos --no-detect --out packed --people none.csv",
            "none.csv cannot be read as CSV: No such",
        ),
        ("convert note.txt new.safetensors", "no PyTorch file, and is not read (it begins like none)"),
        ("classifier fit classes --out m.safetensors --weights note.txt", "note.txt does not hold"),
        ("classifier fit classes --out m.safetensors --cache note.txt", "note.txt is a file"),
        ("evaluate photos --extractor inception-v3 --weights note.txt", "note.txt does not hold the weights"),
        ("evaluate photos --weights note.safetensors", "note.safetensors does not hold the weights"),
        ("detector train photos labels --out run --people table.csv", "no column `file`"),
        (
            "detector train photos labels --out run --weights note.txt",
            "note.txt is not the yolo11n.pt of ultralytics",
        ),
        ("detector eval texts labels", "a.png: This is no image"),
        ("detector eval photos labels --names palm", "Name every class that the labels have"),
        ("detector eval photos texts", "No photo of photos has a label file of its name in texts, as p.txt"),
    ],
)
def test_a_slip_is_one_line_with_the_way_out(place, capsys, words, says):
    (place / "note.safetensors").write_text("hello there, this is no table of tensors")
    assert main(words.split()) == 2
    told = capsys.readouterr().err.strip()
    assert says in told and "Traceback" not in told


def test_a_broken_picture_among_the_real_ones_is_named(place, capsys):
    assert main(["score", "palm-dcgan-128", "--calibrate", "texts"]) == 2
    assert "texts/a.png: This is no image" in capsys.readouterr().err


def test_a_target_is_looked_at_before_the_work(place, capsys):
    assert main(["score", "palm-dcgan-128", "photos", "--csv", "note.txt/deep/scores.csv"]) == 2
    assert main(["score", "palm-dcgan-128", "photos", "--csv", "new/scores.csv"]) == 0
    with (place / "new" / "scores.csv").open() as stream:
        assert [row["file"] for row in csv.DictReader(stream)] == ["photos/p.png"]


def test_a_file_that_cannot_be_replaced_is_named_as_it_was_asked_for(place, capsys):
    assert (
        main(["classifier", "fit", "classes", "--out", "photos", "--epochs", "1", "--input-size", "32"]) == 2
    )
    assert " photos Is a directory" in capsys.readouterr().err


def test_too_few_pictures_for_a_course_work_are_told_before_the_training(place, capsys):
    assert main(["coursework", "--data", "classes", "--out", "work", "--count", "10"]) == 2
    assert "are held out to measure against, and 6 are needed: give 30 or more" in capsys.readouterr().err
    assert not (place / "work" / "run").exists()


def test_a_packed_set_is_replaced_only_where_that_is_said(place, capsys):
    words = ["prepare", "photos", "--no-detect", "--size", "32", "--min-sharpness", "0", "--out", "packed"]
    assert main(words) == 0
    kept = (place / "packed" / "manifest.json").stat().st_mtime_ns
    assert main(words) == 2
    assert "packed holds a set already" in capsys.readouterr().err
    assert (place / "packed" / "manifest.json").stat().st_mtime_ns == kept
    assert main([*words, "--again"]) == 0
    assert (place / "packed" / "manifest.json").stat().st_mtime_ns > kept


class Evil:
    """Says, once it is opened, that it was."""

    def __reduce__(self):
        return (Path.touch, (Path("was-opened"),))


def test_only_the_official_weights_of_a_detector_are_opened(place, capsys):
    torch.save({"model": Evil()}, place / "yolo11n.pt")
    assert main(["detector", "train", "photos", "labels", "--out", "run", "--weights", "yolo11n.pt"]) == 2
    assert "download yolo11n" in capsys.readouterr().err
    assert not (place / "was-opened").exists()
