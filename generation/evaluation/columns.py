"""A comparison read for people: lines of measures with intervals, who is better where intervals part, pictures.

Reads a result as the worker left it; writes no row and draws with charts.py.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.models import User
from generation.evaluation import charts, extractors, grades, links, selectors, words
from generation.evaluation.models import Comparison, Reference
from generation.evaluation.sheets import seen_words
from generation.sets import networks, storage
from generation.sets import selectors as sets
from generation.sets.models import Image, ImageSet

Interval = Sequence[float] | None
Written = Callable[[float | None], str]

SHOWN_PICTURES = 8
# Measure, how it is written, whether less is better, whether its scale ends at 1.
LINES: tuple[tuple[str, Written, bool, bool], ...] = (
    ("kid", words.thousandths, True, False),
    ("precision", words.share, False, True),
    ("recall", words.share, False, True),
    ("coverage", words.share, False, True),
    ("suspicious", words.share, True, True),
    ("duplicates", words.share, True, True),
    ("fd", words.plain, True, False),
    ("density", words.plain, False, False),
    ("vendi", words.plain, False, False),
)


@dataclass(frozen=True)
class Cell:
    """One measure of one set."""

    text: str
    interval: str
    is_better: bool
    scale: SafeString
    place: charts.Place | None


@dataclass(frozen=True)
class Line:
    """One measure of all sets, and of real palms."""

    key: str
    title: str
    cells: tuple[Cell, ...]
    real: str


def of_comparison(user: User, comparison: Comparison) -> dict[str, Any]:
    """The whole page of a comparison."""
    here = selectors.sets_of(user, comparison)
    palms = selectors.real_columns_of(user, comparison)
    context: dict[str, Any] = {
        "comparison": comparison,
        "is_own": comparison.owner_id == user.pk,
        "network": extractors.get(comparison.extractor),
        "seen": _seen(comparison),
        "weights": weights_of(comparison),
        "names": _names(comparison, here, palms),
    }
    if not comparison.is_done:
        return context
    result = comparison.result
    columns = result["sets"]
    heads = [_head(number, column, here, palms) for number, column in enumerate(columns, 1)]
    scored = [column["scores"] for column in columns]
    return context | {
        "heads": heads,
        "result": result,
        "lines": list(lines(result)),
        "pictures": list(pictures(result, here, palms)),
        "is_aligned": bool(aligned(result)),
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
        "grade": words.grade(grade) if grade else _("real palms"),
        "chip": words.CHIPS.get(grade, ""),
    }


def is_of_palms(column: Mapping[str, Any]) -> bool:
    """Whether a column shows real palms and no set."""
    return column.get("kind") == "reference"


def lines(result: Mapping[str, Any]) -> Iterator[Line]:
    """Every measure that any of the sets has."""
    reports = [column["report"] for column in result["sets"]]
    real = _real(result)
    for key, written, less, is_share in LINES:
        values = [value_of(report, key) for report in reports]
        if all(value is None for value in values):
            continue
        intervals = [interval_of(report, key) for report in reports]
        marked = better(intervals, less=less)
        beside = 0.05 if key == "suspicious" else real.get(key)
        ends = [end for interval in intervals if interval for end in interval]
        most = max([*(value or 0 for value in values), *ends, beside or 0, 1e-6]) * 1.05
        if is_share and most > 0.5:
            most = 1.0
        cells = tuple(
            _cell(key, value, interval, mark, beside, most, written)
            for value, interval, mark in zip(values, intervals, marked, strict=True)
        )
        yield Line(key, words.measure_title(key), cells, "" if beside is None else written(beside))


def _real(result: Mapping[str, Any]) -> dict[str, float]:
    """What real palms get; not where they were fewer than the sets and the measure falls or grows with N."""
    baseline = result.get("real") or {}
    elsewhere = baseline.get("set_values") or {}
    return {key: value for key, value in baseline.get("values", {}).items() if key not in elsewhere}


def better(intervals: Sequence[Interval], *, less: bool) -> list[bool]:
    """Who is measurably better than somebody, with nobody measurably better than them."""

    def beats(one: Interval, other: Interval) -> bool:
        if not one or not other:
            return False
        return one[1] < other[0] if less else one[0] > other[1]

    return [
        any(beats(one, other) for other in intervals) and not any(beats(other, one) for other in intervals)
        for one in intervals
    ]


def value_of(report: Mapping[str, Any], key: str) -> float | None:
    """A measure's value in a report."""
    if key == "suspicious":
        return (report.get("privacy") or {}).get("suspicious")
    if key == "duplicates":
        return (report.get("duplicates") or {}).get("share")
    found: float | None = report.get(key)
    return found


def interval_of(report: Mapping[str, Any], key: str) -> Interval:
    """Its interval, if it has one that is whole."""
    return _whole(report.get("intervals", {}).get(key))


def _whole(interval: Interval) -> Interval:
    """Nothing where an end was no number."""
    return interval if interval and None not in interval else None


def rows(result: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The measures as plain rows for a table file: one row a measure and set."""
    yield ("measure", "set", "name", "n", "value", "low", "high", "real", "better", "other", "other_name")
    real = _real(result)
    for key, _written, less, _is_share in LINES:
        reports = [column["report"] for column in result["sets"]]
        intervals = [interval_of(report, key) for report in reports]
        marked = better(intervals, less=less)
        for column, interval, mark in zip(result["sets"], intervals, marked, strict=True):
            value = value_of(column["report"], key)
            if value is None:
                continue
            low, high = interval or ("", "")
            beside = 0.05 if key == "suspicious" else real.get(key, "")
            yield _row(
                key, column["id"], column["name"], result["n"], value, low, high, beside, int(mark), "", ""
            )
    for pair in result["pairs"]:
        one, other = (result["sets"][pair[side]] for side in ("a", "b"))
        low, high = _whole(pair["kid_ci"]) or ("", "")
        yield _row(
            "kid_between", one["id"], one["name"], result["n"], pair["kid"], low, high, "", "",
            other["id"], other["name"],
        )  # fmt: skip


def _row(*cells: Any) -> tuple[str, ...]:
    return tuple(_harmless(str(cell)) for cell in cells)


def _harmless(cell: str) -> str:
    """A spreadsheet would run what begins like a formula; numbers stay numbers."""
    try:
        float(cell)
    except ValueError:
        return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
    return cell


def _cell(
    key: str,
    value: float | None,
    interval: Interval,
    mark: bool,
    real: float | None,
    most: float,
    written: Written,
) -> Cell:
    span = words.between(written(interval[0]), written(interval[1])) if interval else ""
    label = f"{words.measure_title(key)}: {written(value)}" + (f", {span}" if span else "")
    drawing = charts.scale(value, interval, real, most=most, label=label) if interval else SafeString("")
    place = charts.place_of(value, interval, real, most=most) if interval else None
    return Cell(written(value), span, mark, drawing, place)


def pictures(
    result: Mapping[str, Any], here: Mapping[str, ImageSet], palms: Mapping[str, Reference]
) -> Iterator[dict[str, Any]]:
    """Rows of pictures of one seed and number; the first ones of each where the sets share none."""
    grid = aligned(result)
    count = len(grid) or SHOWN_PICTURES
    made = [column["id"] for column in result["sets"] if not is_of_palms(column)]
    numbers = {key: [row["indices"][place] for row in grid] for place, key in enumerate(made)}
    found = [
        _column_pictures(column, numbers.get(column["id"], []), count, here, palms)
        for column in result["sets"]
    ]
    for place in range(max(map(len, found), default=0)):
        cells = [cells[place] if place < len(cells) else None for cells in found]
        yield {"number": grid[place]["number"] if grid else None, "cells": cells}


def aligned(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of one seed and number. Comparisons of old know only numbers, which say nothing of the seed."""
    return [row for row in result["grid"] if isinstance(row, dict)]


def _column_pictures(
    column: Mapping[str, Any],
    numbers: Sequence[int],
    count: int,
    here: Mapping[str, ImageSet],
    palms: Mapping[str, Reference],
) -> list[dict[str, Any] | None]:
    if is_of_palms(column):
        reference = palms.get(column["id"])
        kept = reference.n if reference and reference.keeps_photos else 0
        return [_palm(reference, number) for number in range(min(kept, count)) if reference]
    image_set = here.get(column["id"])
    images = sets.images_of(image_set) if image_set else Image.objects.none()
    if not numbers:
        return [_picture(image, image_set) for image in images[:count]]
    chosen = {image.index: image for image in images.filter(index__in=numbers)}
    return [_picture(chosen.get(index), image_set) for index in numbers]


def _palm(reference: Reference, number: int) -> dict[str, Any]:
    address = reverse("evaluation:reference_photo", args=[reference.pk, number])
    path = reference.photos_folder / f"{number:06d}.png"
    return {"thumb": address, "url": address, "seed": None, "index": number, "path": path}


def _picture(image: Image | None, image_set: ImageSet | None) -> dict[str, Any] | None:
    if image is None or image_set is None:
        return None
    return {
        "thumb": links.thumb(image.pk),
        "url": links.image(image.pk),
        "seed": image.seed,
        "index": image.index,
        "path": storage.image_path(image_set, image.index),
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
        interval = _whole(pair["kid_ci"])
        span = words.between(*map(words.thousandths, interval)) if interval else ""
        square[pair["a"]][pair["b"]] = square[pair["b"]][pair["a"]] = (words.thousandths(pair["kid"]), span)
    return square


def file_name(comparison: Comparison, suffix: str) -> str:
    """The name of a file that shows it; the last letters of an id tell two of one minute apart."""
    return f"comparison-{str(comparison.pk)[-8:]}{suffix}"
