"""Drawings as SVG on the server: scales with an interval and real palms as a tick, histograms, curves.

No colour is written here (css classes), no number is localized inside attributes, and each drawing says in words
what it shows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from generation.evaluation import words

WIDTH = 320
LEFT, RIGHT = 6, 6


@dataclass(frozen=True)
class Place:
    """Where a value, its interval and real palms stand on a line from 0 to 1."""

    value: float
    low: float | None
    high: float | None
    real: float | None


def place_of(
    value: float | None, interval: Sequence[float | None] | None, real: float | None, *, most: float
) -> Place | None:
    """The same for drawings that are no SVG; None where there is no value."""

    def part(number: float | None) -> float | None:
        return None if number is None else min(max(number / most if most > 0 else 0.0, 0.0), 1.0)

    at = part(value)
    low, high = (part(interval[0]), part(interval[1])) if interval else (None, None)
    return None if at is None else Place(at, low, high, part(real))


def scale(
    value: float | None,
    interval: Sequence[float | None] | None,
    real: float | None,
    *,
    most: float,
    label: str,
    real_word: str,
) -> SafeString:
    """A line from 0 to `most`: the interval as a bar, the value as a dot, real ones as a tick with a word."""
    if value is None:
        return SafeString("")
    top = 30

    def place(number: float) -> str:
        inside = min(max(number / most if most > 0 else 0.0, 0.0), 1.0)
        return f"{LEFT + inside * (WIDTH - LEFT - RIGHT):.1f}"

    parts = [
        format_html('<line class="axis" x1="{}" y1="{}" x2="{}" y2="{}"/>', LEFT, top, WIDTH - RIGHT, top)
    ]
    if interval and interval[0] is not None and interval[1] is not None:
        low, high = place(interval[0]), place(interval[1])
        wide = f"{max(float(high) - float(low), 2):.1f}"
        parts.append(
            format_html(
                '<rect class="interval" x="{}" y="{}" width="{}" height="10" rx="5"/>', low, top - 5, wide
            )
        )
    if real is not None:
        x = place(real)
        anchor = "end" if float(x) > WIDTH * 0.66 else "start" if float(x) < WIDTH * 0.33 else "middle"
        parts.append(
            format_html('<line class="reference" x1="{}" y1="{}" x2="{}" y2="{}"/>', x, top - 13, x, top + 9)
        )
        parts.append(format_html('<text x="{}" y="12" text-anchor="{}">{}</text>', x, anchor, real_word))
    parts.append(format_html('<circle class="dot" cx="{}" cy="{}" r="5"/>', place(value), top))
    return _svg(parts, 44, label)


def histograms(series: Sequence[Sequence[int]], *, label: str) -> SafeString:
    """Shares of images by probability, one outline a set, all on one scale."""
    height, base = 150, 128
    shares = [[count / max(sum(one), 1) for count in one] for one in series]
    most = max((max(one) for one in shares if one), default=0.0) or 1.0
    parts = [
        format_html('<line class="axis" x1="{}" y1="{}" x2="{}" y2="{}"/>', LEFT, base, WIDTH - RIGHT, base)
    ]
    for place, word, anchor in (
        (LEFT, "0", "start"),
        (WIDTH / 2, number_format(0.5, 1), "middle"),
        (WIDTH - RIGHT, "1", "end"),
    ):
        parts.append(
            format_html(
                '<text x="{}" y="{}" text-anchor="{}">{}</text>', f"{place:.0f}", base + 16, anchor, word
            )
        )
    for number, one in enumerate(shares, 1):
        if one:
            parts.append(
                format_html('<path class="series series--{}" d="{}"/>', number, _steps(one, most, base))
            )
    return _svg(parts, height, label)


def curve(
    points: Sequence[tuple[float, float]],
    chance: Sequence[tuple[float, float]],
    *,
    band: Sequence[tuple[float, tuple[float, float]]] = (),
    label: str,
) -> SafeString:
    """A share (0 to 1) over the share that is kept, in the band of its intervals, beside what a random draw of that
    size gives.
    """
    height, top, base = 130, 22, 110

    least = min(x for x, _y in points)

    def path(some: Sequence[tuple[float, float]]) -> str:
        across = (WIDTH - LEFT - RIGHT) / max(1 - least, 1e-9)
        return " ".join(f"{LEFT + (1 - x) * across:.1f},{base - y * (base - top):.1f}" for x, y in some)

    around = [(x, low) for x, (low, _high) in band] + [(x, high) for x, (_low, high) in reversed(band)]
    parts = [
        *(
            format_html('<line class="axis" x1="{}" y1="{}" x2="{}" y2="{}"/>', LEFT, y, WIDTH - RIGHT, y)
            for y in (top, base)
        ),
        format_html('<text x="{}" y="{}">{}</text>', LEFT, top - 5, words.share(1.0)),
        format_html('<polygon class="band" points="{}"/>', path(around)) if around else SafeString(""),
        format_html('<polyline class="reference" fill="none" points="{}"/>', path(chance)),
        format_html('<polyline class="line" points="{}"/>', path(points)),
        format_html('<text x="{}" y="{}">{}</text>', LEFT, base + 16, _("all kept")),
        format_html(
            '<text x="{}" y="{}" text-anchor="end">{}</text>',
            WIDTH - RIGHT,
            base + 16,
            _("the best %(share)s") % {"share": words.share(least)},
        ),
    ]
    return _svg(parts, height, label)


def _steps(shares: Sequence[float], most: float, base: float) -> str:
    width = (WIDTH - LEFT - RIGHT) / len(shares)
    path = [f"M{LEFT} {base}"]
    for number, one in enumerate(shares):
        y = base - one / most * (base - 10)
        path.append(f"V{y:.1f} H{LEFT + (number + 1) * width:.1f}")
    return " ".join([*path, f"V{base}"])


def _svg(parts: Iterable[SafeString], height: int, label: str) -> SafeString:
    inside = format_html_join("", "{}", ((part,) for part in parts))
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        WIDTH,
        height,
        label,
        inside,
    )
