"""Language and theme, chosen from the bar of any page and remembered: in the browser and with the account."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.appearance import THEMES, remember

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
    if chosen and request.user.is_authenticated:
        for name, value in chosen.items():
            setattr(request.user, name, value)
        request.user.save(update_fields=list(chosen))
    return response


urlpatterns = [path("appearance", choose, name="appearance")]
