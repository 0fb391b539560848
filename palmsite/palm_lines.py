"""Draws the lines of an imagined palm as SVG, for pages that have no picture to show yet.

Pure arithmetic on a seed: no file, no request, and nothing learned from anybody's hand.
"""

import math
import random
from functools import lru_cache
from itertools import pairwise

SIZE = 480
HALF = SIZE / 2
STEP = 20
Point = tuple[float, float]


def _inside(x: float, y: float) -> bool:
    """Whether a point lies in the palm: a superellipse, a little narrower at the wrist."""
    narrow = 1 - 0.1 * max(0.0, (y - HALF) / HALF)
    reach = abs((x - HALF) / (0.46 * SIZE * narrow)) ** 3.4 + abs((y - HALF) / (0.47 * SIZE)) ** 3.4
    return bool(reach < 1)


def _smooth(points: list[Point]) -> str:
    """Join points by quadratic curves through the middles between them."""
    x, y = points[0]
    parts = [f"M{x:.0f} {y:.0f}"]
    for (x, y), (next_x, next_y) in pairwise(points[1:]):
        parts.append(f"Q{x:.0f} {y:.0f} {(x + next_x) / 2:.0f} {(y + next_y) / 2:.0f}")
    x, y = points[-1]
    parts.append(f"L{x:.0f} {y:.0f}")
    return "".join(parts)


def _ridges(dice: random.Random, count: int) -> list[str]:
    """Fine lines that flow round the mounds: level lines of y + bumps(x, y), which rises with y."""
    bumps = [
        # centre, width and height: thumb mound, outer mound, the two below the fingers
        (dice.uniform(90, 150), dice.uniform(330, 390), dice.uniform(95, 125), dice.uniform(60, 95)),
        (dice.uniform(340, 400), dice.uniform(320, 390), dice.uniform(90, 120), dice.uniform(-70, 60)),
        (dice.uniform(130, 210), dice.uniform(70, 130), dice.uniform(70, 100), dice.uniform(-55, -20)),
        (dice.uniform(280, 380), dice.uniform(80, 150), dice.uniform(70, 100), dice.uniform(20, 55)),
    ]
    tilt = dice.uniform(-0.24, -0.08)

    def height(x: float, y: float) -> float:
        warped = y + tilt * (x - HALF)
        for centre_x, centre_y, width, lift in bumps:
            warped += lift * math.exp(-((x - centre_x) ** 2 + (y - centre_y) ** 2) / (2 * width**2))
        return warped

    paths = []
    for line in range(count + 8):
        level = (line - 3.5) * SIZE / count
        run: list[Point] = []
        y = level
        for x in range(0, SIZE + STEP, STEP):
            for _iteration in range(6):
                y += 0.8 * (level - height(x, y))
            if _inside(x, y):
                run.append((x, y))
                continue
            if len(run) > 2:
                paths.append(_smooth(run))
            run = []
        if len(run) > 2:
            paths.append(_smooth(run))
    return paths


def _bezier(a: Point, b: Point, c: Point, d: Point) -> str:
    return f"M{a[0]:.0f} {a[1]:.0f}C{b[0]:.0f} {b[1]:.0f} {c[0]:.0f} {c[1]:.0f} {d[0]:.0f} {d[1]:.0f}"


def _creases(dice: random.Random) -> tuple[list[str], list[str]]:
    """The heart, head and life lines, and a few small ones that cross them."""

    def near(x: float, y: float, spread: float = 18) -> Point:
        return x + dice.uniform(-spread, spread), y + dice.uniform(-spread, spread)

    start = near(62, 205, 10)
    heart = _bezier(near(440, 190, 8), near(350, 215), near(250, 190), near(185, 92, 22))
    head = _bezier(start, near(180, 190), near(290, 240), near(400, 300, 34))
    life = _bezier((start[0] + 2, start[1] + 8), near(190, 215), near(215, 340), near(165, 446, 12))
    small = []
    for _line in range(dice.randint(2, 4)):
        x, y = dice.uniform(140, 340), dice.uniform(140, 380)
        length, angle = dice.uniform(60, 120), dice.uniform(-0.7, 0.7) + math.pi / 2
        across, down = length * math.cos(angle), length * math.sin(angle)
        bend = near(x, y, 6)
        small.append(_bezier((x - across / 2, y - down / 2), bend, bend, (x + across / 2, y + down / 2)))
    return [heart, head, life], small


@lru_cache(maxsize=64)
def drawing(seed: int, lines: int = 22) -> str:
    """Return the SVG of one palm in the colour of the text around it; `lines` says how fine it is."""
    dice = random.Random(seed)
    turn = f' transform="matrix(-1 0 0 1 {SIZE} 0)"' if dice.random() < 0.5 else ""
    ridges = "".join(_ridges(dice, lines))
    main, small = _creases(dice)
    return (
        f'<svg class="palm" viewBox="0 0 {SIZE} {SIZE}" aria-hidden="true" focusable="false"'
        f' fill="none" stroke="currentColor" stroke-linecap="round"><g{turn}>'
        f'<path d="{ridges}" stroke-width="2" opacity=".38"/>'
        f'<path d="{"".join(small)}" stroke-width="3.5" opacity=".7"/>'
        f'<path d="{"".join(main)}" stroke-width="7"/></g></svg>'
    )
