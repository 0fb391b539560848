"""The one cut of a palm: places in the photo and in the cut agree, and any turn is turned back."""

import json

import cv2
import numpy as np
import pytest
import torch

from mlcore import engine, images
from mlcore.__main__ import main
from mlcore.commands import detector as command
from mlcore.crop import HandCutter, PalmCutter, Place, take
from mlcore.cut import MARGINS
from mlcore.detector import Detection
from mlcore.spec import GenerationSpec
from mlcore.upright import angle_of, turned


def photo_of(angle, side=40.0, middle=(150.0, 110.0)):
    """A grey disc as the palm, a red dot where its fingers would be, before a dark ground."""
    photo = np.full((220, 300, 3), 20, np.uint8)
    cv2.circle(photo, (round(middle[0]), round(middle[1])), round(side / 2), (120, 120, 120), -1)
    turn = np.radians(angle)
    dot = (round(middle[0] + side * 0.4 * np.sin(turn)), round(middle[1] - side * 0.4 * np.cos(turn)))
    cv2.circle(photo, dot, 5, (255, 0, 0), -1)
    return photo


class DiscDetector:
    """Finds the disc by its grey."""

    size = 64

    def __init__(self):
        self.calls = 0

    def detect(self, photo, confidence):
        self.calls += 1
        lit = np.argwhere(photo.max(axis=2) > 70)
        if not len(lit):
            return []
        (top, left), (bottom, right) = lit.min(axis=0), lit.max(axis=0)
        box = (float(left), float(top), float(right), float(bottom))
        return [Detection("hand", 0.99, *box), Detection("palm", 0.9, *box)]


class RedIsUp(torch.nn.Module):
    """Says the turn from where the red dot lies."""

    def forward(self, looks):
        red = (looks[:, 0] - looks[:, 1]).clamp(min=0.2) - 0.2
        places = torch.linspace(-1, 1, looks.shape[-1])
        across, down = (red * places).sum(dim=(1, 2)), (red * places[:, None]).sum(dim=(1, 2))
        return torch.stack([-down, across], dim=1)


def away(one, other):
    return abs((one - other + 180) % 360 - 180)


def test_a_place_knows_its_corners():
    place = Place((50.0, 40.0), 20.0, 0.0)
    np.testing.assert_allclose(place.corners(), [(40, 30), (60, 30), (60, 50), (40, 50)])
    turned_place = Place((50.0, 40.0), 20.0, 90.0)
    # A palm turned a quarter clockwise has its fingers at the right: the cut's top left is the photo's top right.
    assert np.allclose(turned_place.corners()[0], (60, 30))
    for place in (turned_place, Place((13.0, 7.0), 31.0, 217.0)):
        mapped = np.array(place.corners()) @ place.affine(64)[:, :2].T + place.affine(64)[:, 2]
        np.testing.assert_allclose(mapped, [(0, 0), (64, 0), (64, 64), (0, 64)], atol=1e-9)


def test_taking_at_scale_one_is_slicing_and_small_cuts_are_averaged():
    photo = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    np.testing.assert_array_equal(take(photo, Place((30.0, 20.0), 20.0, 0.0), 20), photo[10:30, 20:40])
    small = take(np.kron(photo, np.ones((8, 8, 1), np.uint8)), Place((240.0, 160.0), 160.0, 0.0), 10)
    expected = cv2.resize(photo[10:30, 20:40], (10, 10), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - expected).mean() < 30


@pytest.mark.parametrize("angle", [0, 5, -30, 45, 90, 135, 180, -135, -90, 271])
def test_every_turn_is_turned_back(angle):
    cut = PalmCutter(DiscDetector(), RedIsUp()).cut(photo_of(angle), 64, 0.2)
    assert away(cut.angle, angle) < 3
    red = np.argwhere(cut.picture[..., 0].astype(int) - cut.picture[..., 1] > 100).mean(axis=0)
    assert abs(red[1] - 32) < 3
    assert red[0] < 32
    assert cut.native_side == pytest.approx(40 * 1.2, abs=3)
    assert cut.confidence == 0.9


def test_no_palm_is_no_cut():
    assert PalmCutter(DiscDetector(), RedIsUp()).cut(np.zeros((50, 50, 3), np.uint8), 64, 0.2) is None


class FingeredDetector(DiscDetector):
    """Finds the dot of the fingers besides; both together are the hand."""

    def detect(self, photo, confidence):
        found = super().detect(photo, confidence)
        grey = np.argwhere((photo.max(axis=2) > 70) & (photo.min(axis=2) > 60))
        (top, left), (bottom, right) = grey.min(axis=0), grey.max(axis=0)
        return [found[0], Detection("palm", 0.9, float(left), float(top), float(right), float(bottom))]


@pytest.mark.parametrize("angle", [0, 60, 180, -110])
def test_a_hand_is_cut_with_its_fingers(angle):
    photo = photo_of(angle)
    turn = np.radians(angle)
    fingers = (round(150 + 34 * np.sin(turn)), round(110 - 34 * np.cos(turn)))
    cv2.circle(photo, fingers, 5, (255, 0, 0), -1)
    cut = HandCutter(FingeredDetector(), RedIsUp()).cut(photo, 64, MARGINS["hand"])
    assert away(cut.angle, angle) < 4
    # From the fingertips, 39 above the middle, to the palm's end, 20 below it; the palm alone would be 48 wide.
    assert cut.native_side == pytest.approx(59 * 1.025, abs=4)
    red = np.argwhere(cut.picture[..., 0].astype(int) - cut.picture[..., 1] > 100)
    assert red[:, 0].min() <= 4 and abs(red[:, 1].mean() - 32) < 4


def test_a_palm_without_its_hand_is_no_cut_of_a_hand():
    class PalmsOnly(DiscDetector):
        def detect(self, photo, confidence):
            return super().detect(photo, confidence)[1:]

    assert HandCutter(PalmsOnly(), RedIsUp()).cut(photo_of(20), 64, 0.025) is None


@pytest.mark.slow
def test_what_ships_cuts_turned_hands_as_training_has_them():
    model = engine.load("hand-dcgan-128")
    made = [image.pixels for image in engine.generate(GenerationSpec(count=6, seed=1, candidates=1), model)]
    cutter, differences = HandCutter.load(), []
    for number, hand in enumerate(made):
        wide = cv2.copyMakeBorder(hand, 120, 120, 120, 120, cv2.BORDER_REPLICATE)
        cut = cutter.cut(turned(wide, 50 + 50 * number), 128, MARGINS["hand"])
        assert cut is not None
        differences.append(np.abs(cut.picture.astype(int) - hand).mean())
    unlike = np.abs(made[0].astype(int) - made[1]).mean()
    assert np.median(differences) < unlike / 2


def test_without_an_upright_network_palms_stay_as_they_are():
    detector = DiscDetector()
    cut = PalmCutter(detector, None).cut(photo_of(90), 64, 0.2)
    assert cut.angle == 0
    assert detector.calls == 1


def test_the_angle_is_that_by_which_a_picture_was_turned():
    square = photo_of(0, 80, (110, 110))[:, :220]
    for angle in (0, 33, 145, 260):
        assert away(angle_of(RedIsUp(), turned(square, angle)[None])[0], angle) < 2


def test_the_command_reports_photos_without_a_palm(tmp_path, capsys, monkeypatch):
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.png").write_bytes(images.encode_png(photo_of(120)))
    (photos / "b.png").write_bytes(images.encode_png(np.zeros((50, 50, 3), np.uint8)))
    (photos / "c.png").write_bytes(b"broken")
    monkeypatch.setattr(PalmCutter, "load", lambda *args: PalmCutter(DiscDetector(), RedIsUp()))
    words = [command.NAME, "crop", str(photos), "--out", str(tmp_path / "cuts"), "--size", "64"]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["cut"], told["without"]) == (1, 2)
    assert away(told["photos"]["a.png"]["angle"], 120) < 3
    assert told["photos"]["b.png"] == {"palm": False, "reason": "no open hand was found"}
    assert [path.name for path in (tmp_path / "cuts").iterdir()] == [told["photos"]["a.png"]["file"]]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "no open hand: b.png\n" in said
    assert "could not be read: c.png: This is no image" in said and "no open hand: c.png" not in said


def test_a_place_without_photos_is_refused(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert main([command.NAME, "crop", str(tmp_path / "empty"), "--out", str(tmp_path / "cuts")]) == 2
    assert f"No pictures in {tmp_path / 'empty'}. These kinds are read: .bmp" in capsys.readouterr().err
    assert not (tmp_path / "cuts").exists()


def test_photos_of_one_name_are_each_counted_and_told(tmp_path, capsys, monkeypatch):
    nothing = images.encode_png(np.zeros((50, 50, 3), np.uint8))
    for place in ("one/left/1.png", "one/right/1.png", "two/left/1.png"):
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / place).write_bytes(nothing)
    (tmp_path / "one/left/1.png").write_bytes(images.encode_png(photo_of(120)))
    monkeypatch.setattr(PalmCutter, "load", lambda *args: PalmCutter(DiscDetector(), RedIsUp()))
    words = [
        command.NAME,
        "crop",
        str(tmp_path / "one"),
        str(tmp_path / "two"),
        "--out",
        str(tmp_path / "cuts"),
    ]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["cut"], told["without"]) == (1, 2)
    assert [told["photos"][place]["palm"] for place in ("left/1.png", "right/1.png", "left/1.png (3)")] == [
        True,
        False,
        False,
    ]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert said.startswith("1 palms cut") and "no open hand: right/1.png" in said
