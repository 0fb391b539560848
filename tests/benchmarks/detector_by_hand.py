"""How well the detector that ships finds palms on photos that it did not learn from, by boxes drawn by hand.

python -m tests.benchmarks.detector_by_hand PHOTOS LABELS docs/benchmarks/palm-boxes-by-hand.csv OUT.json

The CSV has file, left, top, right and bottom in pixels. The labels that it learned from are judged by the same boxes.
"""

import argparse
import csv
import json
import sys
from collections import defaultdict
from pathlib import Path

from mlcore import images
from mlcore.detector import CONFIDENCE, Detector
from mlcore.detector_data import PALM, read_samples, source_of
from mlcore.detector_evaluation import summary
from mlcore.detector_metrics import Corners, Found, Judged

NAME = "palm"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("photos", "labels", "boxes", "out"):
        parser.add_argument(name, type=Path)
    args = parser.parse_args()
    with args.boxes.open(newline="", encoding="utf-8") as stream:
        drawn = {row["file"]: _corners(row) for row in csv.DictReader(stream)}
    detector = Detector.load()
    found: dict[str, list[Judged]] = defaultdict(list)
    labelled: dict[str, list[Judged]] = defaultdict(list)
    for sample in read_samples(args.photos, args.labels):
        if sample.path.name not in drawn:
            continue
        photo = images.decode(sample.path.read_bytes())
        height, width = photo.shape[:2]
        truth = [(NAME, drawn[sample.path.name])]
        detections = [
            Found(NAME, each.confidence, each.corners) for each in detector.detect(photo) if each.name == NAME
        ]
        labels = [Found(NAME, 1.0, box.corners(width, height)) for box in sample.boxes if box.name == PALM]
        for source in (source_of(sample), "all"):
            found[source].append(Judged(truth, detections))
            labelled[source].append(Judged(truth, labels))
    told = {
        "command": "python -m tests.benchmarks.detector_by_hand " + " ".join(sys.argv[1:]),
        "confidence": CONFIDENCE,
        "detector": {source: summary(judged, [NAME])[NAME] for source, judged in sorted(found.items())},
        "labels": {source: summary(judged, [NAME])[NAME] for source, judged in sorted(labelled.items())},
    }
    args.out.write_text(json.dumps(told, indent=2) + "\n")


def _corners(row: dict[str, str]) -> Corners:
    left, top, right, bottom = (float(row[side]) for side in ("left", "top", "right", "bottom"))
    return left, top, right, bottom


if __name__ == "__main__":
    main()
