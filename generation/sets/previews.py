"""Looking before ordering: the first images in the short queue, thrown away or kept and gone on from.

For pages and API alike. A person has one preview at a time: the next one takes its place.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.errors import Conflict, InvalidInput
from accounts.models import User
from generation.sets import services, trash
from generation.sets.models import Checkpoint, ImageSet, Order
from mlcore.spec import GenerationSpec

COUNT = 8


@transaction.atomic
def begin(
    *, by: User, checkpoint: Checkpoint, spec: GenerationSpec, name: str = "", tags: list[str] | None = None
) -> Order:
    """Make the first eight of an order; an earlier preview goes."""
    forget(by=by)
    first = replace(spec, count=min(spec.count, COUNT))
    return services.order_images(
        by=by, checkpoint=checkpoint, spec=first, name=name, tags=tags, is_preview=True
    )


@transaction.atomic
def keep(*, by: User, preview: Order, count: int, name: str = "", tags: Sequence[str] | None = None) -> Order:
    """Make a set of `count` images that begins with those of the preview. Conflict when it is none any more."""
    image_set = ImageSet.objects.select_for_update().get(pk=preview.image_set_id)
    if not image_set.is_preview or image_set.deleted_at is not None:
        raise Conflict(
            _("This is no preview that could be kept; it may have been kept or thrown away already."),
            code="no_preview",
        )
    seen = preview.wish
    if count < seen.count:
        message = _("Write a number that is not below the %(least)s of the preview.") % {"least": seen.count}
        raise InvalidInput(message, fields={"count": message})
    preview.image_set = image_set
    return services.continue_preview(
        by=by,
        preview=preview,
        spec=replace(seen, count=count),
        name=name or image_set.name,
        tags=image_set.tags if tags is None else list(tags),
    )


def forget(*, by: User, but: Order | None = None) -> None:
    """Throw away what this person has looked at and not kept; `but` the set of an order."""
    found = previews_of(by)
    for image_set in found.exclude(pk=but.image_set_id) if but else found:
        trash.delete_set(by=by, image_set=image_set)


def preview_of(person: User, order_id: UUID | str) -> Order | None:
    """A preview of this person that is neither kept nor thrown away."""
    found = Order.objects.select_related("image_set", "checkpoint").filter(
        pk=order_id, owner=person, image_set__is_preview=True, image_set__deleted_at__isnull=True
    )
    return found.first()


def previews_of(person: User) -> QuerySet[ImageSet]:
    """All that this person has looked at and not kept."""
    return ImageSet.objects.filter(owner=person, is_preview=True, deleted_at__isnull=True)


def can_continue(preview: Order, checkpoint: Checkpoint, spec: GenerationSpec) -> bool:
    """Whether the new order begins with what the preview showed."""
    return preview.checkpoint_id == checkpoint.pk and spec.count >= preview.wish.count
