"""Runs a detector over labelled photos and says how good it is; also draws what a training wrote."""

import csv
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from mlcore import images
from mlcore.data import DataError
from mlcore.detector import CONFIDENCE, Detector
from mlcore.detector_data import Sample
from mlcore.detector_metrics import Found, Judged, false_alarm_rate, quality
from mlcore.errors import ImageError


def judge(
    detector: Detector,
    samples: Sequence[Sample],
    names: Sequence[str],
    confidence: float = CONFIDENCE,
    on_progress: Callable[[int], None] = lambda done: None,
) -> tuple[list[Judged], dict[str, str]]:
    """What is there and what is found, photo by photo, and the photos that cannot be read, each with the reason.

    `names` are those of the labels, in their order.
    """
    judged: list[Judged] = []
    broken: dict[str, str] = {}
    for number, sample in enumerate(samples, 1):
        try:
            photo = images.decode(sample.path.read_bytes())
        except ImageError as error:
            broken[str(sample.path)] = str(error)
            continue
        height, width = photo.shape[:2]
        truth = [(names[box.name], box.corners(width, height)) for box in sample.boxes]
        found = [
            Found(each.name, each.confidence, each.corners) for each in detector.detect(photo, confidence)
        ]
        judged.append(Judged(truth, found))
        on_progress(number)
    if not judged:
        reasons = "".join(f" {path}: {reason}" for path, reason in islice(broken.items(), 1))
        raise DataError(f"There is no photo to measure on; {len(broken)} could not be read.{reasons}")
    return judged, broken


def summary(judged: Sequence[Judged], names: Sequence[str]) -> dict[str, Any]:
    """`{palm: {ap50, mean_iou, n, ...}, false_alarm_rate}`; the rate is null without photos that have no box."""
    told: dict[str, Any] = {}
    for name in names:
        measured = quality(judged, name)
        told[name] = {
            "ap50": round(measured.ap50, 4),
            "mean_iou": round(measured.mean_iou, 4),
            "n": measured.n,
            "recall": round(measured.recall, 4),
            "false_boxes": measured.false_boxes,
        }
    rate = false_alarm_rate(judged, names)
    told["false_alarm_rate"] = None if rate is None else round(rate, 4)
    told["photos"] = len(judged)
    return told


def draw_curves(results: Path, path: Path) -> None:
    """Losses and precision over the epochs, from the table that ultralytics writes."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with results.open(newline="", encoding="utf-8") as stream:
        rows = [{key.strip(): value for key, value in row.items()} for row in csv.DictReader(stream)]
    epochs = [int(float(row["epoch"])) for row in rows]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for key in rows[0]:
        if key.startswith("train/"):
            left.plot(epochs, [float(row[key]) for row in rows], label=key.removeprefix("train/"))
        elif key.startswith("metrics/"):
            name = key.removeprefix("metrics/").removesuffix("(B)")
            right.plot(epochs, [float(row[key]) for row in rows], label=name)
    left.set(xlabel="epoch", ylabel="loss in training")
    right.set(xlabel="epoch", ylabel="on held photos", ylim=(0, 1))
    left.legend()
    right.legend()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
