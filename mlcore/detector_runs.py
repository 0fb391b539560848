"""What is kept of a detector's training: checkpoints with their lineage and measures, and the curves."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from mlcore import checkpoint
from mlcore.checkpoint import SUFFIX, Header
from mlcore.detector import Detector, save
from mlcore.detector_data import NAMES, Sample, source_of
from mlcore.detector_evaluation import draw_curves, judge, summary
from mlcore.detector_training import Plan
from mlcore.models.upright import UprightNet
from mlcore.upright_training import AngleErrors, UprightPlan

LICENCE = "AGPL-3.0-or-later"
DETECTOR_FILE = f"palm-detector{SUFFIX}"
UPRIGHT_FILE = f"palm-upright{SUFFIX}"


def finish(
    folder: Path, network: torch.nn.Module, plan: Plan, learned: Sequence[Sample], held: Sequence[Sample]
) -> tuple[Path, dict[str, Any]]:
    """Write the detector, measure on held photos what was written, and write it again with its measures."""
    path = folder / DETECTOR_FILE
    start = checkpoint.load(plan.start).sha256 if plan.start else ""
    facts = asdict(plan) | {"weights": str(plan.weights or ""), "start": start}
    notes = {"plan": {key: value for key, value in facts.items() if key not in ("threads", "device")}}
    described = {"recipe": "yolo11", "licence": LICENCE, "lineage": lineage(learned), "notes": notes}
    save(path, network, NAMES, plan.size, **described)
    judged, _ = judge(Detector.load(path), held, NAMES)
    measures = summary(judged, NAMES)
    save(path, network, NAMES, plan.size, metrics={"held": measures}, **described)
    results = folder / "yolo" / "results.csv"
    if results.exists():
        draw_curves(results, folder / "curves.png")
    return path, measures


def save_upright(
    folder: Path, network: UprightNet, plan: UprightPlan, learned: Sequence[Sample], errors: AngleErrors
) -> Path:
    """Write the upright network with its measures."""
    path = folder / UPRIGHT_FILE
    header = Header(
        kind="features",
        architecture="upright",
        recipe="upright",
        step=plan.steps,
        licence=LICENCE,
        lineage=lineage(learned),
        metrics={"held": {name: round(value, 3) for name, value in asdict(errors).items()}},
        notes={"plan": asdict(plan)},
    )
    checkpoint.save(path, checkpoint.state_of(network), header, dtype=torch.float16)
    return path


def lineage(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """Sources by the beginnings of their file names, with counts."""
    counts = Counter(source_of(sample) for sample in samples)
    return [{"source": source, "images": count} for source, count in sorted(counts.items())]
