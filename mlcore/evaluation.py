"""THE door for measuring: features of a set and a bank in, one report out. Knows no rows, pages or words."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore.metrics.baseline import real_against_real
from mlcore.metrics.choosing import choosing_curve
from mlcore.metrics.duplicates import duplicates, near_threshold
from mlcore.metrics.errors import TooFewImages
from mlcore.metrics.extrapolation import MINIMUM as FOR_EXTRAPOLATION
from mlcore.metrics.extrapolation import extrapolated_distance
from mlcore.metrics.features import checked
from mlcore.metrics.judge import judge_features
from mlcore.metrics.memorisation import memorisation
from mlcore.metrics.moments import Moments
from mlcore.metrics.vendi import vendi
from mlcore.metrics.verdicts import verdicts
from mlcore.models.features import Extractor
from mlcore.reference import Bank

LEAST = 10
STANDARD = "inception-v3"
CONSTANT_SPREAD = 1e-6


def evaluate(
    features: NDArray[np.floating],
    extractor: Extractor,
    reference: Bank,
    *,
    training: Bank | None = None,
    scores: Sequence[float] | None = None,
    moments: Moments | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Every measure of a set, JSON-able, with verdicts as codes.

    `training` (a bank of what the generator was trained on) adds privacy, and lets real palms play the set
    for the comparison of real against real. `scores` adds the curve of what choosing costs. `moments` are the
    reference's, where they were kept (mlcore.moments_cache).
    """
    reference.check_same_network(extractor)
    if len(features) < LEAST:
        raise TooFewImages(
            f"The set has {len(features)} images; below {LEAST} no measure means anything. "
            "Make 100 for a first look, 1,000 for a judgement.",
            n=len(features),
            least=LEAST,
        )
    made = checked(features)
    real = reference.features
    known = moments or Moments.of(real)
    report: dict[str, Any] = {
        "n": len(made),
        "n_ref": reference.header.n,
        "extractor": extractor.name,
        "weights_sha256": extractor.sha256,
        "reference": {"name": reference.header.name, "sha256": reference.sha256},
        **judge_features(made, real, groups=reference.groups, known=known),
        "vendi": vendi(made),
        "constant": bool(made.std(axis=0).max() <= CONSTANT_SPREAD * max(float(np.abs(made).max()), 1.0)),
        "fd_infinite": _extrapolated(made, known, seed),
        "duplicates": asdict(duplicates(made, near_threshold(real))),
    }
    if extractor.name == STANDARD:
        report["fid"] = report["fd"]
    others = None
    if training is not None:
        training.check_same_network(extractor)
        others = training.features if _other_people(training, reference) else None
        report["privacy"] = asdict(memorisation(made, training.features, real))
        report["training"] = {"name": training.header.name, "sha256": training.sha256}
    report["real"] = asdict(real_against_real(real, reference.groups, len(made), others=others, seed=seed))
    if scores is not None:
        report["choosing"] = [asdict(point) for point in choosing_curve(made, scores, real, seed=seed)]
    report["verdicts"] = [asdict(verdict) for verdict in verdicts(report)]
    return report


def _other_people(training: Bank, reference: Bank) -> bool:
    """Whether the two banks are the two parts of one split, so that one may play a set against the other."""
    sources = [{entry.get("source") for entry in bank.header.lineage} for bank in (training, reference)]
    parts = (training.header.split, reference.header.split)
    return parts == ("train", "validation") and bool(sources[0]) and sources[0] == sources[1]


def _extrapolated(made: NDArray[np.floating], real: Moments, seed: int) -> dict[str, Any] | None:
    """None where the set is too small to draw a line through."""
    if len(made) < FOR_EXTRAPOLATION:
        return None
    return asdict(extrapolated_distance(made, real, seed=seed))
