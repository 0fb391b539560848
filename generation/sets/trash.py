"""Deleting and getting back: sets and images lie in the trash for 30 days, then their rows and files go.

What goes into the trash gives its room back at once; what comes out of it takes the room again (docs/adr/0100).
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet, Sum
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, ledger
from accounts.belongings import Leftover
from accounts.errors import Conflict
from accounts.models import User
from generation.sets import charges, exports, policies, services, storage
from generation.sets.models import Image, ImageSet, Order

KEPT = timedelta(days=30)
PREVIEWS_KEPT = timedelta(days=1)


@transaction.atomic
def delete_set(*, by: User, image_set: ImageSet) -> None:
    """Put a set into the trash; what is still being made for it is stopped. Twice does no harm."""
    policies.check_can_change(by, image_set)
    for order in Order.objects.filter(image_set=image_set, state=Order.State.OPEN):
        services.cancel(by=by, order=order)
    if ImageSet.objects.filter(pk=image_set.pk, deleted_at__isnull=True).update(deleted_at=Now()):
        audit.record(by=by, action="set.delete", target=f"set:{image_set.pk}")
        # They can be made again; kept, they would take room for a set that is thrown away.
        exports.forget_all(Q(image_set=image_set))
    charges.give_back(image_set)


@transaction.atomic
def restore_set(*, by: User, image_set: ImageSet) -> ImageSet:
    """Take a set out of the trash; OverQuota when there is no room for it any more."""
    policies.check_can_change(by, image_set)
    if ImageSet.objects.filter(pk=image_set.pk, deleted_at__isnull=False).update(deleted_at=None):
        charges.take_again(image_set)
        audit.record(by=by, action="set.restore", target=f"set:{image_set.pk}")
    image_set.refresh_from_db()
    return image_set


@transaction.atomic
def purge_set(*, by: User | None, image_set: ImageSet) -> None:
    """Remove a set for good: rows now, files when that is certain. `by` is None for the sweep."""
    if by is not None:
        policies.check_can_change(by, image_set)
        delete_set(by=by, image_set=image_set)
    if Order.objects.filter(image_set=image_set, state=Order.State.OPEN).exists():
        raise Conflict(_("Images of this set are just being made. Try again in a moment."), code="still_made")
    exports.forget_all(Q(image_set=image_set))
    ImageSet.objects.get(pk=image_set.pk).delete()
    audit.record(by=by, action="set.purge", target=f"set:{image_set.pk}")
    transaction.on_commit(lambda: storage.forget_set(image_set))


@transaction.atomic
def delete_images(*, by: User, image_set: ImageSet, images: QuerySet[Image]) -> int:
    """Put images of one set into the trash; how many there were."""
    policies.check_can_change(by, image_set)
    chosen = _locked(image_set, images.filter(deleted_at__isnull=True))
    facts = chosen.aggregate(count=Count("pk"), size=Sum("size"))
    if facts["count"]:
        chosen.update(deleted_at=Now())
        ledger.refund(user=by, kind="images", count=facts["count"], size=facts["size"])
        services.recount(image_set)
        audit.record(
            by=by, action="images.delete", target=f"set:{image_set.pk}", detail={"count": facts["count"]}
        )
    return int(facts["count"])


@transaction.atomic
def restore_images(*, by: User, image_set: ImageSet, images: QuerySet[Image]) -> int:
    """Take images out of the trash again; how many there were."""
    policies.check_can_change(by, image_set)
    chosen = _locked(image_set, images.filter(deleted_at__isnull=False))
    facts = chosen.aggregate(count=Count("pk"), size=Sum("size"))
    if facts["count"]:
        chosen.update(deleted_at=None)
        ledger.charge(user=by, kind="images", count=facts["count"], size=facts["size"])
        services.recount(image_set)
    return int(facts["count"])


@transaction.atomic
def star(*, by: User, image_set: ImageSet, images: QuerySet[Image], starred: bool = True) -> int:
    """Mark images, or take the mark off; how many are concerned."""
    policies.check_can_change(by, image_set)
    return Image.objects.filter(pk__in=images.order_by().values("pk"), image_set=image_set).update(
        is_starred=starred
    )


def deleted_images(image_set: ImageSet) -> QuerySet[Image]:
    """The images of a set that can be taken out of the trash."""
    return Image.objects.filter(image_set=image_set, deleted_at__isnull=False)


def leftovers() -> Iterator[Leftover]:
    """What has lain in the trash for long enough, and previews that nobody kept; for the sweep."""
    before = timezone.now() - KEPT
    idle = ImageSet.objects.exclude(orders__state=Order.State.OPEN)
    for image_set in idle.filter(deleted_at__lt=before, is_preview=False):
        yield Leftover(
            f"set {image_set.pk}, {KEPT.days} days in the trash", image_set.size, _purge(image_set)
        )
    for image_set in idle.filter(is_preview=True, created_at__lt=timezone.now() - PREVIEWS_KEPT):
        yield Leftover(f"preview {image_set.pk}, not kept", image_set.size, _purge(image_set))
    old = Image.objects.filter(deleted_at__lt=before)
    sets = ImageSet.objects.filter(pk__in=old.values("image_set"))
    for image_set in sets:
        gone = old.filter(image_set=image_set)
        size = gone.aggregate(size=Sum("size"))["size"] or 0
        yield Leftover(f"deleted images of set {image_set.pk}", size, _purge_images(image_set, gone))


def _locked(image_set: ImageSet, images: QuerySet[Image]) -> QuerySet[Image]:
    """Those images of this set that are there now: two requests at once must not both be paid back."""
    ImageSet.objects.select_for_update().get(pk=image_set.pk)
    # A worker may add images meanwhile; they were not meant.
    last = Image.objects.filter(image_set=image_set).aggregate(last=Max("pk"))["last"] or 0
    meant = images.filter(pk__lte=last).order_by().values("pk")
    return Image.objects.filter(image_set=image_set, pk__in=meant)


def _purge(image_set: ImageSet) -> Callable[[], object]:
    def remove() -> None:
        with transaction.atomic():
            # A preview is charged until it goes.
            ImageSet.objects.filter(pk=image_set.pk, deleted_at__isnull=True).update(deleted_at=Now())
            charges.give_back(image_set)
            purge_set(by=None, image_set=image_set)

    return remove


def _purge_images(image_set: ImageSet, gone: QuerySet[Image]) -> Callable[[], object]:
    def remove() -> None:
        indices = list(gone.values_list("index", flat=True))
        gone.delete()
        storage.forget_images(image_set, indices)

    return remove
