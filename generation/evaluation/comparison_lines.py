"""The lines of a comparison: each measure of all its columns with intervals, who is better where intervals part.

For a page and for a table file; reads a result as the worker left it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString

from generation.evaluation import charts, words

Interval = Sequence[float] | None
Written = Callable[[float | None], str]

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


def lines(result: Mapping[str, Any], beside: str) -> Iterator[Line]:
    """Every measure that any of the sets has; `beside` names what they are measured against."""
    reports = [column["report"] for column in result["sets"]]
    found = _real(result)
    for key, written, less, is_share in LINES:
        values = [value_of(report, key) for report in reports]
        if all(value is None for value in values):
            continue
        intervals = [interval_of(report, key) for report in reports]
        marked = better(intervals, less=less)
        real = 0.05 if key == "suspicious" else found.get(key)
        ends = [end for interval in intervals if interval for end in interval]
        most = max([*(value or 0 for value in values), *ends, real or 0, 1e-6]) * 1.05
        if is_share and most > 0.5:
            most = 1.0
        cells = tuple(
            _cell(key, value, interval, mark, real, most, written, beside)
            for value, interval, mark in zip(values, intervals, marked, strict=True)
        )
        yield Line(key, words.measure_title(key), cells, "" if real is None else written(real))


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
    return whole(report.get("intervals", {}).get(key))


def whole(interval: Interval) -> Interval:
    """Nothing where an end was no number."""
    return interval if interval and None not in interval else None


def rows(result: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The measures as plain rows for a table file: one row a measure and set, each with what it was measured with."""
    yield (
        "measure", "set", "name", "n", "value", "low", "high", "real", "better", "other", "other_name",
        "n_ref", "reference", "reference_sha256", "extractor", "weights_sha256", "seed",
    )  # fmt: skip
    first = result["sets"][0]["report"]
    with_what = (
        result["n_ref"],
        spec["reference"],
        first["reference"]["sha256"],
        first["extractor"],
        first["weights_sha256"],
        spec["seed"],
    )
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
                key, column["id"], column["name"], result["n"], value, low, high, beside, int(mark), "", "",
                *with_what,
            )  # fmt: skip
    for pair in result["pairs"]:
        one, other = (result["sets"][pair[side]] for side in ("a", "b"))
        low, high = whole(pair["kid_ci"]) or ("", "")
        yield _row(
            "kid_between", one["id"], one["name"], result["n"], pair["kid"], low, high, "", "",
            other["id"], other["name"], *with_what,
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
    beside: str,
) -> Cell:
    span = words.between(written(interval[0]), written(interval[1])) if interval else ""
    label = f"{words.measure_title(key)}: {written(value)}" + (f", {span}" if span else "")
    drawing = SafeString("")
    if interval:
        drawing = charts.scale(value, interval, real, most=most, label=label, real_word=beside)
    place = charts.place_of(value, interval, real, most=most) if interval else None
    return Cell(written(value), span, mark, drawing, place)
