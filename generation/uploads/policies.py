"""What may be uploaded, and whose uploads exist for whom. Nothing is written here."""

import re
import shutil
from pathlib import Path

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from accounts.errors import DomainError, InvalidInput, NotFound, TooMany
from accounts.models import User
from generation.uploads.models import Upload
from generation.uploads.registry import Purpose

AT_ONCE = 20
MOST_NAME = 255
# What the disk keeps free for everything else of the site.
RESERVE = 200 * 2**20
_SHA256 = re.compile(r"[0-9a-f]{64}")


def can_see(user: User, upload: Upload) -> bool:
    """Whether the upload exists for this person: only one's own does."""
    return user.is_active and upload.owner_id == user.pk


def check_can_see(user: User, upload: Upload) -> None:
    """Raise NotFound when it does not."""
    if not can_see(user, upload):
        raise NotFound(_("There is no such upload."))


def can_begin(user: User, purpose: Purpose, name: str, size: int, sha256: str) -> bool:
    """Whether `check_can_begin` would let it pass."""
    try:
        check_can_begin(user, purpose, name, size, sha256)
    except DomainError:
        return False
    return True


def check_can_begin(user: User, purpose: Purpose, name: str, size: int, sha256: str) -> None:
    """Raise when such a file cannot be taken; the quota is the ledger's to judge."""
    if not name.strip() or len(name) > MOST_NAME:
        raise _invalid("name", _("Give the file a name of 1 to %(most)s letters.") % {"most": MOST_NAME})
    if sha256 and not _SHA256.fullmatch(sha256):
        raise _invalid("sha256", _("A SHA-256 is 64 digits of 0-9 and a-f."))
    if size < 1:
        raise _invalid("size", _("The file is empty. Choose one with something in it."))
    if size > purpose.limit:
        raise _invalid(
            "size",
            _("The file has %(size)s; at most %(limit)s are taken. Choose a smaller one or split it.")
            % {"size": filesizeformat(size), "limit": filesizeformat(purpose.limit)},
        )
    if Upload.objects.filter(owner=user, state=Upload.State.RECEIVING).count() >= AT_ONCE:
        raise TooMany(
            _("You have %(count)s unfinished uploads. Finish or cancel one first.") % {"count": AT_ONCE},
            retry_after=60,
        )
    check_disk(size)


def check_disk(size: int) -> None:
    """Raise when the disk cannot take so many bytes more."""
    if free_bytes() < size + RESERVE:
        raise DomainError(
            _("The disk of this site has no room for %(size)s now. Tell the operator, or try later.")
            % {"size": filesizeformat(size)},
            code="disk_full",
            status=507,
        )


def free_bytes() -> int:
    """How much still fits on the disk of the media folder."""
    return shutil.disk_usage(Path(settings.MEDIA_ROOT)).free


def _invalid(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, fields={field: message})
