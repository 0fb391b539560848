"""How much a person may have: the site's defaults with the person's own numbers over them. Reads only."""

from dataclasses import dataclass, fields

from django.conf import settings

from accounts.models import User


@dataclass(frozen=True)
class Limits:
    """The four limits of one person."""

    images_per_order: int
    orders_at_once: int
    stored_images: int
    stored_bytes: int


def limits(user: User) -> Limits:
    """The limits that hold for `user`: their own where an administrator set one, else the site's."""
    numbers = {}
    for field in fields(Limits):
        own = getattr(user, f"quota_{field.name}")
        numbers[field.name] = settings.PALMSITE_QUOTAS[field.name] if own is None else own
    return Limits(**numbers)
