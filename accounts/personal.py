"""The part of a person's data that accounts itself holds; registered with personal_data in apps.py."""

from collections.abc import Iterator
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator

from accounts.models import AuditEvent, User
from accounts.personal_data import Content

_PROFILE = ("username", "first_name", "last_name", "email", "language", "theme", "date_joined", "last_login")
_TOKEN = ("name", "hint", "read_only", "created_at", "expires_at", "last_used_at")
_EVENT = ("at", "action", "target", "detail", "address")


def export(user: User) -> Iterator[tuple[str, Content]]:
    """Profile, tokens without their keys, use of storage, and what the log holds of the person."""
    yield (
        "profile.json",
        {name: getattr(user, name) for name in _PROFILE}
        | {
            "email_addresses": list(
                EmailAddress.objects.filter(user=user).values("email", "verified", "primary")
            ),
            "second_factors": list(
                Authenticator.objects.filter(user=user).values("type", "created_at", "last_used_at")
            ),
        },
    )
    yield "tokens.json", _rows(user.api_tokens.all(), _TOKEN)
    yield "storage.json", _rows(user.ledger.order_by("kind"), ("kind", "count", "size"))
    yield "log.json", _rows(AuditEvent.objects.filter(by=user).order_by("at"), _EVENT)


def erase(user: User) -> None:
    """Nothing to do beforehand: the rows of this room go with the account, and the log is made nameless."""


def _rows(rows: Any, fields: tuple[str, ...]) -> list[dict[str, Any]]:
    return list(rows.values(*fields))
