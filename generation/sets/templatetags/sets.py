"""What templates ask about models and sets."""

from collections.abc import Mapping
from typing import Any

from django.template import Library

from generation.sets import new_set, order_words, set_words, storage
from generation.sets.models import Checkpoint, Export, ImageSet, Order

register = Library()


@register.filter
def has_samples(model: Checkpoint | None) -> bool:
    """Whether the pictures that verification made are still there."""
    return model is not None and storage.grid_is_kept(model)


@register.filter
def how_many(count: int, subject: str = "palm") -> str:
    """A number of pictures by what they show."""
    return new_set.how_many(count, subject)


@register.filter
def pictures(image_set: ImageSet) -> str:
    """How many pictures a set holds, by what they show."""
    return new_set.how_many(image_set.count, image_set.checkpoint.subject if image_set.checkpoint else "")


@register.filter
def kid(measures: Mapping[str, Any]) -> set_words.Kid | None:
    """The headline of what was measured."""
    return set_words.kid_of(measures)


@register.filter
def order_chip(order: Order) -> str:
    """The kind of chip for an order's state."""
    return order_words.chip(order)


@register.filter
def took(order: Order) -> str:
    """How long an ended order took, waiting included."""
    if order.ended_at is None:
        return ""
    return new_set.time_taken((order.ended_at - order.created_at).total_seconds())


@register.filter
def as_share(percent: int) -> str:
    """A share of the whole as programs write it, in every language: 0.05 for 5."""
    return f"{percent / 100:g}"


@register.filter
def export_pictures(export: Export) -> str:
    """How many pictures an export holds, by what they show."""
    model = export.image_set.checkpoint
    return new_set.how_many(export.count, model.subject if model else "")


@register.filter
def wish_words(export: Export) -> str:
    """How an export differs from the others of its format."""
    return set_words.wish_of(export)
