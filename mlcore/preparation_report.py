"""The page that shows what a preparation did: pictures kept and dropped, boxes, colours and sharpness.

One HTML file that needs nothing else. It holds photographs of people: it belongs beside the data, not on a site.
"""

import base64
import html
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mlcore.cut import Cut, Picture
from mlcore.judging import sharpness
from mlcore.preparation import REASONS, Event, reasons

KEPT_SHOWN, DROPPED_SHOWN, BOXES_SHOWN = 48, 18, 24
THUMB = 128
BARS = 32
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
h1,h2{line-height:1.2;font-weight:600}figure{display:inline-block;margin:0 .4rem .6rem 0;width:8rem;
vertical-align:top;font-size:.75rem;overflow-wrap:anywhere;color:#555}img{width:8rem;height:8rem;object-fit:contain;
background:#eee}table{border-collapse:collapse}td,th{padding:.15rem 1rem .15rem 0;text-align:left}
.row{display:flex;flex-wrap:wrap;gap:2rem}svg{background:#f4f4f4}.sw{display:inline-block;width:1rem;height:2.5rem}
"""


class Sample:
    """A fair sample of unknown many things: each is kept with the same chance (Vitter 1985, algorithm R)."""

    def __init__(self, size: int, seed: int = 0) -> None:
        self.size = size
        self.seen = 0
        self.items: list[tuple[int, str]] = []
        self._stream = random.Random(seed)

    def wants(self) -> int | None:
        """The place for the next thing, None when it is passed over; counts it either way."""
        self.seen += 1
        if len(self.items) < self.size:
            self.items.append((self.seen, ""))
            return len(self.items) - 1
        place = self._stream.randrange(self.seen)
        return place if place < self.size else None

    def put(self, place: int, content: str) -> None:
        """Keep the thing just counted."""
        self.items[place] = (self.seen, content)


class Report:
    """Collects while pictures pass; memory stays flat."""

    def __init__(self) -> None:
        self.kept = Sample(KEPT_SHOWN)
        self.boxes = Sample(BOXES_SHOWN)
        self.dropped = {reason: Sample(DROPPED_SHOWN) for reason in REASONS}
        self.sharp: list[float] = []
        self.light: list[float] = []
        self.colours: list[tuple[int, int, int]] = []
        self.angles: list[float] = []

    def add(self, event: Event) -> None:
        """Take note of one photo."""
        if event.reason:
            self._show(self.dropped[event.reason], event, event.photo, event.detail)
            return
        if event.cut is None:
            return
        picture = event.cut.picture
        middle = picture.shape[0] // 4
        inner = picture[middle:-middle, middle:-middle].reshape(-1, 3).mean(axis=0)
        self.sharp.append(sharpness(picture))
        self.light.append(float(inner.mean()))
        self.colours.append((int(inner[0]), int(inner[1]), int(inner[2])))
        self._show(self.kept, event, picture, "")
        if event.cut.confidence and event.photo is not None:
            self.angles.append(event.cut.angle)
            note = f"{event.cut.confidence:.2f}, {event.cut.angle:.0f}°"
            self._show(self.boxes, event, with_box(event.photo, event.cut), note)

    def _show(self, sample: Sample, event: Event, picture: Picture | None, note: str) -> None:
        place = sample.wants()
        if place is not None:
            sample.put(place, _figure(event.file, picture, note))

    def write(self, path: Path, manifest: Mapping[str, Any]) -> None:
        """Write the page."""
        words = reasons(manifest["detected"])
        parts = [
            f"<h1>{manifest['count']} of {manifest['seen']} files kept</h1>",
            _table("What became of them", self._fates(manifest, words)),
            *(
                _table(title, list(manifest["counts"][column].items()))
                for title, column in (("Split", "split"), ("Sources", "source"), ("Thumb", "thumb_side"))
            ),
            "<h2>Distributions of what was kept</h2><div class=row>",
            histogram("Sharpness (variance of the Laplacian at 128 px)", self.sharp),
            histogram("Light of the middle (0 to 255)", self.light),
            histogram("Turn in the photo (degrees)", self.angles) if self.angles else "",
            "</div><h2>Colours, from dark to light</h2><p>",
            *(
                f"<span class=sw style='background:rgb{colour}'></span>"
                for colour in _spread(sorted(self.colours, key=sum), 60)
            ),
            "</p>",
            _gallery("Kept", self.kept),
            _gallery("Where the palm was found", self.boxes),
            *(_gallery(f"Dropped: {words[reason]}", sample) for reason, sample in self.dropped.items()),
        ]
        page = (
            f"<!doctype html><html lang=en><meta charset=utf-8><title>Preparation</title>"
            f"<style>{STYLE}</style><body>{''.join(parts)}</body></html>\n"
        )
        path.write_text(page, encoding="utf-8")

    def _fates(self, manifest: Mapping[str, Any], words: Mapping[str, str]) -> list[tuple[str, int]]:
        told = [(f"dropped: {words[reason]}", sample.seen) for reason, sample in self.dropped.items()]
        return [("kept", manifest["count"]), *((fate, count) for fate, count in told if count)]


def with_box(photo: Picture, cut: Cut) -> Picture:
    """The photo with the outline of the cut and a mark on the side of the fingers."""
    scale = 2 * THUMB / max(photo.shape[:2])
    small = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    outline = np.array(cut.corners) * scale
    drawn = cv2.polylines(small, [outline.astype(np.int32)], True, (255, 60, 60), 2)
    top = [tuple(int(value) for value in point) for point in outline[:2]]
    return np.asarray(cv2.line(drawn, top[0], top[1], (60, 220, 60), 3), dtype=np.uint8)


def histogram(title: str, values: Sequence[float]) -> str:
    """Bars as SVG; the longest tenth of a percent on each side is left out."""
    if not values:
        return ""
    low, high = np.percentile(values, [0.1, 99.9])
    counts, _ = np.histogram(values, bins=BARS, range=(low, high if high > low else low + 1))
    tallest = max(int(counts.max()), 1)
    bars = "".join(
        f"<rect x='{place * 9}' y='{100 - 100 * count / tallest:.1f}' width=8 height='{100 * count / tallest:.1f}'/>"
        for place, count in enumerate(counts)
    )
    middle = float(np.median(values))
    return (
        f"<div><svg width={BARS * 9} height=100 role=img aria-label='{html.escape(title)}'>{bars}</svg>"
        f"<br>{html.escape(title)}<br>{low:.0f} to {high:.0f}, median {middle:.0f}</div>"
    )


def _figure(name: str, picture: Picture | None, note: str) -> str:
    image = ""
    if picture is not None:
        scale = 2 * THUMB / max(picture.shape[:2])
        small = (
            cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            if scale < 1
            else picture
        )
        done, data = cv2.imencode(
            ".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 80]
        )
        if done:
            coded = base64.b64encode(data.tobytes()).decode()
            image = f"<img alt='' loading=lazy src='data:image/jpeg;base64,{coded}'>"
    words = html.escape(name) + (f"<br>{html.escape(note)}" if note else "")
    return f"<figure>{image}<figcaption>{words}</figcaption></figure>"


def _gallery(title: str, sample: Sample) -> str:
    if not sample.seen:
        return ""
    shown = f", {len(sample.items)} of {sample.seen} shown" if sample.seen > len(sample.items) else ""
    figures = "".join(content for _, content in sorted(sample.items))
    return f"<h2>{html.escape(title)} ({sample.seen}{shown})</h2>{figures}"


def _table(title: str, rows: Sequence[tuple[str, int]]) -> str:
    if len(rows) < 2 and not (rows and rows[0][0]):
        return ""
    cells = "".join(f"<tr><td>{html.escape(str(name) or 'not known')}<td>{count}" for name, count in rows)
    return f"<h2>{html.escape(title)}</h2><table>{cells}</table>"


def _spread(values: Sequence[tuple[int, int, int]], count: int) -> list[tuple[int, int, int]]:
    """So many of them, evenly from first to last."""
    places = np.linspace(0, len(values) - 1, min(count, len(values))).astype(int)
    return [values[place] for place in places]
