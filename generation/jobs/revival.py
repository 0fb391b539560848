"""When a process that has ended is started again: at once after a life, ever later while it dies young.

Holds no process: who watches one asks. A process that cannot even start must not eat the machine it runs on.
"""

import time

# Who died younger had no life: it could not load, or what it needs is away.
YOUNG_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0


class Revival:
    """The births and deaths of one process."""

    def __init__(self) -> None:
        self.pause = 0.0
        self.started = 0.0
        self._ended: float | None = None

    def begin(self) -> None:
        """It was started just now."""
        self.started, self._ended = time.monotonic(), None

    def is_due(self) -> bool:
        """It was seen to have ended: whether the next may start by now."""
        now = time.monotonic()
        if self._ended is None:
            self._ended = now
            died_young = now - self.started < YOUNG_SECONDS
            longer = min(max(FIRST_PAUSE_SECONDS, 2 * self.pause), LONGEST_PAUSE_SECONDS)
            self.pause = longer if died_young else 0.0
        return now - self._ended >= self.pause
