"""What every page's frame needs: the places of the site and the theme of this person.

A context processor. It must not touch the database, for error pages use it too.
"""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.appearance import THEME_COOKIE, THEMES


@dataclass(frozen=True)
class Place:
    """One entry of the bars: url is None while its room is not built."""

    name: str
    label: str | Promise
    icon: str
    url: str | None
    current: bool


PLACES: tuple[tuple[str, str | Promise, str], ...] = (
    ("sets:new", _("New set"), "new"),
    ("sets:history", _("History"), "history"),
    ("evaluation:compare", _("Compare"), "compare"),
    ("lab:home", _("Lab"), "lab"),
    ("sets:models", _("Models"), "models"),
)


def url_or_none(name: str) -> str | None:
    """The address of a page, or None while its room does not exist."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return None


def theme(request: HttpRequest) -> str:
    """The theme chosen in this browser: light, dark, or empty to follow the system."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


def context(request: HttpRequest) -> dict[str, Any]:
    """Context processor: places, theme, and the address of the tray of jobs."""
    places = []
    for name, label, icon in PLACES:
        url = url_or_none(name)
        current = url is not None and request.path.startswith(url)
        places.append(Place(name, label, icon, url, current))
    return {
        "places": places,
        "places_bottom": places[:3],
        "places_more": places[3:],
        "theme": theme(request),
        "tray_url": url_or_none("jobs:tray"),
        "profile_url": url_or_none("accounts:profile"),
    }
