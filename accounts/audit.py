"""The log of who did what: sign-ins, tokens, uploads, deletions, shares. Rooms only ever add to it.

Targets are kinds and numbers ("set:17"), never names, so that a deleted account leaves no trace of the person.
"""

from typing import Any

from allauth.core import context
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from accounts import address, request_id
from accounts.models import AuditEvent, User


def record(
    *, by: User | AnonymousUser | None, action: str, target: str = "", detail: dict[str, Any] | None = None
) -> AuditEvent:
    """Write that `by` did `action` to `target`; the request's id and address are added where there is one."""
    request = context.request
    return AuditEvent.objects.create(
        by=by if isinstance(by, User) else None,
        action=action,
        target=target,
        detail=detail or {},
        request_id=request_id.current(),
        address=address.of(request) if request is not None else None,
    )


def target_of(user: User) -> str:
    """How an account is named as a target."""
    return f"user:{user.pk}"


def forget(user: User) -> None:
    """Take from the log what could tell who `user` was; that something was done stays.

    The one change ever made to written events, and the law's, not ours: docs/adr/0022.
    """
    of_user: QuerySet[AuditEvent] = QuerySet(AuditEvent).filter(Q(by=user) | Q(target=target_of(user)))
    of_user.update(by=None, address=None, detail={})
