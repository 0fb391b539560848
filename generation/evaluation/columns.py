"""A comparison read for people: the page with its columns, lines, pictures, histogram, recipes and distances.

Reads a result as the worker left it; writes no row and draws with charts.py.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from generation.evaluation import charts, extractors, grades, links, selectors, verdict_words, words
from generation.evaluation.comparison_lines import lines, whole
from generation.evaluation.comparison_pictures import is_of_palms, pictures, rows_now
from generation.evaluation.models import Comparison, Reference
from generation.evaluation.sheets import seen_words
from generation.sets import networks
from generation.sets.models import ImageSet


def of_comparison(user: User, comparison: Comparison) -> dict[str, Any]:
    """The whole page of a comparison."""
    here = selectors.sets_of(user, comparison)
    palms = selectors.real_columns_of(user, comparison)
    beside = words.real(comparison.reference_subject)
    context: dict[str, Any] = {
        "comparison": comparison,
        "beside": beside,
        "is_own": comparison.owner_id == user.pk,
        "network": extractors.get(comparison.extractor),
        "seen": _seen(comparison),
        "warnings": _warnings(comparison),
        "changed": _changed(comparison, here),
        "weights": weights_of(comparison),
        "names": _names(comparison, here, palms),
    }
    if not comparison.is_done:
        return context
    result = comparison.result
    columns = result["sets"]
    rows = rows_now(result, here)
    heads = [_head(number, column, here, palms) for number, column in enumerate(columns, 1)]
    scored = [column["scores"] for column in columns]
    return context | {
        "heads": heads,
        "result": result,
        "lines": list(lines(result, beside)),
        "pictures": list(pictures(result, rows, here, palms)),
        "is_aligned": bool(rows),
        "has_sets": sum(not is_of_palms(column) for column in columns) > 1,
        "histogram": charts.histograms(scored, label=_("Images by probability, one outline a set"))
        if any(scored)
        else "",
        "scored_heads": [head for head, counts in zip(heads, scored, strict=True) if counts],
        "scores": _score_rows(scored),
        "recipe": [_recipe_line(line) for line in result["recipe"]],
        "pairs": _matrix(result),
    }


def with_names(user: User, comparisons: Sequence[Comparison]) -> list[tuple[Comparison, list[str]]]:
    """Each with what stands in it, in its order; what this person may no longer look at has no name."""
    here, palms = selectors.sets_of(user, *comparisons), selectors.real_columns_of(user, *comparisons)
    return [(one, _names(one, here, palms)) for one in comparisons]


def _names(comparison: Comparison, here: Mapping[str, ImageSet], palms: Mapping[str, Reference]) -> list[str]:
    names = [here[key].name if key in here else _("a set") for key in comparison.sets]
    real = comparison.spec.get("references", ())
    return names + [palms[key].name for key in real if key in palms]


def weights_of(comparison: Comparison) -> str:
    """The first letters of the hash of the network's weights, once it is known."""
    columns = comparison.result.get("sets") or [{"report": {"weights_sha256": ""}}]
    return str(columns[0]["report"]["weights_sha256"])[:8]


def _seen(comparison: Comparison) -> list[str]:
    """Whether the sets' models have seen the network, each sentence with the sets that it holds for."""
    names: dict[str, list[str]] = {}
    for column in comparison.result.get("sets", ()):
        if not is_of_palms(column):
            names.setdefault(column["report"].get("seen", networks.UNKNOWN), []).append(column["name"])
    return [f"{', '.join(sets)}: {seen_words(code, comparison.extractor)}" for code, sets in names.items()]


def _warnings(comparison: Comparison) -> list[str]:
    """Which columns show something else than what all are measured against."""
    names: dict[str, list[str]] = {}
    for column in comparison.result.get("sets", ()):
        # Results of old do not say what their columns show.
        shown = column.get("subject", comparison.reference_subject)
        names.setdefault(shown, []).append(column["name"])
    found = [(names[one], words.other_subject(one, comparison.reference_subject)) for one in names]
    return [f"{', '.join(sets)}: {warning}" for sets, warning in found if warning]


def _changed(comparison: Comparison, here: Mapping[str, ImageSet]) -> list[str]:
    """Which sets hold other images than when they were measured."""
    found = [(column, here.get(column["id"])) for column in comparison.result.get("sets", ())]
    return [
        words.changed(one.name, column["count"], one.count)
        for column, one in found
        if one is not None and not selectors.is_as_measured(one, column["count"], column.get("numbers"))
    ]


def _head(
    number: int, column: Mapping[str, Any], here: Mapping[str, ImageSet], palms: Mapping[str, Reference]
) -> dict[str, Any]:
    """What stands above a column."""
    key, is_real = column["id"], is_of_palms(column)
    known = palms.get(key) if is_real else here.get(key)
    address = reverse("evaluation:reference", args=[key]) if is_real else links.of_set(key)
    grade = "" if is_real else grades.overall(column["report"])
    return {
        "number": number,
        "name": known.name if known else column["name"],
        "url": address if known else "",
        "count": column["count"],
        "is_real": is_real,
        "grade": verdict_words.grade(grade) if grade else words.real(column.get("subject", "palm")),
        "chip": verdict_words.CHIPS.get(grade, ""),
    }


def _score_rows(scored: Sequence[Sequence[int]]) -> list[tuple[str, list[str]]]:
    """The histogram as a table, by fifths of the probability."""
    if not any(scored):
        return []
    found = []
    for fifth in range(5):
        counts = [words.plain(sum(one[fifth * 4 : fifth * 4 + 4]), 0) if one else "–" for one in scored]
        found.append((words.between(words.plain(fifth / 5, 1), words.plain((fifth + 1) / 5, 1)), counts))
    return found


def _recipe_line(line: Mapping[str, Any]) -> dict[str, Any]:
    values = [words.recipe_value(line["key"], value) for value in line["values"]]
    return {"title": words.recipe_title(line["key"]), "values": values, "differs": line["differs"]}


def _matrix(result: Mapping[str, Any]) -> list[list[tuple[str, str]]]:
    """Distances between the sets, each with its interval, as a square of words; nothing where there are no two."""
    count = len(result["sets"]) if result["pairs"] else 0
    square = [[("", "")] * count for _row in range(count)]
    for pair in result["pairs"]:
        interval = whole(pair["kid_ci"])
        span = words.between(*map(words.thousandths, interval)) if interval else ""
        square[pair["a"]][pair["b"]] = square[pair["b"]][pair["a"]] = (words.thousandths(pair["kid"]), span)
    return square


def file_name(comparison: Comparison, suffix: str) -> str:
    """The name of a file that shows it; the last letters of an id tell two of one minute apart."""
    return f"comparison-{str(comparison.pk)[-8:]}{suffix}"
