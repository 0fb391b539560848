"""What the views of this room share: who asks, how, and where they go back to."""

from typing import cast

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import User


def person(request: HttpRequest) -> User:
    """Who is signed in; only for views that nobody else reaches."""
    return cast(User, request.user)


def is_htmx(request: HttpRequest) -> bool:
    """Whether a part of a page asks, and not the browser for a whole one."""
    return request.headers.get("HX-Request") == "true"


def next_url(request: HttpRequest, otherwise: str) -> str:
    """Where the form wants to go afterwards, as long as that is on this site."""
    where = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(where, {request.get_host()}, request.is_secure()):
        return where
    return otherwise
