"""What the drop zone has to know: `{% load uploads %}{% upload_zone purpose as zone %}`."""

from typing import Any

from django.template import Library

from generation.uploads import registry, selectors, services

register = Library()


@register.simple_tag(takes_context=True)
def upload_zone(context: dict[str, Any], purpose: str) -> dict[str, Any]:
    """Limit, size of chunks, and what this person began and did not end."""
    user = context["request"].user
    return {
        "limit": registry.get(purpose).limit,
        "chunk": services.MOST_CHUNK,
        "unfinished": list(selectors.unfinished(user, purpose)),
    }
