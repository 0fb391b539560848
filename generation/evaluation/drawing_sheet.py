"""A canvas for pictures that leave the site: words in its own letters, lines, boxes and images, and the PNG of it."""

import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

SCALE = 2  # drawn twice as large as the page, so that it prints well
PAPER, INK, MAT = "#faf8f5", "#1d1b18", "#eeebe7"


@dataclass
class Sheet:
    """A canvas in the page's pixels, with its fonts."""

    canvas: Picture.Image
    draw: ImageDraw.ImageDraw

    @classmethod
    def new(cls, width: int, height: int) -> "Sheet":
        """An empty one."""
        canvas = Picture.new("RGB", (width * SCALE, height * SCALE), PAPER)
        return cls(canvas, ImageDraw.Draw(canvas))

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: int = 14,
        bold: bool = False,
        colour: str = INK,
        right: bool = False,
        most: float = 0,
    ) -> None:
        """One line; too long ones are cut with an ellipsis."""
        words = shortened(words, size, bold, most) if most else words
        if right:
            x -= width_of(words, size, bold)
        for run, font in runs(words, size, bold):
            self.draw.text((x * SCALE, y * SCALE), run, font=font, fill=colour, anchor="ls")
            x += font.getlength(run) / SCALE

    def line(self, points: Sequence[tuple[float, float]], colour: str, width: float = 1.0) -> None:
        """Joined straight lines."""
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self.draw.line(scaled, fill=colour, width=max(round(width * SCALE), 1))

    def dashed(
        self, points: Sequence[tuple[float, float]], colour: str, dashes: Sequence[float] = ()
    ) -> None:
        """Straight lines, whole or in dashes that go on round the corners."""
        if not dashes:
            self.line(points, colour, 1.5)
            return
        on, left = 0, dashes[0]
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            length = abs(x1 - x0) + abs(y1 - y0)  # all are level or upright
            done = 0.0
            while length - done > 1e-6:
                step = min(left, length - done)
                if on % 2 == 0:
                    one, two = done / length, (done + step) / length
                    ends = [(x0 + (x1 - x0) * part, y0 + (y1 - y0) * part) for part in (one, two)]
                    self.line(ends, colour, 1.5)
                done, left = done + step, left - step
                if left <= 1e-6:
                    on += 1
                    left = dashes[on % 2]

    def box(
        self, left: float, top: float, right: float, bottom: float, colour: str, radius: float = 0
    ) -> None:
        """A filled box."""
        corners = (left * SCALE, top * SCALE, right * SCALE, bottom * SCALE)
        self.draw.rounded_rectangle(corners, radius=radius * SCALE, fill=colour)

    def picture(self, path: Path, left: float, top: float, side: int) -> None:
        """An image of a set or a palm; nothing but the mat where its file is gone."""
        self.box(left, top, left + side, top + side, MAT, 3)
        try:
            with Picture.open(path) as opened:
                shown = opened.convert("RGB").resize((side * SCALE, side * SCALE), Picture.Resampling.LANCZOS)
        except OSError:
            return
        self.canvas.paste(shown, (round(left * SCALE), round(top * SCALE)))

    def png(self, title: str) -> bytes:
        """The file."""
        from PIL.PngImagePlugin import PngInfo

        about = PngInfo()
        about.add_itxt("Title", title)
        buffer = io.BytesIO()
        self.canvas.save(buffer, "PNG", pnginfo=about, optimize=True)
        return buffer.getvalue()


@cache
def _font(script: str, size: int, bold: bool) -> ImageFont.FreeTypeFont:
    path = Path(settings.BASE_DIR) / "static" / "vendor" / "golos-text" / f"{script}.woff2"
    font = ImageFont.truetype(path, size * SCALE)
    font.set_variation_by_axes([650 if bold else 400])
    return font


def runs(words: str, size: int, bold: bool) -> list[tuple[str, ImageFont.FreeTypeFont]]:
    """The words in pieces of one script each: the site's letters come in one file a script."""
    pieces: list[tuple[str, str]] = []
    for letter in words:
        script = "cyrillic" if "\u0400" <= letter <= "\u04ff" else "latin"
        if pieces and pieces[-1][1] == script:
            pieces[-1] = (pieces[-1][0] + letter, script)
        else:
            pieces.append((letter, script))
    return [(text, _font(script, size, bold)) for text, script in pieces]


def width_of(words: str, size: int, bold: bool = False) -> float:
    """In the page's pixels."""
    return sum(font.getlength(run) for run, font in runs(words, size, bold)) / SCALE


def wrapped(words: str, size: int, most: float) -> list[str]:
    """The words in lines that fit."""
    lines = [""]
    for word in words.split(" "):  # a no-break space holds its words together
        longer = f"{lines[-1]} {word}".strip()
        if width_of(longer, size) <= most:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def shortened(words: str, size: int, bold: bool, most: float) -> str:
    """The words, or as many of their letters as fit."""
    if width_of(words, size, bold) <= most:
        return words
    while words and width_of(words + "…", size, bold) > most:
        words = words[:-1]
    return words.rstrip() + "…"
