"""Where each room begins. Includes only: no view is defined here."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("", include("palmsite.operation")),
    path("", include("palmsite.appearance")),
    path("api/v1/", include("palmsite.schema")),
    path("account/", include("accounts.urls")),
    path("jobs/", include("generation.jobs.urls")),
    path("", include("generation.sets.urls")),
    path("", include("generation.evaluation.urls")),
    path("lab/", include("generation.lab.urls")),
    path("api/v1/", include("accounts.api_urls")),
    path("api/v1/", include("generation.jobs.api_urls")),
    path("api/v1/", include("generation.uploads.api_urls")),
    path("api/v1/", include("generation.sets.api_urls")),
    path("api/v1/", include("generation.evaluation.api_urls")),
    path("api/v1/", include("generation.lab.api_urls")),
]

handler400 = "palmsite.error_pages.bad_request"
handler403 = "palmsite.error_pages.permission_denied"
handler404 = "palmsite.error_pages.page_not_found"
handler429 = "palmsite.error_pages.too_many"
handler500 = "palmsite.error_pages.server_error"
