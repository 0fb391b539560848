"""Every change of an upload: begin, append, finish, cancel, hand over, expire.

The row's offset is the truth. A chunk is written while its conditional UPDATE is not yet committed, so two
writers never mix, and what a crash leaves behind the offset is written over by the next chunk.
"""

import errno
import hashlib
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, ledger
from accounts.errors import Conflict, DomainError, InvalidInput, NotFound
from accounts.models import User
from generation.uploads import policies, registry
from generation.uploads.errors import ChecksumDiffers, WrongOffset
from generation.uploads.models import Upload

MOST_CHUNK = 8 * 2**20
KEPT = timedelta(hours=48)
BLOCK = 2**20


def begin(*, by: User, purpose: str, name: str, size: int, sha256: str = "") -> Upload:
    """Make room for a file of `size` bytes; it is charged at once, so that it can arrive to its end."""
    known = registry.get(purpose)
    name, sha256 = name.strip(), sha256.strip().lower()
    policies.check_can_begin(by, known, name, size, sha256)
    with transaction.atomic():
        ledger.charge(user=by, kind=known.ledger_kind, count=1, size=size)
        upload = Upload.objects.create(
            owner=by, purpose=purpose, name=name, size=size, sha256=sha256, expires_at=_end_of_life()
        )
        folder = upload.path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(upload.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return upload


def append(*, by: User, upload: Upload, offset: int, data: bytes) -> Upload:
    """Keep a chunk that begins at `offset`; WrongOffset when the upload stands elsewhere."""
    policies.check_can_see(by, upload)
    if len(data) > MOST_CHUNK:
        raise InvalidInput(
            _("A chunk holds at most %(most)s bytes. Send smaller ones.") % {"most": MOST_CHUNK},
            status=413,
            code="too_large",
        )
    _refresh(upload)
    if offset + len(data) > upload.size:
        raise InvalidInput(
            _("The file was announced with %(size)s bytes, and this chunk would go beyond its end.")
            % {"size": upload.size},
            code="beyond_end",
        )
    with transaction.atomic():
        taken = Upload.objects.filter(pk=upload.pk, state=Upload.State.RECEIVING, offset=offset).update(
            offset=F("offset") + len(data), expires_at=_end_of_life()
        )
        if taken:
            _write(upload.path, offset, data)
    _refresh(upload)
    if not taken:
        _refuse_ended(upload)
        raise WrongOffset(upload.offset)
    return upload


def finish(*, by: User, upload: Upload) -> Upload:
    """Verify the whole file and close it. Twice does no harm. A wrong checksum throws the bytes away."""
    policies.check_can_see(by, upload)
    _refresh(upload)
    if upload.state == Upload.State.COMPLETE:
        return upload
    _refuse_ended(upload)
    if upload.offset != upload.size:
        raise WrongOffset(upload.offset)
    found = _sha256(upload.path)
    if upload.sha256 and upload.sha256 != found:
        _break(upload)
        raise ChecksumDiffers(
            _("What arrived of %(name)s is not the file that was announced. Send it again.")
            % {"name": upload.name}
        )
    receiving = Upload.objects.filter(pk=upload.pk, state=Upload.State.RECEIVING, offset=F("size"))
    with transaction.atomic():
        if receiving.update(state=Upload.State.COMPLETE, sha256=found, expires_at=_end_of_life()):
            detail = {"purpose": upload.purpose, "size": upload.size}
            audit.record(by=by, action="upload.finish", target=f"upload:{upload.pk}", detail=detail)
    _refresh(upload)
    return upload


def cancel(*, by: User, upload: Upload) -> None:
    """Throw the upload away and give its room back."""
    policies.check_can_see(by, upload)
    with transaction.atomic():
        discard(upload)
        audit.record(by=by, action="upload.cancel", target=f"upload:{upload.pk}")


def receive(*, by: User, purpose: str, name: str, size: int, stream: BinaryIO) -> Upload:
    """A whole file at once, for forms without script and for programs that send one body."""
    upload = begin(by=by, purpose=purpose, name=name, size=size)
    try:
        while upload.offset < size and (data := stream.read(min(MOST_CHUNK, size - upload.offset))):
            upload = append(by=by, upload=upload, offset=upload.offset, data=data)
        return finish(by=by, upload=upload)
    except BaseException:
        discard(upload)
        raise


def discard(upload: Upload) -> bool:
    """Remove row, bytes and charge, once: also what a room calls when it has taken a file over."""
    known = registry.get(upload.purpose)
    with transaction.atomic():
        row = Upload.objects.filter(pk=upload.pk)
        was_charged = row.exclude(state=Upload.State.BROKEN).delete()[0]
        if was_charged:
            ledger.refund(user=upload.owner, kind=known.ledger_kind, count=1, size=upload.size)
        else:
            row.delete()
        transaction.on_commit(lambda: upload.path.unlink(missing_ok=True))
    return bool(was_charged)


def _break(upload: Upload) -> None:
    """Keep the row, so that whoever sent it learns why; give back bytes and charge."""
    known = registry.get(upload.purpose)
    with transaction.atomic():
        row = Upload.objects.filter(pk=upload.pk, state=Upload.State.RECEIVING)
        if row.update(state=Upload.State.BROKEN):
            ledger.refund(user=upload.owner, kind=known.ledger_kind, count=1, size=upload.size)
        transaction.on_commit(lambda: upload.path.unlink(missing_ok=True))


def _refresh(upload: Upload) -> None:
    """Look at the row again; it may have been cancelled on another page."""
    try:
        upload.refresh_from_db()
    except Upload.DoesNotExist:
        raise NotFound(_("This upload was cancelled. Begin a new one.")) from None


def _refuse_ended(upload: Upload) -> None:
    if upload.state != Upload.State.RECEIVING:
        raise Conflict(
            _("This upload has ended already (%(state)s). Begin a new one.")
            % {"state": upload.get_state_display()},
            code="upload_ended",
        )


def _write(path: Path, offset: int, data: bytes) -> None:
    """Put the chunk in its place, or raise and let the transaction take the offset back."""
    try:
        _write_through(path, offset, data)
    except FileNotFoundError:
        raise NotFound(_("This upload was cancelled. Begin a new one.")) from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DomainError(
            _("The disk of this site is full. What has arrived is kept; go on later."),
            code="disk_full",
            status=507,
        ) from error


def _write_through(path: Path, offset: int, data: bytes) -> None:
    # No O_CREAT: a file that was cancelled meanwhile is not made again.
    descriptor = os.open(path, os.O_WRONLY)
    try:
        view, place = memoryview(data), offset
        while view:
            written = os.pwrite(descriptor, view, place)
            view, place = view[written:], place + written
        os.ftruncate(descriptor, place)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _end_of_life() -> datetime:
    return timezone.now() + KEPT
