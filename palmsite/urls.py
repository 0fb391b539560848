"""Where each room begins. Includes only: no view is defined here."""

import importlib.util

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path


def _room(prefix: str, module: str) -> list[URLPattern | URLResolver]:
    """What a room may leave out: pages it has none of, an API it does not offer."""
    return [path(prefix, include(module))] if importlib.util.find_spec(module) else []


urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("", include("palmsite.operation")),
    path("", include("palmsite.appearance")),
    path("api/v1/", include("palmsite.schema")),
    path("account/", include("accounts.urls")),
    path("jobs/", include("generation.jobs.urls")),
    path("", include("generation.sets.urls")),
    *_room("", "generation.evaluation.urls"),
    *_room("lab/", "generation.lab.urls"),
    path("api/v1/", include("accounts.api_urls")),
    path("api/v1/", include("generation.jobs.api_urls")),
    path("api/v1/", include("generation.uploads.api_urls")),
    *_room("api/v1/", "generation.sets.api_urls"),
    *_room("api/v1/", "generation.evaluation.api_urls"),
    *_room("api/v1/", "generation.lab.api_urls"),
]

handler400 = "palmsite.error_pages.bad_request"
handler403 = "palmsite.error_pages.permission_denied"
handler404 = "palmsite.error_pages.page_not_found"
handler429 = "palmsite.error_pages.too_many"
handler500 = "palmsite.error_pages.server_error"
