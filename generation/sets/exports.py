"""Files that workers make of a set because their size is not known before: asked for, charged, kept, thrown away.

Rows, charges and paths only; packing.py makes the files, in a worker.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, ledger
from accounts.belongings import Leftover
from accounts.errors import Conflict
from accounts.models import User
from generation.jobs import services as jobs
from generation.jobs.models import Job
from generation.sets import policies, selection, storage
from generation.sets.models import Export, ImageSet
from generation.sets.selection import ALL, Selection

EXPORT = "export"
KEPT = timedelta(days=7)
QUALITY, QUALITIES = 90, (1, 100)
VAL, MOST_VAL = 0.1, 0.9
# What is charged until the file is there: the PNGs, and so much for what describes each of them.
PAPER_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Wish:
    """Which images in which format. `quality` is for JPEG and WebP, `val` the share of that split in Parquet."""

    format: str
    quality: int = QUALITY
    val: float = VAL
    selection: Selection = ALL

    def to_json(self) -> dict[str, Any]:
        """What makes a difference for this format, as the row keeps it."""
        form = {"val": self.val} if self.format == Export.Format.PARQUET else {"quality": self.quality}
        return {**form, **selection.as_query(self.selection)}


def selection_of(export: Export) -> Selection:
    """The images that an export was asked to hold."""
    return selection.parse({name: str(value) for name, value in export.wish.items()})


@transaction.atomic
def request(*, by: User, image_set: ImageSet, wish: Wish) -> tuple[Export, bool]:
    """Have a file made, or point to the one that is the same; whether it is new."""
    # The lock makes two requests at once one export.
    row = ImageSet.objects.select_for_update().get(pk=image_set.pk)
    same = Export.objects.filter(
        owner=by,
        image_set=row,
        set_version=row.version,
        format=wish.format,
        wish=wish.to_json(),
        state__in=[Export.State.WAITING, Export.State.READY],
        expires_at__gt=timezone.now(),
    ).first()
    if same is not None:
        return same, False
    policies.check_can_export(by)
    facts = selection.selected(row, wish.selection).aggregate(count=Count("pk"), size=Sum("size"))
    if not facts["count"]:
        raise Conflict(
            _("There are no images to download. Choose others, or wait until they are made."), code="empty"
        )
    size = facts["size"] + PAPER_BYTES * (facts["count"] + 64)
    ledger.charge(user=by, kind="exports", count=1, size=size)
    export = Export.objects.create(
        owner=by,
        image_set=row,
        set_version=row.version,
        format=wish.format,
        wish=wish.to_json(),
        count=facts["count"],
        charged_size=size,
        expires_at=timezone.now() + KEPT,
    )
    export.job = jobs.enqueue(kind=EXPORT, owner=by, subject_id=export.pk, total=facts["count"])
    Export.objects.filter(pk=export.pk).update(job=export.job)
    audit.record(by=by, action="export", target=f"set:{row.pk}", detail={"format": wish.format})
    export.refresh_from_db()
    return export, True


def made(export: Export, *, count: int, size: int, sha256: str) -> bool:
    """The file is whole; what was charged too much or too little is settled. False when nobody wants it any more."""
    row = Export.objects.select_for_update().filter(pk=export.pk, state=Export.State.WAITING).first()
    if row is None:
        return False
    if size > row.charged_size:
        ledger.charge(user=export.owner, kind="exports", size=size - row.charged_size)
    else:
        ledger.refund(user=export.owner, kind="exports", size=row.charged_size - size)
    Export.objects.filter(pk=row.pk).update(
        state=Export.State.READY,
        count=count,
        size=size,
        sha256=sha256,
        charged_size=size,
        expires_at=timezone.now() + KEPT,
    )
    return True


def delete(*, by: User, export: Export) -> None:
    """Stop it if it is being made, and throw it away."""
    policies.check_can_delete_export(by, export)
    if export.job is not None and export.job.is_live:
        jobs.cancel(by=by, job=export.job)
    forget(export)
    audit.record(
        by=by,
        action="export.delete",
        target=f"set:{export.image_set_id}",
        detail={"format": export.format},
    )


@transaction.atomic
def forget(export: Export) -> None:
    """Remove row and file, and give back what it was charged. Twice does no harm."""
    row = Export.objects.select_for_update().select_related("owner").filter(pk=export.pk).first()
    if row is None:
        return
    row_id, path = row.pk, storage.media(row.path)
    _give_back(row)
    Export.objects.filter(pk=row_id).delete()
    transaction.on_commit(lambda: path.unlink(missing_ok=True))


def forget_all(which: Q) -> None:
    """Remove every export that fits: of a set that goes, or of somebody who may see it no longer."""
    for export in Export.objects.filter(which).select_related("job", "owner"):
        if export.job is not None and export.job.is_live:
            jobs.cancel(by=export.owner, job=export.job)
        forget(export)


def ended(job: Job) -> None:
    """Its job is over: where it left no file, say why and give the room back. Runs in the job's transaction."""
    waiting = Export.objects.select_for_update().select_related("owner")
    row = waiting.filter(pk=job.subject_id, state=Export.State.WAITING).first()
    if job.state == Job.State.DONE or row is None:
        return
    _give_back(row)
    Export.objects.filter(pk=row.pk).update(
        state=Export.State.FAILED,
        code=job.code or "failed",
        message=job.message,
        message_params=job.message_params,
        charged_size=0,
    )


def waiting() -> QuerySet[Export, tuple[UUID, int]]:
    """Those that are being made, each with its owner."""
    return Export.objects.filter(state=Export.State.WAITING).values_list("pk", "owner_id")


def leftovers() -> Iterator[Leftover]:
    """Exports past their days, for the sweep."""
    for export in Export.objects.filter(expires_at__lte=timezone.now()):
        yield Leftover(f"export {export.pk}, past its {KEPT.days} days", export.size, _removal(export))


def _removal(export: Export) -> Any:
    return lambda: forget_all(Q(pk=export.pk))


def _give_back(row: Export) -> None:
    # A failed one was given back when it failed.
    if row.state != Export.State.FAILED:
        ledger.refund(user=row.owner, kind="exports", count=1, size=row.charged_size)
