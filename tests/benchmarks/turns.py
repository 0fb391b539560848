"""Measures two ways of doing something in turn, so that a busy machine slows both alike; only ratios mean anything."""

import resource
import statistics
import time
from collections.abc import Callable, Sequence


def seconds_of(ways: Sequence[Callable[[], object]], rounds: int) -> list[dict[str, float]]:
    """Median seconds on the wall and of the processor (programs that were called too) for each way.

    One round before is not counted.
    """
    wall: list[list[float]] = [[] for _ in ways]
    processor: list[list[float]] = [[] for _ in ways]
    for turn in range(rounds + 1):
        for number, way in enumerate(ways):
            began, worked = time.perf_counter(), _worked()
            way()
            if turn:
                wall[number].append(time.perf_counter() - began)
                processor[number].append(_worked() - worked)
    return [
        {"wall": statistics.median(each), "processor": statistics.median(works)}
        for each, works in zip(wall, processor, strict=True)
    ]


def _worked() -> float:
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime
