"""What the house itself leaves behind: sessions, kept answers and tokens past their time."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from accounts import idempotency, tokens
from accounts.belongings import Leftover


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
