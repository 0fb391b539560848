"""API tokens: made, found and revoked. The key is shown once; only its SHA-256 is kept.

A plain hash is enough: the key is 256 random bits, which no list of guesses reaches (docs/adr/0021).
"""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit
from accounts.errors import Conflict, InvalidInput, NotFound
from accounts.models import ApiToken, User

PREFIX = "palm_"
DEFAULT_DAYS = 90
MOST_DAYS = 365
MOST_TOKENS = 50
_HINT_LENGTH = len(PREFIX) + 4
_USE_WRITTEN_EVERY = timedelta(minutes=1)


def create(*, by: User, name: str, read_only: bool = False, days: int = DEFAULT_DAYS) -> tuple[ApiToken, str]:
    """Make a token of `by` and return it with its key, which nobody can see again."""
    name = name.strip()
    if not name or len(name) > 80:
        text = _("Write a name of 1 to 80 characters, by which you will know the token.")
        raise InvalidInput(text, fields={"name": text})
    if not 1 <= days <= MOST_DAYS:
        text = _("Write a number of days from 1 to %(most)s.") % {"most": MOST_DAYS}
        raise InvalidInput(text, fields={"days": text})
    if by.api_tokens.count() >= MOST_TOKENS:
        raise Conflict(
            ngettext(
                "You have %(count)s token, which is all you may have. Revoke one you do not use.",
                "You have %(count)s tokens, which is all you may have. Revoke one you do not use.",
                MOST_TOKENS,
            )
            % {"count": MOST_TOKENS},
            code="too_many_tokens",
        )
    key = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=by,
        name=name,
        digest=_digest(key),
        hint=key[:_HINT_LENGTH],
        read_only=read_only,
        expires_at=timezone.now() + timedelta(days=days),
    )
    audit.record(
        by=by,
        action="token.create",
        target=f"token:{token.pk}",
        detail={"read_only": read_only, "days": days},
    )
    return token, key


def revoke(*, by: User, token_id: int) -> None:
    """Make a token of `by` useless at once."""
    if not take_away(by=by, found=ApiToken.objects.filter(user=by, pk=token_id)):
        raise NotFound(_("This token is not there; it may have been revoked already."))


def take_away(*, by: User, found: Iterable[ApiToken]) -> int:
    """Make tokens useless at once, whosever they are, and return how many; the caller says who may."""
    revoked = 0
    with transaction.atomic():
        for token in found:
            if ApiToken.objects.filter(pk=token.pk).delete()[0]:
                audit.record(by=by, action="token.revoke", target=f"token:{token.pk}")
                revoked += 1
    return revoked


def find(key: str) -> ApiToken | None:
    """The token that a key opens, with its person; expired ones too, so that the refusal can say so."""
    if not key.startswith(PREFIX):
        return None
    return ApiToken.objects.select_related("user").filter(digest=_digest(key)).first()


def note_use(token: ApiToken) -> None:
    """Write down that a token was used, at most once a minute."""
    now = timezone.now()
    if token.last_used_at is not None and token.last_used_at > now - _USE_WRITTEN_EVERY:
        return
    long_ago = Q(last_used_at=None) | Q(last_used_at__lte=now - _USE_WRITTEN_EVERY)
    ApiToken.objects.filter(long_ago, pk=token.pk).update(last_used_at=now)


def of(user: User) -> QuerySet[ApiToken]:
    """The tokens of a person, the newest first."""
    return ApiToken.objects.filter(user=user)


def expired() -> QuerySet[ApiToken]:
    """The tokens whose time is over: nobody can use them, and a sweep may delete them."""
    return ApiToken.objects.filter(expires_at__lte=timezone.now())


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
