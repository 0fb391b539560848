"""One grade of a whole result, from the verdicts that mlcore gave."""

from collections.abc import Mapping
from typing import Any

# Too few images are judged by nobody, unless what little there is is bad already.
WORST_FIRST = ("bad", "worrying", "unknown", "fine", "good")


def overall(result: Mapping[str, Any]) -> str:
    """The worst grade among the verdicts: a set is as good as its weakest side."""
    found = {one["grade"] for one in result.get("verdicts", ())}
    return next((grade for grade in WORST_FIRST if grade in found), "unknown")
