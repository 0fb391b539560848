"""Charts drawn on the server as numbers for SVG attributes; the templates draw them."""

from dataclasses import dataclass

HEIGHT = 48


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a histogram, in the units of the drawing: a hundred wide."""

    x: float
    y: float
    width: float
    height: float
    least: float
    most: float
    count: int


def histogram(counts: list[int]) -> list[Bar]:
    """Bars of equal width from 0 to 1; the highest fills the height, and one image is always seen."""
    highest = max(counts, default=0)
    width = 100 / max(1, len(counts))
    bars = []
    for place, count in enumerate(counts):
        height = max(1.0, HEIGHT * count / highest) if count else 0.0
        bars.append(
            Bar(
                x=round(place * width + 0.15, 3),
                y=round(HEIGHT - height, 2),
                width=round(width - 0.3, 3),
                height=round(height, 2),
                least=place / len(counts),
                most=(place + 1) / len(counts),
                count=count,
            )
        )
    return bars
