"""The detector: kept without pickle, rebuilt from known layers only, and measured by our own code."""

import copy
import json

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mlcore import checkpoint, detector
from mlcore.__main__ import main
from mlcore.detector import Detector
from mlcore.detector_labels import Box, read_labels
from mlcore.detector_metrics import Found, Judged, average_precision, false_alarm_rate, iou, quality
from mlcore.errors import ArgumentsRefused, KeysDiffer, MlcoreError, WrongKind

BOX = (10.0, 10.0, 20.0, 30.0)


def moved(box, by):
    return (box[0] + by, box[1], box[2] + by, box[3])


def test_overlap_in_closed_form():
    assert iou(BOX, BOX) == 1
    assert iou(BOX, moved(BOX, 5)) == pytest.approx(1 / 3)
    assert iou(BOX, moved(BOX, 10)) == 0


def test_average_precision_in_closed_form():
    assert average_precision([(0.9, True), (0.8, True)], 2) == 1
    assert average_precision([], 3) == 0
    # One of two is found, surely: precision 1 up to recall 0.5, which 51 of 101 points reach.
    assert average_precision([(0.9, True)], 2) == pytest.approx(51 / 101)
    # A false box before the true one halves its precision everywhere; after it, nowhere.
    assert average_precision([(0.9, False), (0.8, True)], 1) == pytest.approx(0.5)
    assert average_precision([(0.9, True), (0.8, False)], 1) == 1


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(
    hits=st.lists(st.tuples(st.floats(0.25, 1), st.booleans()), max_size=40, unique_by=lambda pair: pair[0]),
    missed=st.integers(0, 5),
)
def test_average_precision_is_that_of_the_definition(hits, missed):
    total = sum(hit for _, hit in hits) + missed
    ranked = sorted(hits, reverse=True)
    points = [(sum(hit for _, hit in ranked[: n + 1]), n + 1) for n in range(len(ranked))]
    slow = [
        max(
            (right / seen for right, seen in points if total and right / total >= level / 100 - 1e-12),
            default=0,
        )
        for level in range(101)
    ]
    assert average_precision(hits, total) == pytest.approx(np.mean(slow) if total else 0)


def test_each_true_box_counts_once_and_names_are_kept_apart():
    photos = [
        Judged(
            truth=[("palm", BOX), ("hand", BOX)],
            found=[
                Found("palm", 0.9, moved(BOX, 1)),
                Found("palm", 0.8, BOX),
                Found("hand", 0.3, moved(BOX, 8)),
            ],
        ),
        Judged(truth=[("palm", BOX)], found=[]),
    ]
    palm = quality(photos, "palm")
    assert (palm.n, palm.false_boxes, palm.recall) == (2, 1, 0.5)
    assert palm.mean_iou == pytest.approx(9 / 11)
    assert palm.ap50 == pytest.approx(51 / 101)
    assert quality(photos, "hand").ap50 == 0


def test_false_alarms_are_counted_by_photo():
    alarm = Judged([], [Found("palm", 0.3, BOX), Found("palm", 0.4, BOX)])
    hand = Judged([], [Found("hand", 0.9, BOX)])
    photos = [alarm, hand, Judged([], []), Judged([("palm", BOX)], [])]
    assert false_alarm_rate(photos, ["palm"]) == pytest.approx(1 / 3)
    assert false_alarm_rate(photos, ["palm", "hand"]) == pytest.approx(2 / 3)
    assert false_alarm_rate(photos[3:], ["palm"]) is None


def test_labels_are_read_and_wrong_ones_named(tmp_path):
    path = tmp_path / "a.txt"
    assert read_labels(path, 2) == []
    path.write_text("1 0.5 0.5 0.2 0.4\n\n")
    assert read_labels(path, 2) == [Box(1, 0.5, 0.5, 0.2, 0.4)]
    assert Box(1, 0.5, 0.5, 0.2, 0.4).corners(100, 50) == pytest.approx((40, 15, 60, 35))
    for wrong, words in (("2 0.5 0.5 0.2 0.4", "class 2"), ("1 0.5 0.5", "line 1"), ("x 1 1 1 1", "line 1")):
        path.write_text(wrong)
        with pytest.raises(MlcoreError, match=words):
            read_labels(path, 2)


@pytest.mark.parametrize(
    "wrong", ["200 210 150 160", "0.5 0.5 0.2 1.01", "-0.1 0.5 0.2 0.4", "nan 0.5 0.2 inf"]
)
def test_labels_that_are_no_parts_of_a_photo_are_named_by_file_and_line(tmp_path, wrong):
    path = tmp_path / "a.txt"
    path.write_text(f"1 0 1 0.2 0.4\n1 {wrong}\n")
    with pytest.raises(MlcoreError, match=r"a\.txt, line 2: .* is not in parts of the photo, from 0 to 1"):
        read_labels(path, 2)


def test_an_outline_touches_its_box_and_stays_tight_when_turned():
    outline = Box(0, 0.5, 0.5, 0.4, 0.4).outline()
    np.testing.assert_allclose(outline.min(axis=0), 0.3)
    np.testing.assert_allclose(outline.max(axis=0), 0.7)
    turn = np.array([[1, -1], [1, 1]]) / np.sqrt(2)
    assert 0.4 <= np.ptp((outline - 0.5) @ turn, axis=0).max() < 0.4 * 1.12


@pytest.fixture(scope="module")
def network():
    detector.ultralytics()
    from ultralytics.nn.tasks import DetectionModel

    torch.manual_seed(0)
    made = DetectionModel("yolo11n.yaml", nc=2, verbose=False)
    made.names = {0: "hand", 1: "palm"}
    return made


@pytest.fixture(scope="module")
def file(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("detector") / "d.safetensors"
    detector.save(path, network, ["hand", "palm"], 64, licence="AGPL-3.0-or-later")
    return path


@pytest.mark.slow
def test_what_is_kept_is_rebuilt_with_the_same_outputs(network, file):
    assert file.stat().st_size < 6 * 2**20
    rebuilt = Detector.load(file)
    photo = torch.rand(1, 3, 64, 64)
    half = copy.deepcopy(network)
    half.load_state_dict({key: value.half().to(value.dtype) for key, value in network.state_dict().items()})
    with torch.inference_mode():
        np.testing.assert_allclose(rebuilt._network(photo)[0], half.eval()(photo)[0], rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_ultralytics_itself_predicts_with_the_cured_torchvision(network, tmp_path):
    from ultralytics import YOLO

    model = YOLO("yolo11n.yaml", verbose=False)
    model.model = copy.deepcopy(network)
    found = model.predict(np.zeros((64, 64, 3), np.uint8), imgsz=64, conf=1e-4, verbose=False, save=False)
    assert found[0].boxes.xyxy.shape[1] == 4


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(64, 64), (30, 64), (200, 90), (1, 7)])
def test_boxes_lie_in_the_photo(file, shape):
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    for found in Detector.load(file).detect(photo, confidence=1e-4):
        assert 0 <= found.left <= found.right <= shape[1]
        assert 0 <= found.top <= found.bottom <= shape[0]
        assert found.name in ("hand", "palm")


@pytest.mark.slow
def test_ultralytics_leaves_other_libraries_as_they_are():
    detector.ultralytics()
    assert Image.open.__module__ == "PIL.Image"
    assert torch.save.__module__ == "torch.serialization"
    assert type(cv2.imread).__name__ == "builtin_function_or_method"


@pytest.mark.slow
def test_boxes_come_back_to_the_photos_own_pixels(network):
    class Fixed(torch.nn.Module):
        def forward(self, batch):
            # One palm: middle 32, 24, size 16 x 8 in the padded picture.
            return torch.tensor([[[32.0], [24.0], [16.0], [8.0], [0.0], [0.9]]])

    found = Detector(Fixed(), ["hand", "palm"], 64).detect(np.zeros((96, 256, 3), np.uint8))
    assert [each.name for each in found] == ["palm"]
    # 256 x 96 shrinks by 4 to 64 x 24 and is padded by 4 rows above.
    assert found[0].corners == pytest.approx((96, 64, 160, 96))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda told: told["yaml"]["backbone"][0].__setitem__(2, "os.system"), "layer 0"),
        (lambda told: told["yaml"]["head"][0].__setitem__(3, ["__import__('os')"]), "unknown word"),
        (lambda told: told["yaml"]["backbone"][0].__setitem__(3, [10**9]), "argument"),
        (lambda told: told["yaml"]["backbone"][0].__setitem__(1, 10**6), "repeats"),
        (lambda told: told["yaml"].__setitem__("backbone", [[-1, 1, "Conv", [8, 3, 2]]] * 1000), "layers"),
        (lambda told: told["yaml"].__setitem__("activation", "os.system('x')"), "description"),
        (lambda told: told.__setitem__("size", 63), "size"),
        (lambda told: told.__setitem__("names", []), "names"),
        (lambda told: told.__setitem__("names", ["x" * 100]), "names"),
    ],
)
def test_headers_that_ask_for_other_things_are_refused(file, tmp_path, change, words):
    found = checkpoint.load(file)
    arguments = json.loads(json.dumps(found.header.arguments))
    change(arguments)
    header = checkpoint.Header(kind="detector", architecture="yolo11", arguments=arguments)
    checkpoint.save(tmp_path / "bad.safetensors", found.state, header)
    with pytest.raises(ArgumentsRefused, match=words):
        Detector.load(tmp_path / "bad.safetensors")


@pytest.mark.slow
def test_inspect_shows_a_detector(file, capsys):
    assert main(["inspect", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["kind"] == "detector"
    assert told["parameters"] > 2_000_000


@pytest.mark.slow
def test_other_checkpoints_and_missing_tensors_are_refused(file, tmp_path):
    found = checkpoint.load(file)
    state = dict(found.state)
    state.popitem()
    checkpoint.save(tmp_path / "less.safetensors", state, found.header)
    with pytest.raises(KeysDiffer):
        Detector.load(tmp_path / "less.safetensors")
    other = checkpoint.Header(kind="generator", architecture="dcgan-generator")
    checkpoint.save(tmp_path / "other.safetensors", {"x": torch.zeros(1)}, other)
    with pytest.raises(WrongKind):
        Detector.load(tmp_path / "other.safetensors")
