"""Answers that are made while they are sent: each may hold a thread of the web server for as long as its reader takes.

A few slow readers could so hold all threads. Here a person gets half of them, and pages always keep some. The counts
are this process's, for there is one that serves.
"""

import threading
import weakref
from collections import Counter
from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import address
from accounts.errors import TooMany

# What the web server takes off our hands at once, whoever reads it how slowly.
BUFFERED_BYTES = 16 * 2**20
KEPT_FOR_PAGES = 2
RETRY_SECONDS = 30

_lock = threading.Lock()
_taken: Counter[str] = Counter()


def seated(request: HttpRequest, chunks: Iterator[bytes], *, size: int | None) -> Iterator[bytes]:
    """The same chunks, with a seat until they are sent; TooMany where none is free. `size` is None if unknown."""
    if size is not None and size <= BUFFERED_BYTES:
        return chunks
    return _Seated(chunks, _name_of(request))


class _Seated(Iterator[bytes]):
    """Chunks that give their seat back at their end, when they are closed, or when nobody holds them any more."""

    def __init__(self, chunks: Iterator[bytes], who: str) -> None:
        _take(who)
        self._chunks = chunks
        self._leave = weakref.finalize(self, _give_back, who)

    def __next__(self) -> bytes:
        try:
            return next(self._chunks)
        except StopIteration:
            self._leave()
            raise

    def close(self) -> None:
        """Called by Django when the answer is sent or its reader has gone."""
        self._leave()
        if callable(close := getattr(self._chunks, "close", None)):
            close()


def _name_of(request: HttpRequest) -> str:
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return f"user {user.pk}"
    return f"address {address.of(request)}"


def _take(who: str) -> None:
    threads = settings.PALMSITE_WEB_THREADS
    with _lock:
        if _taken[who] >= max(1, threads // 2):
            raise TooMany(
                _("You have several downloads under way already. Wait until one has ended, then try again."),
                retry_after=RETRY_SECONDS,
            )
        if _taken.total() >= max(1, threads - KEPT_FOR_PAGES):
            raise TooMany(
                _("Many large downloads are under way here. Try again in half a minute."),
                retry_after=RETRY_SECONDS,
            )
        _taken[who] += 1


def _give_back(who: str) -> None:
    with _lock:
        _taken[who] -= 1
        if not _taken[who]:
            del _taken[who]
