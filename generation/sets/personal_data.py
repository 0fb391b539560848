"""What a person takes along of their sets, and how all of it goes when they leave."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from accounts.personal_data import Content
from generation.sets import exports, selectors, services, storage
from generation.sets.models import Checkpoint, Export, Image, ImageSet, Order, Score, Share, Webhook

_SET = (
    "id", "name", "note", "tags", "recipe", "quality", "count", "size", "wanted", "is_preview",
    "created_at", "deleted_at",
)  # fmt: skip
_EXPORT = ("id", "image_set_id", "format", "wish", "state", "count", "size", "created_at", "expires_at")
_IMAGE = ("index", "seed", "score", "size", "sha256", "is_starred", "deleted_at")


def export(user: User) -> Iterator[tuple[str, Content]]:
    """Sets with their pictures, orders, and whom the sets are shared with."""
    sets = ImageSet.objects.filter(owner=user)
    yield "sets.json", list(sets.values(*_SET))
    yield "orders.json", [_order(order) for order in Order.objects.filter(owner=user)]
    shares = Share.objects.filter(image_set__owner=user)
    yield "shares.json", list(shares.values("image_set_id", "user__username", "created_at", "expires_at"))
    shared = selectors.sets_shared_with(user)
    yield "shared_with_me.json", list(shared.values("id", "name"))
    yield "webhooks.json", list(Webhook.objects.filter(owner=user).values("id", "url", "created_at"))
    yield "exports.json", list(Export.objects.filter(owner=user).values(*_EXPORT))
    for image_set in sets:
        images = Image.objects.filter(image_set=image_set).order_by("index")
        yield f"{image_set.pk}/images.json", list(images.values(*_IMAGE))
        for index in images.values_list("index", flat=True):
            path = storage.image_path(image_set, index)
            if path.is_file():
                yield f"{image_set.pk}/{path.name}", path


def _order(order: Order) -> dict[str, Any]:
    return {
        "id": str(order.pk),
        "set": str(order.image_set_id),
        "spec": order.spec,
        "state": order.state,
        "message": order.text,
        "created_at": order.created_at.isoformat(),
    }


def erase(user: User) -> None:
    """Stop what is live, then remove rows and files; models that the person added stay without their name."""
    # First, so that nobody is told of orders that end because their owner leaves.
    Webhook.objects.filter(owner=user).delete()
    for order in Order.objects.filter(owner=user, state=Order.State.OPEN):
        services.cancel(by=user, order=order)
    sets = list(ImageSet.objects.filter(owner=user))
    # Also what others made of these sets.
    exports.forget_all(Q(owner=user) | Q(image_set__owner=user))
    Score.objects.filter(image_set__owner=user).delete()
    Order.objects.filter(owner=user).delete()
    ImageSet.objects.filter(owner=user).delete()
    Share.objects.filter(user=user).delete()
    Checkpoint.objects.filter(added_by=user).update(added_by=None)
    Checkpoint.objects.filter(published_by=user).update(published_by=None)

    def forget() -> None:
        for image_set in sets:
            storage.forget_set(image_set)

    transaction.on_commit(forget)
