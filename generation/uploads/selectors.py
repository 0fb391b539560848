"""What can be asked about uploads. Reads only."""

from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.errors import Conflict, NotFound
from accounts.models import User
from generation.uploads import policies
from generation.uploads.models import Upload


def uploads_of(user: User) -> QuerySet[Upload]:
    """A person's uploads, latest first."""
    return Upload.objects.filter(owner=user)


def unfinished(user: User, purpose: str) -> QuerySet[Upload]:
    """What a person began for a purpose and can still go on with."""
    return uploads_of(user).filter(purpose=purpose, state=Upload.State.RECEIVING, expires_at__gt=Now())


def upload_for(user: User, upload_id: UUID | str) -> Upload:
    """The upload, if it is this person's and its time is not over; NotFound otherwise."""
    upload = Upload.objects.filter(pk=upload_id, expires_at__gt=Now()).first()
    if upload is None or not policies.can_see(user, upload):
        raise NotFound(_("There is no such upload. It may have expired; begin anew."))
    return upload


def complete_upload(user: User, upload_id: UUID | str, purpose: str) -> Upload:
    """A finished upload that was made for `purpose`: what a room takes over."""
    upload = upload_for(user, upload_id)
    if upload.purpose != purpose:
        raise NotFound(_("There is no such upload. It may have expired; begin anew."))
    if upload.state != Upload.State.COMPLETE:
        message = (
            _("Only %(percent)s %% of %(name)s have arrived. Send the rest and finish it.")
            if upload.offset < upload.size
            else _("All of %(name)s has arrived. Finish it first.")
        )
        raise Conflict(message % {"percent": upload.percent, "name": upload.name}, code="upload_unfinished")
    return upload


def expired() -> QuerySet[Upload]:
    """Uploads whose time is over."""
    return Upload.objects.filter(expires_at__lte=Now())
