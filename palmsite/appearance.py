"""Language and theme, chosen from the bar of any page and remembered: in the browser and with the account."""

import logging

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.appearance import THEMES, remember

log = logging.getLogger(__name__)
FOLLOW_THE_SYSTEM = ""


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep what was chosen (`language`, `theme`, either or both) and go back to the page (`next`)."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    chosen = {}
    if request.POST.get("language") in dict(settings.LANGUAGES):
        chosen["language"] = request.POST["language"]
    if request.POST.get("theme") in {*THEMES, FOLLOW_THE_SYSTEM}:
        chosen["theme"] = request.POST["theme"]
    remember(response, **chosen)
    try:
        _keep_with_the_account(request, chosen)
    except (OperationalError, InterfaceError):
        # Chosen on the page that says so; the browser remembers it meanwhile.
        log.warning("The database is away: a choice of language or theme is kept in the browser alone.")
    return response


def _keep_with_the_account(request: HttpRequest, chosen: dict[str, str]) -> None:
    if chosen and request.user.is_authenticated:
        for name, value in chosen.items():
            setattr(request.user, name, value)
        request.user.save(update_fields=list(chosen))


urlpatterns = [path("appearance", choose, name="appearance")]
