"""What the house itself leaves behind: sessions, kept answers and tokens past their time; and the daily sweep."""

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db.models import QuerySet
from django.utils import timezone

from accounts import idempotency, tokens
from accounts.belongings import Leftover

log = logging.getLogger(__name__)
DAY_SECONDS = 24 * 3600
LOOK_SECONDS = 600.0
_sweep: subprocess.Popen[bytes] | None = None


def leftovers() -> Iterator[Leftover]:
    """Rows whose time is over, a line for each kind."""
    yield from _rows("sessions past their time", Session.objects.filter(expire_date__lt=timezone.now()))
    yield from _rows("answers kept for programs, past 24 hours", idempotency.over())
    yield from _rows("API tokens past their time", tokens.expired())


def _rows(what: str, found: QuerySet[Any]) -> Iterator[Leftover]:
    if count := found.count():
        yield Leftover(f"{count} {what}", 0, _removal(found))


def _removal(found: QuerySet[Any]) -> Callable[[], object]:
    return lambda: found.delete()


def start_daily() -> None:
    """Sweep in a process of its own, once a day on one of the site's machines; called by the watchdog's rounds."""
    global _sweep
    if _sweep is not None and _sweep.poll() is None:
        return
    if not cache.add("daily-sweep", True, timeout=DAY_SECONDS):
        return
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "sweep", "--yes"]
    try:
        _sweep = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    except OSError as error:
        log.warning("the daily sweep could not be started: %s", error)
