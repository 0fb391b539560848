"""Making a detector's data, training it on next to nothing, and the truth about angles."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mlcore import detector_data, detector_negatives, images, upright_training
from mlcore.__main__ import main
from mlcore.data import DataError, person_is_held
from mlcore.detector import Detector
from mlcore.detector_data import HAND, PALM, build, composite, read_samples, split_samples
from mlcore.upright_training import UprightPlan, errors_of, measure, true_angle

KINDS = ("sky", "waves", "noise", "blocks", "writing", "skin_shapes", "faces", "planks", "cloth", "plain")


def hand_photo(seed, side=96):
    """A skin-coloured hand before white: a palm and four fingers."""
    stream = np.random.default_rng(seed)
    photo = np.full((side, side, 3), 245, np.uint8)
    colour = (int(stream.integers(150, 210)), 120, 90)
    cv2.ellipse(photo, (side // 2, side * 2 // 3), (side // 5, side // 4), 0, 0, 360, colour, -1)
    for place in range(4):
        x = side * (36 + 9 * place) // 100
        cv2.line(photo, (x, side // 2), (x, side // 6), colour, side // 14)
    return photo


@pytest.fixture
def folders(tmp_path):
    photos, labels = tmp_path / "photos", tmp_path / "labels"
    photos.mkdir()
    labels.mkdir()
    for number in range(10):
        (photos / f"lab_{number}.png").write_bytes(images.encode_png(hand_photo(number)))
        (labels / f"lab_{number}.txt").write_text("0 0.5 0.54 0.42 0.78\n1 0.5 0.67 0.4 0.5\n")
    return photos, labels


@pytest.mark.parametrize("kind", KINDS)
def test_made_pictures_are_pictures_and_depend_on_the_seed_alone(kind):
    make = getattr(detector_negatives, kind)
    one, same, other = (make(np.random.default_rng(seed), 64) for seed in (1, 1, 2))
    assert (one.shape, one.dtype) == ((64, 64, 3), np.uint8)
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_photo_piece_is_of_the_photo():
    photo = np.full((80, 120, 3), (200, 100, 50), np.uint8)
    piece = detector_negatives.photo_piece(np.random.default_rng(0), 32, [photo])
    assert piece.shape == (32, 32, 3)
    assert piece[..., 0].mean() > piece[..., 1].mean() > piece[..., 2].mean()


def test_a_hand_is_cut_out_of_its_background():
    photo = hand_photo(0)
    mask = detector_negatives.cut_out(photo, (28, 14, 68, 90), (29, 40, 67, 88))
    true = (photo != 245).any(axis=2)
    assert ((mask > 0.5) == true).mean() > 0.97
    assert detector_negatives.cut_out(np.full_like(photo, 245), (28, 14, 68, 90), (29, 40, 67, 88)) is None


@pytest.mark.slow
def test_in_a_composite_boxes_lie_where_the_hand_is(folders):
    sample = read_samples(*folders)[0]
    stream, made = np.random.default_rng(1), 0
    for _ in range(12):
        done = composite(stream, sample, [])
        if done is None:
            continue
        made += 1
        _, outlines = done
        boxes = {name: (points.min(axis=0), points.max(axis=0)) for name, points in outlines}
        assert (boxes[PALM][0] >= boxes[HAND][0] - 1e-9).all()
        assert (boxes[PALM][1] <= boxes[HAND][1] + 1e-9).all()
        assert all(((low >= 0) & (high <= 1)).all() for low, high in boxes.values())
    assert made > 3


@pytest.mark.slow
def test_made_pictures_are_for_training_only(folders, tmp_path):
    learned, held = split_samples(read_samples(*folders), None)
    assert {sample.path.name for sample in held} == {"lab_4.png", "lab_5.png"}
    data = build(tmp_path / "data", learned, held, composites=3, negatives=4)
    train = sorted(path.name for path in (tmp_path / "data/images/train").iterdir())
    assert len(train) == 8 + 3 + 4
    assert sorted(path.name for path in (tmp_path / "data/images/held").iterdir()) == [
        "lab_4.png",
        "lab_5.png",
    ]
    assert (tmp_path / "data/labels/train/negative_00000.txt").read_text() == ""
    assert "hand" in data.read_text()


def test_photos_of_rare_sources_are_shown_twice(folders, tmp_path):
    learned, held = split_samples(read_samples(*folders), None)
    build(tmp_path / "data", learned, held, twice=["lab"])
    names = {path.name for path in (tmp_path / "data/images/train").iterdir()}
    assert {"lab_0.png", "lab_0_again.png"} <= names
    assert len(names) == 16
    labels = tmp_path / "data/labels/train"
    assert (labels / "lab_0_again.txt").read_text() == (labels / "lab_0.txt").read_text()


@pytest.mark.slow
def test_hard_negatives_are_those_that_fool_the_detector():
    def fires(picture):
        return picture.mean() > 140

    found = list(detector_data.hard_negatives(np.random.default_rng(0), [], fires, 3))
    assert len(found) == 3
    assert all(fires(picture) for picture in found)
    assert not list(detector_data.hard_negatives(np.random.default_rng(0), [], lambda picture: False, 1))


def test_people_of_a_table_are_kept_together(folders, tmp_path):
    table = tmp_path / "people.csv"
    with table.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["file", "person", "source"])
        writer.writerows([f"lab_{number}.png", f"p{number % 3}", "lab"] for number in range(10))
    _, held = split_samples(read_samples(*folders), table)
    people = {int(sample.path.stem.split("_")[1]) % 3 for sample in held}
    assert len(held) == sum(number % 3 in people for number in range(10))


def test_paths_of_a_table_tell_apart_what_is_called_alike(folders, tmp_path):
    table = tmp_path / "people.csv"
    rows = [f"{folder}/lab_{number}.png,{folder}" for folder in ("photos", "bob") for number in range(10)]
    table.write_text("\n".join(["file,person", *rows]))
    assert person_is_held("bob") and not person_is_held("photos")
    _, held = split_samples(read_samples(*folders), table)
    assert not held


@pytest.mark.parametrize(
    ("photos", "lack"), [((0, 1, 2), "held back to measure on"), ((0, 1, 2, 3), "left to train on")]
)
def test_too_few_photos_are_told_before_anything_is_laid_out(folders, tmp_path, capsys, photos, lack):
    for number in set(range(10)) - set(photos):
        (folders[0] / f"lab_{number}.png").unlink()
    people = tmp_path / "people.csv"
    held = next(name for name in map(str, range(99)) if person_is_held(name))
    rows = (f"lab_{number}.png,{held if 'train' in lack else ''},lab\n" for number in photos)
    people.write_text("file,person,source\n" + "".join(rows))
    words = ["detector", "train", *map(str, folders), "--people", str(people), "--out", str(tmp_path / "run")]
    assert main(words) == 2
    told = capsys.readouterr().err
    assert f"None of {len(photos)} photos is {lack}" in told and told.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_broken_photo_is_left_out_of_the_measures_and_told(folders, capsys):
    (folders[0] / "lab_4.png").write_bytes(b"broken")
    words = ["detector", "eval", *map(str, folders)]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["photos"] == 9
    assert [(Path(path).name, reason[:16]) for path, reason in told["broken"].items()] == [
        ("lab_4.png", "This is no image")
    ]
    assert main(words) == 0
    assert "lab_4.png: This is no image" in capsys.readouterr().out


def test_empty_folders_are_told(tmp_path):
    with pytest.raises(DataError, match="no folder"):
        read_samples(tmp_path, tmp_path / "none")
    with pytest.raises(DataError, match="no photos"):
        read_samples(tmp_path, tmp_path)


def test_labels_of_other_photos_are_told_and_a_photo_without_labels_is_free_of_hands(folders):
    photos, labels = folders
    (labels / "lab_0.txt").unlink()
    (labels / "lab_1.txt").write_text("")
    assert [len(sample.boxes) for sample in read_samples(*folders)] == [0, 0] + [2] * 8
    for path in labels.iterdir():
        path.rename(labels / f"other_{path.name}")
    with pytest.raises(DataError, match=r"No photo of .*photos has a label file of its name in .*lab_0\.txt"):
        read_samples(photos, labels)


@pytest.mark.slow
def test_training_writes_a_detector_that_evaluates_and_resumes(folders, tmp_path, capsys):
    photos, labels = map(str, folders)
    run = tmp_path / "run"
    words = ["detector", "train", photos, labels, "--out", str(run), "--epochs", "1", "--size", "32"]
    words += ["--batch", "4", "--composites", "2", "--negatives", "2"]
    assert main([*words, "--json"]) == 0
    said = capsys.readouterr()
    assert said.err.count("epoch 1 of 1") == 1
    told = json.loads(said.out[said.out.index("{") :])
    assert told["held"]["palm"]["n"] == 2
    assert (run / "curves.png").stat().st_size > 1000
    before = (run / "yolo/weights/last.pt").stat().st_mtime_ns
    assert main(words) == 0, "a finished run is only read again"
    assert "palm-detector.safetensors: on 2 photos held back\n" in capsys.readouterr().out
    assert (run / "yolo/weights/last.pt").stat().st_mtime_ns == before
    path = run / "palm-detector.safetensors"
    second = [word.replace(str(run), str(tmp_path / "second")) for word in words]
    assert main([*second, "--start", str(path), "--hard", "1", "--rate", "0"]) == 0
    again = Detector.load(tmp_path / "second" / path.name)
    for one, other in zip(
        Detector.load(path)._network.parameters(), again._network.parameters(), strict=True
    ):
        assert torch.equal(one, other), "a second round begins where the first one ended"
    capsys.readouterr()
    assert Detector.load(path).names == ["hand", "palm"]
    words = ["detector", "eval", photos, labels, "--names", "hand,palm", "--checkpoint", str(path)]
    assert main([*words, "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert set(measured["palm"]) >= {"ap50", "mean_iou", "n"}
    assert measured["false_alarm_rate"] is None
    assert main(words) == 0
    assert "AP50" in capsys.readouterr().out
    assert main([*words[:4], "--names", "foot", "--checkpoint", str(path)]) == 2


def textured(seed=0, side=160):
    stream = np.random.default_rng(seed)
    coarse = stream.integers(0, 256, (40, 40, 3), dtype=np.uint8)
    return cv2.GaussianBlur(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC), (0, 0), 1)


@pytest.mark.slow
@pytest.mark.parametrize("angle", [0, 40, 135, -100])
def test_registration_finds_the_true_angle(angle):
    upright = textured()
    turn = cv2.getRotationMatrix2D((80, 80), -angle, 0.8)  # OpenCV counts the other way round
    turn[:, 2] += 40
    photo = cv2.warpAffine(upright, turn, (260, 260), borderValue=(90, 90, 90))
    assert true_angle(photo, upright) == pytest.approx(angle, abs=1)
    assert true_angle(textured(5, 260), upright) is None


def test_errors_of_angles_go_the_short_way_round():
    told = errors_of(np.array([359.0, -1, 1, 361, 181]))
    assert (told.median, told.n) == (1, 5)
    assert told.over_30 == pytest.approx(0.2)


@pytest.mark.slow
def test_the_upright_network_learns():
    torch.manual_seed(0)
    pictures = []
    for seed in range(12):
        picture = np.full((96, 96, 3), 60, np.uint8)
        cv2.circle(picture, (48, 30 + seed % 3), 9, (250, 250, 250), -1)
        pictures.append(picture)
    network = upright_training.train(np.stack(pictures), UprightPlan(steps=60, batch=16))
    assert measure(network, np.stack(pictures)).median < 25
