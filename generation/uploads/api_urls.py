"""Addresses of the API of uploads, below /api/v1/."""

from typing import Any

from django.urls import path

from generation.uploads.api import ChunkViewSet, UploadViewSet

_ONE: Any = {"get": "retrieve", "head": "retrieve", "patch": "append", "delete": "destroy"}

urlpatterns = [
    path("uploads", UploadViewSet.as_view({"get": "list", "post": "create"}), name="api-uploads"),
    path("uploads/<uuid:upload_id>", ChunkViewSet.as_view(_ONE), name="api-upload"),
    path(
        "uploads/<uuid:upload_id>/finish",
        UploadViewSet.as_view({"post": "finish"}),
        name="api-upload-finish",
    ),
]
