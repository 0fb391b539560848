"""Telling palms apart: the measure in closed form, the filters, and learning on palms that are drawn here."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mlcore import __main__ as command_line
from mlcore import camera, checkpoint, images, noise, recogniser, recogniser_training
from mlcore.data import person_is_held
from mlcore.errors import RecogniserError, WrongKind
from mlcore.models.palmprint import PalmprintNet, gabor_bank
from mlcore.recogniser_training import RecogniserPlan

from . import eight_pixels


def palm(number: int) -> images.Pixels:
    """Three lines on skin, others for each number."""
    source = np.random.RandomState(number)
    picture = np.full((128, 128, 3), (200, 150, 120), np.uint8)
    for _ in range(3):
        points = np.cumsum(source.randint(8, 30, (5, 2)) * source.choice([-1, 1], 2), axis=0)
        points = points - points.mean(axis=0) + source.randint(40, 90, 2)
        cv2.polylines(picture, [points.astype(np.int32)[:, None]], False, (120, 80, 60), 2, cv2.LINE_AA)
    return picture


def write_people(folder: Path, people: int, pictures: int) -> Path:
    """A folder with a table of people, as `recogniser train` reads it."""
    folder.mkdir()
    rows = []
    for person in range(people):
        for number in range(pictures):
            name = f"{person}-{number}.png"
            seen = camera.photograph(palm(person), noise.stream(1, person, number), 0.7)
            (folder / name).write_bytes(images.encode_png(seen))
            rows.append({"file": name, "person": f"p{person}", "thumb_side": "right"})
    path = folder.with_suffix(".csv")
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def unit(*angles: float) -> recogniser.Vectors:
    turns = np.radians(angles)
    return np.stack([np.cos(turns), np.sin(turns)], axis=1)


def test_perfect_and_hopeless_vectors_have_the_rates_they_must() -> None:
    found = recogniser.verify(unit(0, 1, 90, 91, 180, 181), ["a", "a", "b", "b", "c", "c"])
    assert (found.eer, found.tar_at_far, found.genuine, found.impostor) == (0.0, 1.0, 3, 12)
    assert found.genuine_mean == pytest.approx(np.cos(np.radians(1)))
    hopeless = recogniser.verify(unit(0, 180, 1, 181), ["a", "a", "b", "b"])
    assert hopeless.eer == 1.0 and hopeless.tar_at_far == 0.0


def test_the_equal_error_rate_of_two_normals_is_the_closed_form() -> None:
    # Scores N(0, 1) and N(2, 1): errors are equal at 1, where both are the normal tail beyond 1.
    source = np.random.RandomState(0)
    genuine, impostor = np.sort(source.normal(2, 1, 40_000)), np.sort(source.normal(0, 1, 40_000))
    assert recogniser._equal_error(genuine, impostor) == pytest.approx(0.15866, abs=0.003)


@pytest.mark.parametrize("palms", [["a", "b", "c"], ["a", "a", "a"]])
def test_without_two_of_each_there_is_nothing_to_tell(palms: list[str]) -> None:
    with pytest.raises(RecogniserError, match="two pictures of one palm"):
        recogniser.verify(unit(0, 1, 2), palms)


@pytest.mark.parametrize("number", range(0, 8, 2))
def test_a_filter_answers_to_dark_lines_of_its_direction_most(number: int) -> None:
    angle = np.pi * number / 8
    y, x = np.meshgrid(np.arange(13) - 6, np.arange(13) - 6, indexing="ij")
    line = 1 - np.exp(-((x * np.cos(angle) + y * np.sin(angle)) ** 2) / 2)
    answers = torch.nn.functional.conv2d(torch.from_numpy(line).float()[None, None], gabor_bank(8, 6.0))
    assert int(answers.flatten().argmax()) == number
    assert gabor_bank(8, 6.0).sum(dim=(1, 2, 3)).abs().max() < 1e-5


@pytest.mark.slow
def test_light_changes_the_lines_little(tmp_path: Path) -> None:
    network = PalmprintNet(dim=4)
    bright, dark, other = (recogniser.as_input([picture]) for picture in (palm(0), palm(0) // 2, palm(1)))
    lines = [network.lines(picture).flatten() for picture in (bright, dark, other)]
    assert (lines[0] - lines[1]).norm() < 0.4 * (lines[0] - lines[2]).norm()


@pytest.mark.slow
def test_a_recogniser_is_trained_measured_and_the_same_again(tmp_path: Path, capsys) -> None:
    table = write_people(tmp_path / "people", 24, 4)
    out = tmp_path / "r.safetensors"
    words = ["recogniser", "train", "--from", str(tmp_path / "people"), str(table), "--dim", "12", "--out"]
    assert command_line.main([*words, str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    held = [person for person in range(24) if person_is_held(f"p{person}")]
    assert told["pictures"] == 4 * (24 - len(held)) and told["held"]["people"]["palms"] == len(held) >= 2
    assert told["held"]["people"]["eer"] < 0.1
    loaded = checkpoint.load(out)
    assert loaded.header.lineage == [{"source": "people", "images": told["pictures"]}]
    assert loaded.header.kind == "recogniser" and loaded.header.metrics["held_out"] == told["held"]
    assert command_line.main([*words, str(tmp_path / "again.safetensors")]) == 0
    assert (tmp_path / "again.safetensors").read_bytes() == out.read_bytes()
    capsys.readouterr()
    words = ["recogniser", "eval", str(tmp_path / "people"), "--csv", str(table), "--model", str(out)]
    assert command_line.main([*words, "--held", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == told["held"]["people"]
    assert command_line.main(words) == 0
    assert "96" in capsys.readouterr().out


def test_fishers_directions_ignore_what_differs_within_a_palm() -> None:
    """Two numbers say whose palm it is and one, much louder, only the light of the day."""
    source = np.random.RandomState(0)
    whose = np.repeat(source.normal(0, 1, (30, 2)), 6, axis=0)
    light = source.normal(0, 20, (180, 1))
    features = np.zeros((180, 4096), np.float32)
    features[:, :3] = np.hstack([whose, light]) + source.normal(0, 0.01, (180, 3))
    network = PalmprintNet(dim=2)
    recogniser_training.fit(network, features, [f"{n // 6}" for n in range(180)], RecogniserPlan(3, 2, 0.001))
    weight = network.project.weight.detach().abs().numpy()
    assert weight[:, :2].max() > 50 * weight[:, 2].max() and weight[:, 3:].max() < 1e-3


def test_too_few_palms_and_foreign_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecogniserError, match="8 palms"):
        recogniser_training.fit(
            PalmprintNet(dim=2), np.zeros((4, 4096), np.float32), ["a", "a", "b", "b"], RecogniserPlan()
        )
    with pytest.raises(RecogniserError, match="There is no"):
        recogniser_training.read(tmp_path, None)
    (tmp_path / "manifest.csv").write_text("file,index\na.png,0\n")
    with pytest.raises(RecogniserError, match="columns file and person"):
        recogniser_training.read(tmp_path, None)
    with pytest.raises(WrongKind):
        recogniser.Recogniser(checkpoint.load(eight_pixels.save(tmp_path, "g", eight_pixels.DCGAN)))


def test_hands_are_told_apart_by_what_the_table_has(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text(
        "file,person,hand\np0000/left/000.png,p0000,left\np0000/right/000.png,p0000,right\nx.png,,left\n"
    )
    left, right = recogniser_training.read(tmp_path, None)
    assert (left.palm, left.is_mirrored, right.palm, right.is_mirrored) == (
        "p0000 left",
        True,
        "p0000 right",
        False,
    )
    everyone = recogniser_training.read(tmp_path, Path("manifest.csv"))
    assert everyone == [left, right]
