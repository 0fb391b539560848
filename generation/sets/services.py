"""What people do with orders: order, stop, go on; and how an order ends when its last chunk does.

Rows only. Nothing here makes an image (pipeline.py) or touches a network.
"""

import json
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Max, Q, QuerySet, Sum
from django.db.models.functions import Now

from accounts import audit, ledger
from accounts.models import User
from generation.jobs import services as jobs
from generation.jobs.models import Job
from generation.sets import charges, messages, policies, webhooks
from generation.sets.models import Checkpoint, Chunk, Image, ImageSet, Order
from mlcore.spec import GenerationSpec

MAKE_CHUNK = "make-images"
# A chunk takes about this long, so that another person's order gets its turn soon and little is lost by a kill.
CHUNK_SECONDS = 15.0
CHUNK_SIZES = (16, 256)  # multiples of the engine's batch
BYTES_UNTIL_MEASURED = 120_000
# Images differ in size: charged a little more than measured, and settled when the order ends.
MARGIN = 1.2


@transaction.atomic
def order_images(
    *,
    by: User,
    checkpoint: Checkpoint,
    spec: GenerationSpec,
    name: str = "",
    tags: list[str] | None = None,
    image_set: ImageSet | None = None,
    again_of: ImageSet | None = None,
    is_preview: bool = False,
) -> Order:
    """Record an order with its chunks and one job each. With `image_set` the images join a set of the same recipe.

    With `again_of` they make that set a second time, as large as it is, to be held against it.
    """
    policies.check_can_order(by, checkpoint, spec, is_preview=is_preview, is_again=again_of is not None)
    if image_set is None:
        image_set = ImageSet.objects.create(
            owner=by,
            name=name or default_name(checkpoint, spec),
            tags=tags or [],
            checkpoint=checkpoint,
            recipe=recipe_of(checkpoint, spec) | ({"again_of": str(again_of.pk)} if again_of else {}),
            is_preview=is_preview,
        )
    else:
        policies.check_can_change(by, image_set)
    order = Order.objects.create(owner=by, image_set=image_set, checkpoint=checkpoint, spec=_as_json(spec))
    ImageSet.objects.filter(pk=image_set.pk).update(wanted=F("wanted") + spec.count)
    for first, count in pieces(spec, checkpoint):
        Chunk.objects.create(order=order, first_index=first, count=count)
    _charge(order, spec.count)
    _enqueue_open_chunks(order)
    if not is_preview:
        audit.record(by=by, action="order", target=str(order.pk), detail={"count": spec.count})
    return order


def default_name(checkpoint: Checkpoint, spec: GenerationSpec) -> str:
    """A name that says what it is until somebody writes a better one."""
    return f"{checkpoint.name} · {spec.seed}"


def recipe_of(checkpoint: Checkpoint, spec: GenerationSpec) -> dict[str, Any]:
    """What the set is a function of; workers add machine and versions as they make images."""
    wish = _as_json(spec)
    return {"model": checkpoint.name, "checkpoint": checkpoint.sha256, **wish}


def pieces(spec: GenerationSpec, checkpoint: Checkpoint) -> list[tuple[int, int]]:
    """The order cut into runs of indices, each a few seconds of work at the model's measured speed."""
    least, most = CHUNK_SIZES
    seconds = (checkpoint.seconds_per_image or 0.1) * spec.candidates
    size = max(least, min(most, int(CHUNK_SECONDS / seconds) // least * least))
    return [
        (first, min(size, spec.first_index + spec.count - first))
        for first in range(spec.first_index, spec.first_index + spec.count, size)
    ]


def estimated_size(checkpoint: Checkpoint, count: int) -> int:
    """Bytes that `count` images of this model will take, rather too many."""
    return int((checkpoint.bytes_per_image or BYTES_UNTIL_MEASURED) * MARGIN) * count


@transaction.atomic
def cancel(*, by: User, order: Order, keep: bool = True) -> Order:
    """Stop an order; what is made stays as a partial set, or goes, as the person says."""
    policies.check_can_cancel(by, order)
    Order.objects.filter(pk=order.pk, state=Order.State.OPEN).update(keeps_when_stopped=keep)
    for job in Job.objects.filter(pk__in=order.chunks.filter(is_done=False).values("job")):
        jobs.cancel(by=by, job=job)
    order.refresh_from_db()
    return order


@transaction.atomic
def resume(*, by: User, order: Order) -> Order:
    """Go on with a stopped or failed order: only what is missing is made."""
    policies.check_can_resume(by, order)
    missing = sum(chunk.count - chunk.done for chunk in order.chunks.filter(is_done=False))
    Order.objects.filter(pk=order.pk).update(
        state=Order.State.OPEN, code="", message="", message_params={}, ended_at=None, keeps_when_stopped=True
    )
    order.refresh_from_db()
    _charge(order, missing)
    _enqueue_open_chunks(order)
    return order


@transaction.atomic
def continue_preview(
    *, by: User, preview: Order, spec: GenerationSpec, name: str = "", tags: list[str] | None = None
) -> Order:
    """Keep a preview and make the rest: same seed, so the set begins with what was seen."""
    policies.check_can_change(by, preview.image_set)
    image_set = preview.image_set
    seen = preview.wish
    same = seen.seed == spec.seed and _per_image(seen) == _per_image(spec)
    if not same or not image_set.is_preview:
        return order_images(by=by, checkpoint=preview.checkpoint, spec=spec, name=name, tags=tags)
    # The new order covers what the preview made, so the preview's own charge goes.
    preview.refresh_from_db()
    ledger.refund(user=by, kind="images", count=preview.charged_count, size=preview.charged_size)
    Order.objects.filter(pk=preview.pk).update(charged_count=0, charged_size=0)
    ImageSet.objects.filter(pk=image_set.pk).update(
        is_preview=False,
        name=name or default_name(preview.checkpoint, spec),
        tags=tags or [],
        wanted=0,
        recipe={**image_set.recipe, **_as_json(spec)},
    )
    return order_images(by=by, checkpoint=preview.checkpoint, spec=spec, image_set=image_set)


def next_index(image_set: ImageSet) -> int:
    """The number after the highest that was ever ordered, so that `make more` continues."""
    last = Chunk.objects.filter(order__image_set=image_set).aggregate(last=Max(F("first_index") + F("count")))
    return last["last"] or 0


def chunk_ended(job: Job) -> None:
    """A chunk's job is over, for better or worse; the last one ends the order. Runs in the job's transaction."""
    chunk = Chunk.objects.filter(pk=job.subject_id).select_related("order").first()
    if chunk is None:
        return
    # Two chunks may end at once: whoever holds the order's row sees the other's end.
    order = Order.objects.select_for_update().get(pk=chunk.order_id)
    if job.state == Job.State.DONE:
        Chunk.objects.filter(pk=chunk.pk).update(is_done=True)
    if not order.is_live:
        return
    open_chunks = order.chunks.filter(is_done=False, job__state__in=Job.LIVE)
    # The ending job's own row is still being written.
    if open_chunks.exclude(pk=chunk.pk).exists():
        return
    _close(order, job)


def chunk_retried(job: Job) -> None:
    """Somebody put a chunk's job back into the queue: the order goes on."""
    Order.objects.filter(chunks__pk=job.subject_id).exclude(state=Order.State.OPEN).update(
        state=Order.State.OPEN, code="", message="", message_params={}, ended_at=None
    )


def _close(order: Order, last: Job) -> None:
    """End the order by how its chunks ended, count the set and settle the account."""
    unfinished = list(order.chunks.filter(is_done=False).exclude(job=last).select_related("job"))
    jobs_left = [chunk.job for chunk in unfinished] + ([last] if last.state != Job.State.DONE else [])
    made = order.chunks.aggregate(done=Sum("done"), short=Sum("short"))
    failed = next((job for job in jobs_left if job and job.state == Job.State.FAILED), None)
    fields: dict[str, Any] = {"state": Order.State.DONE}
    if failed is not None:
        fields = {
            "state": Order.State.FAILED,
            "code": failed.code or "failed",
            "message": failed.message or messages.CHUNK_FAILED,
            "message_params": failed.message_params if failed.message else {"reason": ""},
        }
    elif jobs_left:
        fields = {
            "state": Order.State.CANCELLED,
            "code": "stopped",
            "message": messages.STOPPED,
            "message_params": {"done": made["done"] or 0},
        }
    elif made["short"]:
        fields |= {"code": "short", "message": messages.SHORT, "message_params": {"short": made["short"]}}
    Order.objects.filter(pk=order.pk).update(**fields, ended_at=Now())
    recount(order.image_set)
    _settle(order)
    if fields["state"] == Order.State.CANCELLED and not order.keeps_when_stopped:
        ImageSet.objects.filter(pk=order.image_set_id).update(deleted_at=Now())
    charges.give_back(order.image_set)
    webhooks.announce(order)


def recount(image_set: ImageSet) -> None:
    """Write a set's count and bytes from its images; its archives are other files from now on."""
    found = Image.objects.filter(image_set=image_set, deleted_at__isnull=True).aggregate(
        count=Count("pk"), size=Sum("size")
    )
    ImageSet.objects.filter(pk=image_set.pk).update(
        count=found["count"], size=found["size"] or 0, version=F("version") + 1
    )


def _charge(order: Order, count: int) -> None:
    size = estimated_size(order.checkpoint, count)
    ledger.charge(user=order.owner, kind="images", count=count, size=size)
    Order.objects.filter(pk=order.pk).update(
        charged_count=F("charged_count") + count, charged_size=F("charged_size") + size
    )


def _settle(order: Order) -> None:
    """Give back what was charged beyond what is there, or write down what came out larger."""
    order.refresh_from_db()
    indices = _ranges(order)
    found = Image.objects.filter(indices, image_set=order.image_set).aggregate(
        count=Count("pk"), size=Sum("size")
    )
    count, size = found["count"], found["size"] or 0
    back_count, back_size = order.charged_count - count, order.charged_size - size
    if back_count > 0 or back_size > 0:
        ledger.refund(user=order.owner, kind="images", count=max(back_count, 0), size=max(back_size, 0))
    Order.objects.filter(pk=order.pk).update(
        charged_count=min(order.charged_count, count), charged_size=min(order.charged_size, size)
    )


def _ranges(order: Order) -> Q:
    wish = order.wish
    return Q(index__gte=wish.first_index, index__lt=wish.first_index + wish.count)


def _enqueue_open_chunks(order: Order) -> None:
    is_short = order.image_set.is_preview
    for chunk in order.chunks.filter(is_done=False):
        job = jobs.enqueue(
            kind=MAKE_CHUNK,
            owner=order.owner,
            subject_id=chunk.pk,
            total=chunk.count,
            queue="short" if is_short else None,
        )
        Chunk.objects.filter(pk=chunk.pk).update(job=job)


def _as_json(spec: GenerationSpec) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(spec.to_json())
    return content


def _per_image(spec: GenerationSpec) -> tuple[Any, ...]:
    """The fields that an image is a function of beside seed and index."""
    return (spec.candidates, spec.min_probability, spec.max_draws, spec.hand, spec.look)


def order_of(job: Job) -> UUID | None:
    """The order that a chunk's job belongs to."""
    return Chunk.objects.filter(pk=job.subject_id).values_list("order_id", flat=True).first()


def orders_among(chunks: list[str]) -> int:
    """How many orders the chunks with these keys belong to."""
    return Chunk.objects.filter(pk__in=chunks).values("order").distinct().count()


def waiting_chunks() -> QuerySet[Chunk, tuple[int, int]]:
    """The chunks that an open order waits for, with its owner."""
    unfinished = Chunk.objects.filter(is_done=False, order__state=Order.State.OPEN)
    return unfinished.values_list("pk", "order__owner_id")
