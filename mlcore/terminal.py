"""What a command says: results to stdout, progress on one line of stderr. It decides nothing."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

EVERY = 0.2  # seconds between two looks of the progress line
LINE_EVERY = 30.0  # where stderr is no terminal, so that a log stays short
UNCALIBRATED = "These scores are not calibrated: 0.8 does not mean 0.8. See score --calibrate."


def say(text: str = "") -> None:
    """One line of result."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """What a person should know beside the result: it stays out of what other programs read."""
    sys.stderr.write(text + "\n")


def say_json(content: Mapping[str, Any]) -> None:
    """The result as one JSON object."""
    say(json.dumps(content, indent=2, sort_keys=True, allow_nan=False))


def table(rows: Sequence[Sequence[object]]) -> str:
    """Columns of equal width."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))] if cells else []
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)


class ProgressLine:
    """`made 320 of 1000  24.1 images/s  0:28 left`, rewritten in place; quiet when asked or when nothing is
    to do.
    """

    def __init__(
        self, verb: str, total: int, *, first: int = 0, unit: str = "images", quiet: bool = False
    ) -> None:
        self.verb, self.total, self.first, self.unit, self.quiet = verb, total, first, unit, quiet
        self.started = time.monotonic()
        self.terminal = sys.stderr.isatty()
        self.last = 0.0 if self.terminal else self.started

    def show(self, done: int, extra: str = "") -> None:
        """Say where things stand, not more often than one can read."""
        now = time.monotonic()
        if self.quiet or now - self.last < (EVERY if self.terminal else LINE_EVERY):
            return
        self.last = now
        rate = (done - self.first) / max(now - self.started, 1e-9)
        left = (self.total - done) / rate if rate > 0 else 0.0
        clock = f"{int(left) // 60}:{int(left) % 60:02d}"
        text = f"{self.verb} {done:,} of {self.total:,}  {rate:.1f} {self.unit}/s  {clock} left{extra}"
        sys.stderr.write(f"\r\x1b[K{text}" if self.terminal else f"{text}\n")
        sys.stderr.flush()

    def close(self) -> None:
        """Leave the line free for what follows."""
        if self.terminal and self.last and not self.quiet:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
