"""One grade of a whole result, from the verdicts that mlcore gave."""

from collections.abc import Mapping
from typing import Any

from generation.evaluation.models import Evaluation

# Too few images are judged by nobody, unless what little there is is bad already.
WORST_FIRST = ("bad", "worrying", "unknown", "fine", "good")
# Why there is no grade, what to mend first before the rest.
WHY_UNKNOWN = ("too_few_to_judge", "too_few_real_to_judge", "real_ones_differ", "not_certain", "no_privacy")


def overall(result: Mapping[str, Any]) -> str:
    """The worst grade among the verdicts: a set is as good as its weakest side.

    A side that could not be measured may be that one: what is not known of privacy is no part of a good set.
    """
    found = {one["grade"] for one in result.get("verdicts", ())}
    if _lacks_privacy(result):
        found.add("unknown")
    return next((grade for grade in WORST_FIRST if grade in found), "unknown")


def of(evaluation: Evaluation) -> str:
    """The grade of a measurement that is done; FID is one number and is judged as that."""
    if evaluation.kind == Evaluation.Kind.FID:
        found = (one["grade"] for one in evaluation.result["verdicts"] if one["measure"] == "fid")
        return str(next(found, "unknown"))
    return overall(evaluation.result)


def advised(result: Mapping[str, Any]) -> str:
    """What there is to advise: the overall grade, or why there is none."""
    grade = overall(result)
    if grade != "unknown":
        return grade
    codes = {one["code"] for one in result.get("verdicts", ())}
    if _lacks_privacy(result):
        codes.add("no_privacy")
    return next((code for code in WHY_UNKNOWN if code in codes), WHY_UNKNOWN[0])


def _lacks_privacy(result: Mapping[str, Any]) -> bool:
    """Whether privacy was asked for and could not be measured; results of old say so too."""
    return "privacy" in (result.get("unmeasured") or {})
