"""A comparison as one PNG: measures with intervals, the same images side by side, histograms, and what it stands on.

Drawn from the same result as the page, in the reader's language; it holds nothing that the page does not show.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from generation.evaluation import charts, columns
from generation.evaluation.comparison_lines import Line
from generation.evaluation.drawing_sheet import INK, Sheet, width_of, wrapped
from generation.evaluation.models import Comparison
from generation.sets import networks

MARGIN, TITLES, COLUMN, REAL, GAP = 32, 190, 176, 96, 16
ROW, BARS, PICTURE, HISTOGRAM, LEADING = 46, 8, 152, 130, 18
QUIET, LINE, ACCENT, SOFT = "#6a645c", "#e4dfd8", "#a8452b", "#e9c9bd"
# Colours and dashes of the page's outlines, in its order.
SERIES = (
    ("#a8452b", ()), ("#1d1b18", (6, 3)), ("#2f6f4f", (2, 2)),
    ("#8a5a00", (8, 2)), ("#6a645c", (10, 4)), ("#a3212a", (2, 4)),
)  # fmt: skip


def of_comparison(comparison: Comparison, context: Mapping[str, Any], address: str) -> bytes:
    """The picture of a comparison that is done; `context` is what its page is drawn from."""
    heads, lines, rows = context["heads"], context["lines"], context["pictures"]
    scored = [column["scores"] for column in comparison.result["sets"]]
    recipe = [line for line in context["recipe"] if line["differs"]]
    pairs = context["pairs"]
    width = MARGIN * 2 + TITLES + len(heads) * COLUMN + REAL
    wide = width - 2 * MARGIN
    warned, foot = (
        [line for text in texts for line in wrapped(text, 12, wide)]
        for texts in (context["changed"] + context["warnings"], _foot(comparison, context["beside"], address))
    )
    height = (
        150
        + len(lines) * ROW
        + (len(recipe) + 1) * 26
        + len(rows) * (PICTURE + 22)
        + 60
        + (HISTOGRAM + 80 if any(scored) else 0)
        + (len(pairs) * 26 + 80 if pairs else 0)
        + (len(warned) + len(foot)) * LEADING
        + 40
    )
    sheet = Sheet.new(width, height)
    title = _("Comparison")
    sheet.text(MARGIN, 56, title, size=28, bold=True)
    y = _heads(sheet, heads, context["beside"], 100)
    y = _measures(sheet, lines, len(heads), y)
    y = _recipes(sheet, recipe, y + 10)
    y = _pictures(sheet, rows, y + 20)
    if any(scored):
        y = _histogram(sheet, heads, scored, y + 20)
    if pairs:
        y = _distances(sheet, heads, pairs, y + 20)
    for line in warned:
        y += LEADING
        sheet.text(MARGIN, y, line, size=12, most=wide)
    y += 12
    sheet.line([(MARGIN, y), (width - MARGIN, y)], LINE)
    for line in foot:
        y += LEADING
        sheet.text(MARGIN, y, line, size=12, colour=QUIET, most=wide)
    return sheet.png(f"{title}: {', '.join(head['name'] for head in heads)}")


def _left(place: int) -> float:
    return MARGIN + TITLES + place * COLUMN


def _heads(sheet: Sheet, heads: Sequence[Mapping[str, Any]], beside: str, y: float) -> float:
    for place, head in enumerate(heads):
        colour, dashes = SERIES[place]
        sheet.dashed([(_left(place), y - 22), (_left(place) + 28, y - 22)], colour, dashes)
        sheet.text(_left(place), y, head["name"], size=15, bold=True, most=COLUMN - GAP)
        sheet.text(_left(place), y + 18, head["grade"], size=12, colour=QUIET)
    right = _left(len(heads)) + REAL
    sheet.text(right, y, capfirst(beside), size=13, colour=QUIET, right=True)
    return y + 34


def _measures(sheet: Sheet, lines: Sequence[Line], count: int, y: float) -> float:
    for line in lines:
        sheet.line([(MARGIN, y), (_left(count) + REAL, y)], LINE)
        sheet.text(MARGIN, y + 20, line.title, size=13, colour=QUIET, most=TITLES - GAP)
        for place, cell in enumerate(line.cells):
            sheet.text(_left(place), y + 20, cell.text, size=14, bold=cell.is_better)
            sheet.text(
                _left(place) + width_of(cell.text, 14, cell.is_better) + 8, y + 20, cell.interval, size=11,
                colour=QUIET, most=COLUMN - GAP - 40,
            )  # fmt: skip
            if cell.place is not None:
                _bar(sheet, cell.place, _left(place), y + 33)
        sheet.text(_left(count) + REAL, y + 20, line.real or "–", size=14, right=True)
        y += ROW
    return y


def _bar(sheet: Sheet, place: charts.Place, left: float, y: float) -> None:
    """The interval as a bar, the value as a dot, real palms as a tick, from 0 to the line's end."""
    wide = COLUMN - GAP * 2
    sheet.line([(left, y), (left + wide, y)], LINE)
    if place.low is not None and place.high is not None:
        low, high = left + place.low * wide, left + place.high * wide
        sheet.box(low, y - BARS / 2, max(high, low + 2), y + BARS / 2, SOFT, BARS / 2)
    if place.real is not None:
        x = left + place.real * wide
        sheet.line([(x, y - 8), (x, y + 8)], INK)
    x = left + place.value * wide
    sheet.box(x - 3.5, y - 3.5, x + 3.5, y + 3.5, ACCENT, 3.5)


def _recipes(sheet: Sheet, recipe: Sequence[Mapping[str, Any]], y: float) -> float:
    """Only what differs: the rest is the same for all."""
    for line in recipe:
        sheet.box(MARGIN - 8, y, _left(len(line["values"])), y + 26, "#f8e9e3")
        sheet.text(MARGIN, y + 18, line["title"], size=13, colour=QUIET)
        for place, value in enumerate(line["values"]):
            sheet.text(_left(place), y + 18, value, size=13, most=COLUMN - GAP)
        y += 26
    return y


def _pictures(sheet: Sheet, rows: Sequence[Mapping[str, Any]], y: float) -> float:
    for row in rows:
        if row["number"] is not None:
            sheet.text(MARGIN, y + 16, _("Image %(n)s") % {"n": row["number"]}, size=13, colour=QUIET)
        for place, cell in enumerate(row["cells"]):
            if cell is None:
                sheet.text(_left(place), y + 16, "–", size=13, colour=QUIET)
                continue
            sheet.picture(cell["path"], _left(place), y, PICTURE)
            words = _("real") if cell["seed"] is None else _("seed %(seed)s") % {"seed": cell["seed"]}
            sheet.text(_left(place), y + PICTURE + 14, words, size=11, colour=QUIET)
        y += PICTURE + 22
    return y


def _histogram(
    sheet: Sheet, heads: Sequence[Mapping[str, Any]], scored: Sequence[Sequence[int]], y: float
) -> float:
    sheet.text(MARGIN, y + 16, _("Probabilities"), size=15, bold=True)
    top, left, wide = y + 36, MARGIN + TITLES, COLUMN * 2 - GAP
    base = top + HISTOGRAM
    shares = [[count / max(sum(one), 1) for count in one] for one in scored]
    most = max((max(one) for one in shares if one), default=0.0) or 1.0
    sheet.line([(left, base), (left + wide, base)], LINE)
    for place, words in ((0.0, number_format(0)), (0.5, number_format(0.5, 1)), (1.0, number_format(1))):
        sheet.text(left + place * wide, base + 18, words, size=11, colour=QUIET, right=place == 1.0)
    for number, one in enumerate(shares):
        if one:
            points: list[tuple[float, float]] = [(left, base)]
            for at, share in enumerate(one):
                level = base - share / most * (HISTOGRAM - 8)
                points += [(left + at / len(one) * wide, level), (left + (at + 1) / len(one) * wide, level)]
            sheet.dashed([*points, (left + wide, base)], *SERIES[number])
    return base + 24


def _distances(
    sheet: Sheet,
    heads: Sequence[Mapping[str, Any]],
    pairs: Sequence[Sequence[tuple[str, str]]],
    y: float,
) -> float:
    """KID between each two, with its interval."""
    sheet.text(MARGIN, y + 16, _("How far the sets are from each other"), size=15, bold=True)
    y += 24
    sheet.text(MARGIN, y + 18, _("KID, in thousandths"), size=12, colour=QUIET)
    for place, head in enumerate(heads):
        sheet.text(_left(place), y + 18, head["name"], size=12, colour=QUIET, most=COLUMN - GAP)
    for head, row in zip(heads, pairs, strict=True):
        y += 26
        sheet.line([(MARGIN, y), (_left(len(heads)), y)], LINE)
        sheet.text(MARGIN, y + 18, head["name"], size=13, most=TITLES - GAP)
        for place, (text, span) in enumerate(row):
            sheet.text(_left(place), y + 18, text or "·", size=13)
            sheet.text(_left(place) + width_of(text, 13, False) + 8, y + 18, span, size=11, colour=QUIET)
    return y + 26


def _foot(comparison: Comparison, beside: str, address: str) -> list[str]:
    """What the numbers stand on, and where they come from."""
    result = comparison.result
    words = _(
        "%(n)s images of each against %(ref)s %(beside)s of %(name)s, in %(extractor)s, seed %(seed)s. "
        "Bold: 95\N{NO-BREAK SPACE}%% intervals part."
    ) % {
        "n": number_format(result["n"], force_grouping=True),
        "ref": number_format(result["n_ref"], force_grouping=True),
        "beside": beside,
        "name": comparison.reference_name,
        "extractor": networks.title(comparison.extractor),
        "seed": comparison.spec["seed"],
    }
    day = date_format(comparison.finished_at, "DATE_FORMAT") if comparison.finished_at else ""
    weights = _("weights %(weights)s") % {"weights": columns.weights_of(comparison)}
    return [words, f"palmsite · {day} · {weights}", address]
