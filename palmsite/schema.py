"""The API's own description: OpenAPI at /api/v1/schema, and a page to read it that needs no network."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

urlpatterns = [
    path(
        "schema",
        SpectacularAPIView.as_view(permission_classes=[AllowAny], throttle_classes=[]),
        name="schema",
    ),
    path(
        "docs",
        SpectacularSwaggerSplitView.as_view(
            url_name="schema",
            template_name="api/docs.html",
            permission_classes=[AllowAny],
            throttle_classes=[],
        ),
        name="api-docs",
    ),
]
