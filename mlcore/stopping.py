"""SIGINT and SIGTERM as a question: finish what you are at, save, and leave."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def asked_to_stop(stop: Callable[[], None]) -> Iterator[None]:
    """The first signal calls `stop`; the second one is the system's again."""

    def ask(number: int, frame: FrameType | None) -> None:
        stop()
        signal.signal(number, before[number])

    before: dict[int, Any] = {}
    try:
        for number in (int(signal.SIGINT), int(signal.SIGTERM)):
            before[number] = signal.signal(number, ask)
    except ValueError:
        before = {}  # not the main thread: whoever runs it there calls `stop` itself
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
