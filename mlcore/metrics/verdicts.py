"""What the numbers mean, as codes; the words are for those who show them.

A verdict is read against real palms at the same N, never against a fixed number, except FID under 100, which
is the custom of the field's beginners and is named so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ENOUGH = 100
ENOUGH_FOR_FID = 1000
CUSTOM_FID = 100.0
# Halves of a reference that are farther from each other than this, in KID, are of few people or of several kinds of
# photograph; those of many people are at 0.002. Such a yardstick makes anything like real.
DIFFERING = 0.005
# How many times farther than real palms of other people: up to there it is like real, near to it, apart from it.
LIKE, NEAR, APART = 2.0, 10.0, 50.0
LIKE_SHARE = 0.85  # of the share that real palms reach

GOOD, FINE, WORRYING, BAD, UNKNOWN = "good", "fine", "worrying", "bad", "unknown"


@dataclass(frozen=True)
class Verdict:
    """`grade` good, fine, worrying, bad, unknown; `code` says which sentence, with `value`, `beside`."""

    measure: str
    grade: str
    code: str
    value: float | None = None
    beside: float | None = None


def verdicts(report: Mapping[str, Any]) -> list[Verdict]:
    """Judge a report of `mlcore.evaluation`; what is not in it is not judged.

    Few images are told only what is wrong with them: copies are copies, but that none was found among ten says nothing.
    Beside few real ones nothing is near or far.
    """
    sides = (("n", "too_few_to_judge"), ("n_ref", "too_few_real_to_judge"))
    few = [
        Verdict(side, UNKNOWN, code, report[side], ENOUGH) for side, code in sides if report[side] < ENOUGH
    ]
    if not few and _real_ones_differ(report):
        few.append(Verdict("n_ref", UNKNOWN, "real_ones_differ", report["real"]["values"]["kid"], DIFFERING))
    is_few = report["n"] < ENOUGH
    return [*few, *(one for one in _judged(report) if not is_few or one.grade not in (GOOD, FINE))]


def _judged(report: Mapping[str, Any]) -> list[Verdict]:
    found: list[Verdict] = []
    if report.get("constant"):
        found.append(Verdict("vendi", BAD, "all_alike", report.get("vendi")))
    real = (report.get("real") or {}).get("values")
    if real and min(report["n"], report["n_ref"]) >= ENOUGH and not _real_ones_differ(report):
        found += [_realism(report, real), _share(report, real, "recall"), _share(report, real, "precision")]
    if report.get("duplicates"):
        found.append(_duplicates(report["duplicates"]))
    if report.get("privacy"):
        found.append(_privacy(report["privacy"]))
    if report.get("fid") is not None:
        found.append(_fid(report))
    return found


def _real_ones_differ(report: Mapping[str, Any]) -> bool:
    """Whether the halves of a reference that play against each other are too far apart to be a yardstick."""
    real = report.get("real") or {}
    return real.get("way") == "halves" and real["values"]["kid"] > DIFFERING


def _realism(report: Mapping[str, Any], real: Mapping[str, float]) -> Verdict:
    """KID in units of what real palms of other people have, at least a thousandth.

    The estimate itself is judged: the lower end of a wide interval would make anything good. Where that end is as
    near as real palms and the estimate is not, or the upper end of a good estimate is not even near, too few images
    were measured to tell.
    """
    beside = max(real["kid"], 1e-3)
    low, high = (end / beside for end in report["kid_ci"])
    grade, code = _step(report["kid"] / beside)
    if (grade == GOOD and high > NEAR) or (grade != GOOD and low <= LIKE):
        grade, code = UNKNOWN, "not_certain"
    return Verdict("kid", grade, code, report["kid"], real["kid"])


def _step(ratio: float) -> tuple[str, str]:
    for limit, grade, code in (
        (LIKE, GOOD, "like_real"),
        (NEAR, FINE, "near_real"),
        (APART, WORRYING, "apart_from_real"),
    ):
        if ratio <= limit:
            return grade, code
    return BAD, "far_from_real"


def _share(report: Mapping[str, Any], real: Mapping[str, float], name: str) -> Verdict:
    """A share against the share that real palms reach, both with as many images.

    The estimate is judged; where its interval reaches what is like real, it is said to be perhaps below.
    """
    value = (report["real"].get("set_values") or report)[name]
    reached = value / real[name] if real[name] > 0 else 1.0
    if reached >= LIKE_SHARE:
        return Verdict(name, GOOD, "like_real", value, real[name])
    _low, high = report.get("intervals", {}).get(name) or (value, value)
    is_perhaps = value + max(high - report[name], 0.0) >= LIKE_SHARE * real[name]
    for limit, grade, code in ((0.5, FINE, "below_real"), (0.2, WORRYING, "low")):
        if reached >= limit:
            return Verdict(name, grade, "perhaps_below_real" if is_perhaps else code, value, real[name])
    return Verdict(name, BAD, "hardly_any", value, real[name])


def _duplicates(found: Mapping[str, Any]) -> Verdict:
    share = found["share"]
    for limit, grade, code in ((0.0, GOOD, "none"), (0.01, FINE, "few"), (0.05, WORRYING, "some")):
        if share <= limit:
            return Verdict("duplicates", grade, code, share)
    return Verdict("duplicates", BAD, "many", share)


def _privacy(found: Mapping[str, Any]) -> Verdict:
    """Copies first; then more suspicious images than held-out palms have, beyond chance."""
    if found["copies"]:
        return Verdict("privacy", BAD, "copies", found["copies"], found["n"])
    expected = found["expected"]
    if found["excess_low"] > expected:
        return Verdict("privacy", BAD, "many_suspicious", found["suspicious"], expected)
    if found["excess_low"] > 0:
        return Verdict("privacy", WORRYING, "more_suspicious_than_real", found["suspicious"], expected)
    return Verdict("privacy", GOOD, "as_far_as_real", found["suspicious"], expected)


def _fid(report: Mapping[str, Any]) -> Verdict:
    """Both sides must be large: FID grows as either shrinks. A small set is named first, for more can be made of it."""
    for side, code in (("n", "too_few_for_fid"), ("n_ref", "too_few_real_for_fid")):
        if report[side] < ENOUGH_FOR_FID:
            return Verdict("fid", UNKNOWN, code, report[side], ENOUGH_FOR_FID)
    if report["fid"] < CUSTOM_FID:
        return Verdict("fid", FINE, "under_custom_100", report["fid"], CUSTOM_FID)
    return Verdict("fid", WORRYING, "over_custom_100", report["fid"], CUSTOM_FID)
