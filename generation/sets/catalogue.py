"""What administrators do with models: add a file, publish, take back, make default, retire, delete.

Rows and files only: reading weights is the worker's (verification.py).
"""

import json
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts import audit
from accounts.errors import Conflict, InvalidInput
from accounts.models import User
from generation.jobs import services as jobs
from generation.jobs.models import Job
from generation.sets import rejections, selectors, storage
from generation.sets.models import Checkpoint, ImageSet, Order
from generation.uploads import services as uploads
from generation.uploads.models import Upload

VERIFY = "verify-model"
LONGEST_NAME = 64
PURPOSE = "checkpoint"
MOST_BYTES = 2 * 2**30
_MOST_HEADER = 100 * 2**20


def check_name(name: str, *, of: Checkpoint | None = None) -> None:
    """Refuse a name that no address could hold, that means another model, or that another model has."""
    try:
        Checkpoint._meta.get_field("name").run_validators(name)
    except ValidationError as error:
        message = _("Write letters, digits, hyphens and underscores, %(most)s at most, and nothing else.")
        raise _bad_name(message % {"most": LONGEST_NAME}, "bad_name") from error
    if not name:
        raise _bad_name(_("Give the model a name."), "bad_name")
    if name == selectors.DEFAULT_MODEL:
        raise _bad_name(_("This word stands for whichever model is the default. Choose another."), "bad_name")
    others = Checkpoint.objects.filter(name=name)
    if (others.exclude(pk=of.pk) if of else others).exists():
        raise _bad_name(_("There is a model of this name already. Choose another."), "name_taken")


def _bad_name(message: str, code: str) -> InvalidInput:
    return InvalidInput(message, code=code, fields={"name": message})


def add(*, by: User, name: str, upload: Upload) -> Checkpoint:
    """Take an uploaded file over and let the worker look at it; nobody orders from it before it is published."""
    check_name(name)
    try:
        with upload.path.open("rb") as file:
            _check_is_safetensors(file)
        _check_is_new(upload.sha256)
    except InvalidInput:
        uploads.discard(upload)  # no other name makes a model of it
        raise
    path = storage.media("checkpoints") / f"{upload.sha256}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    with transaction.atomic():
        model = Checkpoint.objects.create(
            name=name, source=Checkpoint.Source.UPLOAD, file=path.name, sha256=upload.sha256, added_by=by
        )
        audit.record(by=by, action="model.add", target=f"model:{model.pk}", detail={"sha256": upload.sha256})
        verify(by=by, model=model)
        path.unlink(missing_ok=True)  # of a model that was deleted
        storage.link(upload.path, path)
        uploads.discard(upload)
    return model


def _check_is_new(digest: str) -> None:
    known = Checkpoint.objects.filter(sha256=digest).first()
    if known is not None:
        message = _("This very model is here already, as %(name)s.") % {"name": known.name}
        raise InvalidInput(message, code="known", fields={"upload": message})


def _check_is_safetensors(file: BinaryIO) -> None:
    """Refuse what is no safetensors file by its first bytes: a pickle could run code, and is never even opened."""
    file.seek(0, 2)
    size = file.tell()
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    try:
        if not 2 <= length <= min(size - 8, _MOST_HEADER) or size > MOST_BYTES:
            raise ValueError
        is_header = isinstance(json.loads(file.read(length)), dict)
    except (ValueError, RecursionError):
        is_header = False
    if not is_header:
        message = _("This is no safetensors file of at most 2 GB. Convert it with: python -m mlcore convert")
        raise InvalidInput(message, code="not_safetensors", fields={"upload": message})


def verify(*, by: User, model: Checkpoint) -> None:
    """Have the worker look at a model, once more if need be."""
    jobs.enqueue(kind=VERIFY, owner=by, subject_id=model.pk)


def verification_ended(job: Job) -> None:
    """Its job is over: a model that still waits is refused with the reason. Runs in the job's transaction."""
    if job.state == Job.State.DONE:
        return
    rows = Checkpoint.objects.filter(pk=job.subject_id)
    rows.update(code=job.code if job.code in rejections.WORDS else "crashed", message="")
    # One that was verified before is what it was; its row says that this look at it came to nothing.
    rows.filter(state=Checkpoint.State.PENDING).update(state=Checkpoint.State.REJECTED)


def waiting() -> QuerySet[Checkpoint, tuple[int, int | None]]:
    """Uploaded models that wait for their verification, each with who added it."""
    found = Checkpoint.objects.filter(state=Checkpoint.State.PENDING, added_by__isnull=False)
    return found.values_list("pk", "added_by_id")


@transaction.atomic
def publish(*, by: User, model: Checkpoint) -> None:
    """Offer a verified model to everybody."""
    # One from before names were checked would break every page that shows it.
    check_name(model.name, of=model)
    states = (Checkpoint.State.VERIFIED, Checkpoint.State.RETIRED)
    rows = Checkpoint.objects.filter(pk=model.pk, state__in=states)
    if not rows.update(state=Checkpoint.State.PUBLISHED, published_by=by, published_at=Now()):
        raise _wrong_state(model, _("Only a verified model can be published."))
    _written(by, "model.publish", model)


@transaction.atomic
def unpublish(*, by: User, model: Checkpoint) -> None:
    """Offer it no longer; it stays verified."""
    rows = Checkpoint.objects.filter(pk=model.pk, state=Checkpoint.State.PUBLISHED)
    if not rows.update(state=Checkpoint.State.VERIFIED, is_default=False):
        raise _wrong_state(model, _("Only a published model can be taken back."))
    _written(by, "model.unpublish", model)


@transaction.atomic
def make_default(*, by: User, model: Checkpoint) -> None:
    """Let new orders begin with this model."""
    rows = Checkpoint.objects.published().filter(pk=model.pk).select_for_update()
    if not rows.exists():
        raise _wrong_state(model, _("Only a published generator can be the default."))
    Checkpoint.objects.filter(is_default=True).update(is_default=False)
    rows.update(is_default=True)
    _written(by, "model.default", model)


@transaction.atomic
def retire(*, by: User, model: Checkpoint) -> None:
    """Make nothing new with it; its sets keep their recipe."""
    Checkpoint.objects.filter(pk=model.pk).update(state=Checkpoint.State.RETIRED, is_default=False)
    _written(by, "model.retire", model)


def is_used(model: Checkpoint) -> bool:
    """Whether sets, orders or other models need it."""
    sets = ImageSet.objects.filter(checkpoint=model).exists()
    return sets or Order.objects.filter(checkpoint=model).exists() or _judges(model)


@transaction.atomic
def delete(*, by: User, model: Checkpoint) -> None:
    """Remove a model that nothing was made with, and its file if it was uploaded."""
    if is_used(model):
        raise Conflict(
            _("%(name)s is in use: sets were made with it, or it judges another model. Retire it instead.")
            % {"name": model.name},
            code="model_used",
        )
    path = storage.checkpoint_path(model) if model.source == Checkpoint.Source.UPLOAD else None
    audit.record(by=by, action="model.delete", target=f"model:{model.pk}", detail={"sha256": model.sha256})
    Checkpoint.objects.filter(pk=model.pk).delete()
    if path is not None:
        transaction.on_commit(lambda: path.unlink(missing_ok=True))


def _judges(model: Checkpoint) -> bool:
    return Checkpoint.objects.filter(partner=model).exists()


def _wrong_state(model: Checkpoint, message: str) -> Conflict:
    state = _("%(name)s is: %(state)s.") % {"name": model.name, "state": model.get_state_display()}
    return Conflict(f"{message} {state}", code="wrong_state")


def _written(by: User, action: str, model: Checkpoint) -> None:
    audit.record(by=by, action=action, target=f"model:{model.pk}")
    model.refresh_from_db()
