"""Letting others look at a set and download it: named people, or whoever has a link that ends.

Of a link only the SHA-256 is kept: who reads the table cannot open it.
"""

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.errors import Conflict, InvalidInput, NotFound
from accounts.models import User
from generation.sets import exports, policies
from generation.sets.models import ImageSet, Share

LINK_DAYS = 7
MOST_DAYS = 90
MOST_SHARES = 100
_LINK = re.compile(r"[A-Za-z0-9_-]{43}")


@transaction.atomic
def share_with(*, by: User, image_set: ImageSet, username: str, days: int | None = None) -> Share:
    """Let a named person look at the set and download it, for some days or until it is revoked."""
    policies.check_can_change(by, image_set)
    person = User.objects.filter(username__iexact=username.strip(), is_active=True).first()
    if person is None:
        raise _refusal("user", _("There is nobody called %(name)s here.") % {"name": username[:150]})
    if person == by:
        raise _refusal("user", _("The set is yours already."))
    _check_room(image_set)
    share, _made = Share.objects.update_or_create(
        image_set=image_set, user=person, defaults={"expires_at": None if days is None else _end(days)}
    )
    audit.record(by=by, action="set.share", target=f"set:{image_set.pk}", detail={"user": person.pk})
    share.refresh_from_db()
    return share


@transaction.atomic
def make_link(*, by: User, image_set: ImageSet, days: int = LINK_DAYS) -> tuple[Share, str]:
    """Make a link and return it with its secret, which nobody can see again."""
    policies.check_can_change(by, image_set)
    _check_room(image_set)
    secret = secrets.token_urlsafe(32)
    share = Share.objects.create(image_set=image_set, link_hash=_digest(secret), expires_at=_end(days))
    audit.record(by=by, action="set.link", target=f"set:{image_set.pk}", detail={"days": days})
    share.refresh_from_db()
    return share, secret


@transaction.atomic
def revoke(*, by: User, image_set: ImageSet, share_id: int) -> None:
    """End a share at once."""
    policies.check_can_change(by, image_set)
    share = Share.objects.filter(image_set=image_set, pk=share_id).first()
    if share is None:
        raise NotFound(_("This share is not there; it may have been revoked already."))
    share.delete()
    if share.user_id is not None:
        exports.forget_all(Q(image_set=image_set, owner=share.user_id))
    audit.record(by=by, action="set.unshare", target=f"set:{image_set.pk}")


def set_by_link(secret: str) -> ImageSet:
    """The set that a link opens; one that ended, was revoked or never was opens nothing."""
    share = None
    if _LINK.fullmatch(secret):
        valid = Share.objects.filter(
            link_hash=_digest(secret), expires_at__gt=timezone.now(), image_set__deleted_at__isnull=True
        )
        share = valid.select_related("image_set__owner", "image_set__checkpoint").first()
    if share is None:
        raise NotFound(_("This link does not lead to a set. It may have ended; ask for a new one."))
    return share.image_set


def _check_room(image_set: ImageSet) -> None:
    if Share.objects.filter(image_set=image_set).count() >= MOST_SHARES:
        raise Conflict(
            _("A set can be shared %(most)s times. Revoke a share that is not needed.")
            % {"most": MOST_SHARES},
            code="too_many_shares",
        )


def _end(days: int) -> datetime:
    if not 1 <= days <= MOST_DAYS:
        raise _refusal("days", _("Write a number of days from 1 to %(most)s.") % {"most": MOST_DAYS})
    return timezone.now() + timedelta(days=days)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _refusal(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, fields={field: message})
