"""Where each room begins. Includes only: no view is defined here."""

import importlib.util

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path


def _room(prefix: str, module: str) -> list[URLPattern | URLResolver]:
    return [path(prefix, include(module))] if importlib.util.find_spec(module) else []


_API = (
    "accounts",
    "generation.jobs",
    "generation.uploads",
    "generation.sets",
    "generation.evaluation",
    "generation.lab",
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("", include("palmsite.operation")),
    path("", include("palmsite.appearance")),
    path("api/v1/", include("palmsite.schema")),
    *_room("account/", "accounts.urls"),
    *_room("jobs/", "generation.jobs.urls"),
    *_room("uploads/", "generation.uploads.urls"),
    *_room("", "generation.sets.urls"),
    *_room("", "generation.evaluation.urls"),
    *_room("lab/", "generation.lab.urls"),
    *[part for room in _API for part in _room("api/v1/", f"{room}.api_urls")],
]

handler400 = "palmsite.error_pages.bad_request"
handler403 = "palmsite.error_pages.permission_denied"
handler404 = "palmsite.error_pages.page_not_found"
handler429 = "palmsite.error_pages.too_many"
handler500 = "palmsite.error_pages.server_error"
