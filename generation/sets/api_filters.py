"""Reads the filters in a query of the API. What a page would leave out is refused here: a program should know."""

from collections.abc import Collection, Mapping

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from accounts.errors import InvalidInput
from generation.sets import histories

SINCE = OpenApiParameter("since", OpenApiTypes.DATE, description="Made on this day or later.")
UNTIL = OpenApiParameter("until", OpenApiTypes.DATE, description="Made on this day or earlier.")
MODEL = OpenApiParameter("model", str, description="Made by this model.")
_LONGEST = 200


def plain(query: Mapping[str, str], name: str) -> str:
    """A text that a database may be asked for: no NUL, which PostgreSQL refuses."""
    return query.get(name, "").replace("\x00", "")[:_LONGEST]


def choice(query: Mapping[str, str], name: str, choices: Collection[str]) -> str:
    """One of these words, or nothing."""
    found = query.get(name, "")
    if found and found not in choices:
        message = _("Choose one of %(choices)s.") % {"choices": ", ".join(choices)}
        raise InvalidInput(message, fields={name: message})
    return found


def day(query: Mapping[str, str], name: str) -> str:
    """A date, or nothing."""
    text = query.get(name, "")
    if text and histories.day(text) is None:
        message = _("Write a date, as 2026-01-31.")
        raise InvalidInput(message, fields={name: message})
    return text


def sort(query: Mapping[str, str], sorts: Mapping[str, tuple[str, ...]], default: str) -> tuple[str, ...]:
    """The fields of an order by its name."""
    found = query.get("sort", "") or default
    if found not in sorts:
        message = _("Sort by one of %(sorts)s.") % {"sorts": ", ".join(sorts)}
        raise InvalidInput(message, fields={"sort": message})
    return sorts[found]
