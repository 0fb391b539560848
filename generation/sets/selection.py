"""Some of a set's images: by number, probability, star, or the best N. Reads only."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.errors import InvalidInput
from generation.sets.models import Image, ImageSet
from generation.sets.selectors import images_of, with_odds

MOST_RUNS = 300
MOST_NUMBER = 99_999_999
MOST_SCORER = 80
_RUN = re.compile(r"(\d{1,8})(?:-(\d{1,8}))?")
_PROBABILITY = re.compile(r"\d(?:\.\d{1,17})?(?:e-\d{1,2})?")
_COUNT = re.compile(r"[1-9]\d{0,7}")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which images of a set: all of these conditions hold. `runs` are first and last numbers; None is no condition.

    Probabilities are those of the model's own discriminator, or those that `scorer` gave.
    """

    least: float | None = None
    most: float | None = None
    starred: bool = False
    runs: tuple[tuple[int, int], ...] | None = None
    best: int | None = None
    scorer: str = ""


ALL = Selection()


def selected(
    image_set: ImageSet, selection: Selection, images: QuerySet[Image] | None = None
) -> QuerySet[Image]:
    """The images that the selection names, by number."""
    found = images_of(image_set) if images is None else images
    if selection.runs is not None:
        runs = Q(pk__in=[])
        for first, last in selection.runs:
            runs |= Q(index__gte=first, index__lte=last)
        found = found.filter(runs)
    if selection.starred:
        found = found.filter(is_starred=True)
    if (selection.least, selection.most, selection.best) == (None, None, None):
        return found
    said = with_odds(found, image_set, selection.scorer)
    if selection.least is not None:
        said = said.filter(odds__gte=selection.least)
    if selection.most is not None:
        said = said.filter(odds__lte=selection.most)
    if selection.best is not None:
        said = said.order_by("-odds", "place")[: selection.best]
    elif not selection.scorer:
        return said  # a plain condition on the images themselves
    return found.filter(pk__in=said.values("pk"))


def parse(query: Mapping[str, str]) -> Selection:
    """The selection in a query: `min`, `max`, `starred=1`, `numbers=0-15,20`, `best=100`, `scorer=name`."""
    return Selection(
        least=_probability(query, "min"),
        most=_probability(query, "max"),
        starred=flag(query, "starred"),
        runs=runs(query.get("numbers", "")),
        best=_count(query.get("best")),
        scorer=scorer_in(query),
    )


def of_numbers(numbers: Iterable[int]) -> Selection:
    """The selection of single numbers, neighbours joined."""
    runs: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    if len(runs) > MOST_RUNS:
        raise _refusal("numbers", _too_many_runs())
    return Selection(runs=tuple(runs))


def as_query(selection: Selection) -> dict[str, Any]:
    """What `parse` reads back."""
    query: dict[str, Any] = {"min": selection.least, "max": selection.most, "best": selection.best}
    if selection.starred:
        query["starred"] = "1"
    if selection.scorer:
        query["scorer"] = selection.scorer
    if selection.runs is not None:
        query["numbers"] = ",".join(f"{a}-{b}" if b > a else str(a) for a, b in selection.runs)
    return {name: value for name, value in query.items() if value is not None}


def scorer_in(query: Mapping[str, str]) -> str:
    """Whose probabilities are meant."""
    text = query.get("scorer", "")
    if len(text) > MOST_SCORER or not (text.isprintable() or not text):
        raise _refusal("scorer", _("Write the name of a scorer, as the scores of the set show it."))
    return text


def _probability(query: Mapping[str, str], name: str) -> float | None:
    text = query.get(name, "")
    if not text:
        return None
    number = float(text) if _PROBABILITY.fullmatch(text) else math.nan
    if not 0 <= number <= 1:
        raise _refusal(name, _("Write a number from 0 to 1."))
    return number


def flag(query: Mapping[str, str], name: str) -> bool:
    """Whether a query says yes."""
    text = query.get(name, "")
    if text not in ("", "0", "1", "true", "false"):
        raise _refusal(name, _("Write 1 or 0."))
    return text in ("1", "true")


def _count(text: str | None) -> int | None:
    if not text:
        return None
    if not _COUNT.fullmatch(text):
        raise _refusal("best", _("Write a number from 1 to %(most)s.") % {"most": MOST_NUMBER})
    return int(text)


def runs(text: str) -> tuple[tuple[int, int], ...] | None:
    """The runs in `0-15,20`; None where there is no text."""
    if not text:
        return None
    parts = text.split(",", MOST_RUNS)
    if len(parts) > MOST_RUNS:
        raise _refusal("numbers", _too_many_runs())
    found = []
    for part in parts:
        match = _RUN.fullmatch(part)
        first = int(match[1]) if match else 1
        last = int(match[2] or match[1]) if match else 0
        if last < first:
            raise _refusal("numbers", _("Write numbers and runs of numbers, as 0-15,20."))
        found.append((first, last))
    return tuple(found)


def _too_many_runs() -> str:
    return _("At most %(most)s runs of numbers are taken at once; take fewer, or several requests.") % {
        "most": MOST_RUNS
    }


def _refusal(name: str, message: str) -> InvalidInput:
    return InvalidInput(message, fields={name: message})
