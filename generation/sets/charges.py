"""What a set's images cost its owner's account while the set lies in the trash. Orders settle their own charges."""

from django.db import transaction
from django.db.models import Count, Sum

from accounts import ledger
from generation.sets.models import Image, ImageSet


@transaction.atomic
def give_back(image_set: ImageSet) -> None:
    """Give the room of a set in the trash back, as much of it as was not given back before."""
    row = ImageSet.objects.select_for_update().select_related("owner").get(pk=image_set.pk)
    if row.deleted_at is None:
        return
    there = Image.objects.filter(image_set=row, deleted_at__isnull=True).aggregate(
        count=Count("pk"), size=Sum("size")
    )
    count = max(there["count"] - row.refunded_count, 0)
    size = max((there["size"] or 0) - row.refunded_size, 0)
    if count or size:
        ledger.refund(user=row.owner, kind="images", count=count, size=size)
        ImageSet.objects.filter(pk=row.pk).update(
            refunded_count=row.refunded_count + count, refunded_size=row.refunded_size + size
        )


@transaction.atomic
def take_again(image_set: ImageSet) -> None:
    """Charge what was given back; OverQuota when there is no room for it any more."""
    row = ImageSet.objects.select_for_update().select_related("owner").get(pk=image_set.pk)
    ledger.charge(user=row.owner, kind="images", count=row.refunded_count, size=row.refunded_size)
    ImageSet.objects.filter(pk=row.pk).update(refunded_count=0, refunded_size=0)
