"""Uploads for the operator: who sends what, how far it is, until when it is kept."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from generation.uploads.models import Upload


@admin.register(Upload)
class UploadAdmin(admin.ModelAdmin):
    """Only to look at: changes go through the services."""

    list_display = ["name", "owner", "purpose", "state", "offset", "size", "created_at", "expires_at"]
    list_filter = ["state", "purpose"]
    search_fields = ["=id", "owner__username", "name"]
    list_select_related = ["owner"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: a row deleted by hand would keep its charge."""
        return False
