"""How many requests may wait for a worker at once: half of the server's threads, so that the others answer.

Counts within this process, which is the one web server. Knows no rows.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings


class Seats:
    """So many may sit; who comes when all are taken is told at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = 0

    @contextmanager
    def one(self) -> Iterator[bool]:
        """True inside when a seat was free; it is given back afterwards."""
        with self._lock:
            seated = self._taken < settings.PALMSITE_WEB_THREADS // 2
            self._taken += seated
        try:
            yield seated
        finally:
            with self._lock:
                self._taken -= seated


seats = Seats()
