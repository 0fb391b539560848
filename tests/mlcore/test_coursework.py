"""The whole course work on a handful of pictures: every file is there, and the images can be made again."""

import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from mlcore.__main__ import main

TINY = (
    "epochs=0",
    "steps=4",
    "batch=8",
    "save_every=2",
    "settings.width=4",
    "settings.head_width=4",
)


@pytest.fixture
def pictures(tmp_path):
    """Forty coloured discs with writing on them."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    numbers = np.random.default_rng(0)
    for index in range(40):
        picture = np.full((64, 64, 3), numbers.integers(60, 255, 3), np.uint8)
        centre = tuple(int(value) for value in numbers.integers(16, 48, 2))
        cv2.circle(
            picture, centre, int(numbers.integers(6, 20)), tuple(map(int, numbers.integers(0, 255, 3))), -1
        )
        cv2.putText(picture, f"{index:02}", (2, 40), 0, 1.4, tuple(map(int, numbers.integers(0, 255, 3))), 2)
        cv2.imwrite(str(folder / f"{index:03}.png"), picture)
    return folder


@pytest.mark.slow
def test_from_a_folder_of_pictures_to_a_report(pictures, tmp_path, capsys):
    out = tmp_path / "course work"
    words = [
        "coursework",
        "--data",
        str(pictures),
        "--out",
        str(out),
        "--count",
        "20",
        "--threads",
        "1",
        "--json",
    ]
    words += [part for each in TINY for part in ("--set", each)]
    assert main(words) == 0
    result = json.loads(capsys.readouterr().out.partition("{")[2].join(["{", ""]))
    assert (result["n"], result["extractor"]) == (20, "efficientnet-lite2")
    assert 0 <= result["made"]["precision"] <= 1
    with zipfile.ZipFile(out / "images" / "images.zip") as archive:
        assert archive.testzip() is None
        assert len([name for name in archive.namelist() if name.endswith(".png")]) == 20
    report = (out / "report.md").read_text()
    for heading in ("# Course work", "## Task", "## Data", "## Method", "## Result", "## Conclusions"):
        assert heading in report
    assert f"`PYTHONPATH=. python '{out}/reproduce.py'`" in report
    again = subprocess.run(
        [sys.executable, str(out / "reproduce.py")],
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert again.returncode == 0, again.stderr
    assert "20 images in the archive, 20 made again: 0 differ." in again.stdout
    before = (out / "images" / "images.zip").read_bytes()
    assert main(words) == 0  # everything is there: nothing is made twice
    assert (out / "images" / "images.zip").read_bytes() == before
    manifest = out / "images-again" / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("0", "1"))
    spec = importlib.util.spec_from_file_location("reproduce", out / "reproduce.py")
    reproduce = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reproduce)
    assert reproduce.compared() == 1
    capsys.readouterr()
    other = tmp_path / "other"
    other.mkdir()
    assert main([word if word != str(pictures) else str(other) for word in words]) == 2
    assert f"was begun with the pictures of {pictures}, not {other}" in capsys.readouterr().err
    assert main([*words, "--seed", "5"]) == 2, "no report on other images than those that are there"
    assert "was begun with seed = 0, not 5" in capsys.readouterr().err
    generator = (out / "generator.safetensors").read_bytes()
    assert main([*words, "--set", "steps=6"]) == 2, "images of one generator beside another one"
    assert "has been trained further since" in capsys.readouterr().err
    assert (out / "generator.safetensors").read_bytes() == generator


@pytest.mark.slow
def test_small_and_smooth_pictures_come_to_a_report_too(tmp_path):
    folder, out = tmp_path / "pictures", tmp_path / "work"
    folder.mkdir()
    numbers = np.random.default_rng(0)
    for index in range(60):
        coarse = numbers.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        side = 28 if index % 2 else 200
        smooth = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f"{index:03}.png"), smooth)
    words = ["coursework", "--data", str(folder), "--out", str(out), "--count", "10", "--threads", "1"]
    assert main([*words, *(part for each in TINY for part in ("--set", each))]) == 0
    manifest = json.loads((out / "data" / "manifest.json").read_text())
    assert (manifest["count"], manifest["size"]) == (60, 64)
    assert (out / "report.md").exists()


def test_a_wrong_folder_is_said_and_binds_to_nothing(pictures, tmp_path, capsys):
    assert main(["coursework", "--data", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 2
    assert "none" in capsys.readouterr().err
    for number, path in enumerate(sorted(pictures.iterdir())):
        if number > 3:
            path.unlink()
    assert main(["coursework", "--data", str(pictures), "--out", str(tmp_path / "out")]) == 2
    assert "are held out to measure against" in capsys.readouterr().err
    assert (tmp_path / "out" / "source.txt").read_text() == f"{pictures}\n"
