"""What is done again and again without anybody asking: registered by rooms in AppConfig.ready, called by the watchdog.

A round is short: it looks, and gives work to the queue or to a process of its own. Several watchdogs may call one at
the same moment, so what it writes is conditional.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Round:
    """`run`, a dotted name, is called every `seconds`, the first time so long after the start."""

    name: str
    seconds: float
    run: str


_rounds: dict[str, Round] = {}


def register(one: Round) -> None:
    """Make a round known; the same name twice is an error of the program unless nothing differs."""
    if _rounds.setdefault(one.name, one) != one:
        raise ValueError(f"The round {one.name!r} is registered twice.")


def every() -> list[Round]:
    """All rounds, by name."""
    return sorted(_rounds.values(), key=lambda one: one.name)


class Rounds:
    """When each round is due, for one watchdog, by a clock that nobody can set."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._last: dict[str, float] = {}

    def step(self) -> None:
        """Call what is due."""
        for one in every():
            now = self._clock()
            if now - self._last.get(one.name, self._started) >= one.seconds:
                self._last[one.name] = now
                import_string(one.run)()
