"""Language and theme, chosen from the bar of any page and remembered: in the browser and with the account."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.views.decorators.http import require_POST

from accounts import appearance


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep what was chosen (`language`, `theme`, either or both) and go back to the page (`next`)."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    changed = []
    language = request.POST.get("language", "")
    if language in dict(settings.LANGUAGES) and check_for_language(language):
        appearance.remember(response, language=language)
        changed.append(("language", language))
    theme = request.POST.get("theme")
    if theme is not None and (theme in appearance.THEMES or theme == ""):
        appearance.remember(response, theme=theme)
        changed.append(("theme", theme))
    if changed and request.user.is_authenticated:
        for name, value in changed:
            setattr(request.user, name, value)
        request.user.save(update_fields=[name for name, _value in changed])
    return response


urlpatterns = [path("appearance", choose, name="appearance")]
