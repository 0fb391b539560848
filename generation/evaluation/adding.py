"""References that people add from photographs: begun with an upload, made by a job, deleted. No networks here.

The photographs leave as soon as their features are there, unless it was asked to keep what was cut out of them.
"""

import re
import shutil
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts import audit, ledger
from accounts.models import User
from generation.evaluation import limits, messages, policies
from generation.evaluation.models import Bank, Reference
from generation.jobs import services as jobs
from generation.jobs.models import Job
from generation.uploads import selectors as upload_rows
from generation.uploads import services as uploads
from generation.uploads.models import Upload

ADD = "add-reference"


def add(
    *,
    by: User,
    name: str = "",
    upload: UUID | None = None,
    folder: str = "",
    subject: str = Reference.Subject.PALM,
    people: str = "unknown",
    keep_photos: bool = False,
    already_cut: bool = False,
    for_everybody: bool = False,
    terms: str = "",
) -> Reference:
    """Turn photographs into a reference by a job: an uploaded archive, or a folder that the operator has put there."""
    policies.check_one_source(upload, folder)
    owner = None if for_everybody else by
    found = upload_rows.complete_upload(by, upload, limits.PURPOSE) if upload is not None else None
    name, terms = name.strip() or _free_name(owner, found.name if found else folder), terms.strip()
    policies.check_can_add_reference(by, name, subject, people, folder=folder, for_everybody=for_everybody)
    wish: dict[str, Any] = {
        "people": people,
        "keep_photos": keep_photos,
        "already_cut": already_cut,
        "terms": terms,
        "folder": folder,
        "by": by.pk,
    }
    if found is not None:
        wish |= {"upload": str(found.pk), "file": found.name}
    try:
        with transaction.atomic():
            reference = Reference.objects.create(
                owner=owner, name=name, subject=subject, state=Reference.State.WAITING, request=wish
            )
            _enqueue(reference, by)
    except IntegrityError:
        policies.check_name_is_free(owner, name)
        raise
    audit.record(by=by, action="reference.add", target=f"reference:{reference.pk}", detail={"name": name})
    return reference


def measure_anew(*, by: User, reference: Reference) -> Reference:
    """Measure kept photographs with the networks that came to this machine since."""
    policies.check_can_measure_anew(by, reference)
    with transaction.atomic():
        _enqueue(reference, by)
    return reference


def delete(*, by: User, reference: Reference) -> None:
    """Remove a reference with its features and photographs; measurements keep its name."""
    policies.check_can_delete_reference(by, reference)
    if reference.job is not None and reference.job.is_live:
        jobs.cancel(by=reference.job.owner, job=reference.job)
    take_away(by=by, reference=reference)


@transaction.atomic
def take_away(*, by: User, reference: Reference) -> None:
    """Remove a reference, whosever it is, and write it down; the caller says who may."""
    forget(reference)
    audit.record(
        by=by, action="reference.delete", target=f"reference:{reference.pk}", detail={"name": reference.name}
    )


def forget(reference: Reference) -> None:
    """Remove row, charge, upload and files, once."""
    with transaction.atomic():
        row = Reference.objects.select_for_update().filter(pk=reference.pk).first()
        if row is None:
            return
        row.delete()
        if row.owner is not None and row.is_ready:
            ledger.refund(user=row.owner, kind="references", count=1, size=row.size)
        _discard_upload(reference)
        transaction.on_commit(lambda: _remove(reference))


def _free_name(owner: User | None, file: str) -> str:
    """The file's name without its ending, with a number behind it where that is taken."""
    stem = re.sub(r"(\.tar)?\.\w{1,4}$", "", file).strip()[: policies.LONGEST_NAME - 8] or "palms"
    taken = set(Reference.objects.filter(owner=owner, name__startswith=stem).values_list("name", flat=True))
    names = [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def _enqueue(reference: Reference, by: User) -> None:
    job = jobs.enqueue(kind=ADD, owner=by, subject_id=reference.pk)
    Reference.objects.filter(pk=reference.pk).update(job=job)
    reference.job = job


def _discard_upload(reference: Reference) -> None:
    upload = Upload.objects.filter(pk=reference.request.get("upload")).select_related("owner").first()
    if upload is not None:
        uploads.discard(upload)


def _remove(reference: Reference) -> None:
    folder = reference.folder
    for left in (folder, *folder.parent.glob(f"{folder.name}.*.part")):
        shutil.rmtree(left, ignore_errors=True)


# What workers and jobs do


def upload_path(reference: Reference) -> Path | None:
    """Where the uploaded archive lies, if it is still there."""
    upload = Upload.objects.filter(pk=reference.request.get("upload"), state=Upload.State.COMPLETE).first()
    return upload.path if upload is not None and upload.path.is_file() else None


def made(
    reference: Reference,
    *,
    banks: list[Bank],
    content: str,
    n: int,
    size: int,
    lineage: list[Any],
    notes: str,
    report: dict[str, Any],
) -> bool:
    """The job has measured the photographs; they are thrown away and the room is charged. Under the job's claim.

    False when the reference was deleted meanwhile.
    """
    row = Reference.objects.filter(pk=reference.pk, state=Reference.State.WAITING)
    taken = row.update(
        state=Reference.State.READY,
        content=content,
        n=n,
        size=size,
        lineage=lineage,
        notes=notes,
        report=report,
        keeps_photos=bool(reference.request["keep_photos"]),
    )
    if not taken:
        return False
    Bank.objects.bulk_create(banks)
    _discard_upload(reference)
    if reference.owner is not None:
        ledger.charge(user=reference.owner, kind="references", count=1, size=size)
    return True


def measured_anew(reference: Reference, banks: list[Bank], size: int) -> bool:
    """Keep more banks of a reference that is ready. Under the job's claim."""
    row = Reference.objects.select_for_update().filter(pk=reference.pk, state=Reference.State.READY).first()
    if row is None:
        return False
    Bank.objects.bulk_create(banks, ignore_conflicts=True)
    Reference.objects.filter(pk=row.pk).update(size=row.size + size)
    if row.owner is not None:
        ledger.charge(user=row.owner, kind="references", size=size)
    return True


def refused(reference: Reference, report: dict[str, Any]) -> None:
    """Keep the list of what was wrong with the photographs though nothing came of them. Under the job's claim."""
    Reference.objects.filter(pk=reference.pk, state=Reference.State.WAITING).update(report=report)


def ended(job: Job) -> None:
    """The job is over: where it left no reference, say why and delete the photographs that were sent for it."""
    if job.state == Job.State.DONE:
        return
    cancelled = job.state == Job.State.CANCELLED
    row = Reference.objects.filter(pk=job.subject_id, state=Reference.State.WAITING)
    reference = row.first()
    if reference is None:
        return
    stopped = messages.FOLDER_STOPPED if reference.request.get("folder") else messages.ARCHIVE_STOPPED
    if row.update(
        state=Reference.State.FAILED,
        code=job.code or "failed",
        message=stopped if cancelled else job.message,
        message_params={} if cancelled else job.message_params,
    ):
        _discard_upload(reference)
        transaction.on_commit(lambda: _remove(reference))


def waiting() -> QuerySet[Reference, tuple[UUID, int | None]]:
    """Those that are being made, each with its owner; the site's have none."""
    return Reference.objects.filter(state=Reference.State.WAITING).values_list("pk", "owner_id")
