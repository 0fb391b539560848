"""THE door for measuring: features of a set and a bank in, one report out. Knows no rows, pages or words."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore.metrics.baseline import real_against_real
from mlcore.metrics.choosing import Point, choosing_curve
from mlcore.metrics.duplicates import duplicates, near_threshold, shared
from mlcore.metrics.errors import TooFewImages
from mlcore.metrics.extrapolation import MINIMUM as FOR_EXTRAPOLATION
from mlcore.metrics.extrapolation import extrapolated_distance
from mlcore.metrics.features import checked
from mlcore.metrics.jackknife import frechet_interval, vendi_interval
from mlcore.metrics.judge import judge_features
from mlcore.metrics.memorisation import memorisation, wilson
from mlcore.metrics.moments import Moments
from mlcore.metrics.prdc import NEAREST
from mlcore.metrics.subsets import measure_parts
from mlcore.metrics.vendi import vendi
from mlcore.metrics.verdicts import verdicts
from mlcore.models.features import Extractor
from mlcore.reference import Bank, are_twins
from mlcore.sources import WEIGHTS

LEAST = 10
STANDARD = "inception-v3"
FID_WEIGHTS = WEIGHTS["inception"].sha256
CONSTANT_SPREAD = 1e-6


def evaluate(
    features: NDArray[np.floating],
    extractor: Extractor,
    reference: Bank,
    *,
    training: Bank | None = None,
    held: Bank | None = None,
    others: Bank | None = None,
    scores: Sequence[float] | None = None,
    moments: Moments | None = None,
    seed: int = 0,
    fid_weights: str = FID_WEIGHTS,
) -> dict[str, Any]:
    """Every measure of a set, JSON-able, with verdicts as codes.

    `training` (a bank of what the generator was trained on) adds privacy, with `held` as the yardstick: the other part
    of its split, by default the reference where it is that part. Without a yardstick privacy is not measured, and
    `unmeasured` says why: a reference of another camera, or one that shares palms with the training, would lie.
    `others` (the other part of the reference's split, by default `training` where it is that part) lets real palms
    play the set for the comparison of real against real. `scores` adds the curve of what choosing costs. `moments`
    are the reference's, where they were kept (mlcore.moments_cache). FID is the distance in the standard network with
    the very weights of that sha256; any other network of its shape gives a Frechet distance and no FID.
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
        "reference": _named(reference),
        **judge_features(made, real, groups=reference.groups, known=known),
        "vendi": vendi(made),
        "constant": bool(made.std(axis=0).max() <= CONSTANT_SPREAD * max(float(np.abs(made).max()), 1.0)),
        "fd_infinite": _extrapolated(made, known, seed),
        "duplicates": asdict(duplicates(made, near_threshold(real))),
    }
    if (extractor.name, extractor.sha256) == (STANDARD, fid_weights):
        report["fid"] = report["fd"]
    for bank in (training, held, others):
        if bank is not None:
            bank.check_same_network(extractor)
    report |= _privacy(made, training, _first_twin(training, held, reference))
    players = next((bank for bank in (others, training) if bank and are_twins(bank, reference)), None)
    report["real"] = asdict(
        real_against_real(
            real,
            reference.groups,
            made,
            others=players.features if players else None,
            known=known,
            seed=seed,
        )
    )
    report["intervals"] = _intervals(report, made, real, known, seed)
    if scores is not None:
        curve = choosing_curve(made, scores, real, groups=reference.groups, seed=seed)
        report["choosing"] = [asdict(_as_reported(point, report)) for point in curve]
    report["verdicts"] = [asdict(verdict) for verdict in verdicts(report)]
    return report


def _first_twin(training: Bank | None, *offered: Bank | None) -> Bank | None:
    """The first that is the other part of the training's split."""
    if training is None:
        return None
    return next((bank for bank in offered if bank is not None and are_twins(training, bank)), None)


def _privacy(made: NDArray[np.floating], training: Bank | None, held: Bank | None) -> dict[str, Any]:
    """Distances to the training palms and the banks they were measured with, or why there are none."""
    if training is None:
        return {"unmeasured": {"privacy": {"code": "no_training"}}}
    facts: dict[str, Any] = {"training": _named(training)}
    if held is None:
        return {**facts, "unmeasured": {"privacy": {"code": "no_held_out"}}}
    facts["held"] = _named(held)
    count = shared(held.features, training.features)
    if count:
        why = {"code": "held_out_in_training", "shared": count, "n_held": held.header.n}
        return {**facts, "unmeasured": {"privacy": why}}
    return {**facts, "privacy": asdict(memorisation(made, training.features, held.features))}


def _named(bank: Bank) -> dict[str, str]:
    return {"name": bank.header.name, "sha256": bank.sha256}


def _intervals(
    report: Mapping[str, Any],
    made: NDArray[np.floating],
    real: NDArray[np.floating],
    known: Moments,
    seed: int,
) -> dict[str, Any]:
    """95 % intervals: of KID by a bootstrap; of shares of the set Wilson's, the other side as it stands; of shares of
    the real ones Wilson's and by leaving out a tenth of the set; else by leaving out alone.
    """
    n = report["n"]
    (whole,) = measure_parts(made, real, [np.arange(n)], nearest=NEAREST)
    found: dict[str, Any] = {
        "kid": report["kid_ci"],
        "fd": frechet_interval(made, known, report["fd"], seed=seed),
        "vendi": vendi_interval(made, report["vendi"], seed=seed),
        "density": report["density_ci"],
        "precision": wilson(round(report["precision"] * n), n),
        "recall": whole.recall_ci,
        "coverage": whole.coverage_ci,
        "duplicates": wilson(round(report["duplicates"]["share"] * n), n),
    }
    if report["fd_infinite"]:
        found["fd_infinite"] = report["fd_infinite"]["interval"]
    if "fid" in report:
        found["fid"] = found["fd"]
    if "privacy" in report:
        names = ("suspicious", "ratio", "copies", "authentic")
        found |= {name: report["privacy"][f"{name}_ci"] for name in names}
    return {name: list(ends) for name, ends in found.items() if ends is not None}


def _as_reported(point: Point, report: Mapping[str, Any]) -> Point:
    """Where all are kept the curve has the report's own KID: one number has one interval, whichever way it is got."""
    if point.share < 1:
        return point
    low, high = report["kid_ci"]
    return replace(point, kid=report["kid"], kid_ci=(low, high))


def _extrapolated(made: NDArray[np.floating], real: Moments, seed: int) -> dict[str, Any] | None:
    """None where the set is too small to draw a line through."""
    if len(made) < FOR_EXTRAPOLATION:
        return None
    return asdict(extrapolated_distance(made, real, seed=seed))
