"""The account book of storage: how many things and bytes each person keeps, and never more than they may.

A charge is two conditional UPDATEs in one transaction, always in the same order: first the row TOTAL, which
carries all bytes, then the row of the kind. Whoever holds TOTAL holds back every other charge of that person, so
no pair of charges can pass a limit together and none can deadlock (docs/adr/0020).
"""

import logging
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F
from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from accounts.errors import OverQuota
from accounts.models import LedgerEntry, User
from accounts.quotas import limits

log = logging.getLogger(__name__)
TOTAL = LedgerEntry.Kind.TOTAL
KINDS = tuple(kind.value for kind in LedgerEntry.Kind if kind != TOTAL)


@dataclass(frozen=True)
class Use:
    """How much of one thing is used; `limit` is None where nothing but the bytes of all kinds is limited."""

    used: int
    limit: int | None
    size: int

    @property
    def left(self) -> int | None:
        """How much still fits."""
        return None if self.limit is None else max(0, self.limit - self.used)


def charge(*, user: User, kind: str, count: int = 0, size: int = 0) -> None:
    """Write down `count` things of `kind` that take `size` bytes, or raise OverQuota and change nothing."""
    _check(kind, count, size)
    allowed = limits(user)
    with transaction.atomic():
        _open_rows(user, kind)
        total = LedgerEntry.objects.filter(user=user, kind=TOTAL)
        if size:
            total = total.filter(size__lte=allowed.stored_bytes - size)
        if not total.update(count=F("count") + count, size=F("size") + size):
            raise OverQuota(_bytes_refusal(user, size, allowed.stored_bytes), code="over_quota_bytes")
        row = LedgerEntry.objects.filter(user=user, kind=kind)
        if kind == LedgerEntry.Kind.IMAGES and count:
            row = row.filter(count__lte=allowed.stored_images - count)
        if not row.update(count=F("count") + count, size=F("size") + size):
            raise OverQuota(_images_refusal(user, count, allowed.stored_images), code="over_quota_images")


def refund(*, user: User, kind: str, count: int = 0, size: int = 0) -> None:
    """Give back what was charged. More than was charged is a mistake of the caller: logged, and only that given."""
    _check(kind, count, size)
    with transaction.atomic():
        _open_rows(user, kind)
        # Takes the lock that every charge waits for.
        LedgerEntry.objects.filter(user=user, kind=TOTAL).update(count=F("count"))
        row = LedgerEntry.objects.get(user=user, kind=kind)
        given_count, given_size = min(count, row.count), min(size, row.size)
        if (given_count, given_size) != (count, size):
            log.error(
                "user %s: refund of %s (%d, %d bytes) is more than was charged", user.pk, kind, count, size
            )
        LedgerEntry.objects.filter(user=user, kind__in=(TOTAL, kind)).update(
            count=F("count") - given_count, size=F("size") - given_size
        )


def usage(user: User) -> dict[str, Use]:
    """What is used of every kind, and under "bytes" of all kinds together."""
    rows = {row.kind: row for row in LedgerEntry.objects.filter(user=user)}
    allowed = limits(user)
    found = {}
    for kind in KINDS:
        row = rows.get(kind)
        limit = allowed.stored_images if kind == LedgerEntry.Kind.IMAGES else None
        found[kind] = Use(used=row.count if row else 0, limit=limit, size=row.size if row else 0)
    total = rows[TOTAL].size if TOTAL in rows else 0
    found["bytes"] = Use(used=total, limit=allowed.stored_bytes, size=total)
    return found


def _check(kind: str, count: int, size: int) -> None:
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is not one of {', '.join(KINDS)}")
    if count < 0 or size < 0:
        raise ValueError("A charge or refund is never negative.")


def _open_rows(user: User, kind: str) -> None:
    known = set(LedgerEntry.objects.filter(user=user, kind__in=(TOTAL, kind)).values_list("kind", flat=True))
    missing = [LedgerEntry(user=user, kind=name) for name in (TOTAL, kind) if name not in known]
    if missing:
        LedgerEntry.objects.bulk_create(missing, ignore_conflicts=True)


def _bytes_refusal(user: User, size: int, limit: int) -> str:
    return _(
        "You store %(used)s of %(limit)s, and this needs %(size)s more. "
        "Delete what you no longer need, or ask an administrator for more room."
    ) % {
        "used": filesizeformat(usage(user)["bytes"].used),
        "limit": filesizeformat(limit),
        "size": filesizeformat(size),
    }


def _images_refusal(user: User, count: int, limit: int) -> str:
    return _(
        "You store %(used)s of %(limit)s images, and this needs room for %(count)s. "
        "Delete sets you no longer need, order fewer, or ask an administrator for more room."
    ) % {
        "used": _number(usage(user)[LedgerEntry.Kind.IMAGES].used),
        "limit": _number(limit),
        "count": _number(count),
    }


def _number(value: int) -> str:
    return number_format(value, force_grouping=True)
