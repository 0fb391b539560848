"""The lab for the operator: whose data sets and models there are, and why some failed. Only to look at."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from generation.lab.models import Dataset, Fit


class _OnlyToLookAt(admin.ModelAdmin):
    """Changes go through the services, which know of files and charges."""

    search_fields = ["=id", "owner__username", "name"]
    list_filter = ["state", "code"]
    list_select_related = ["owner"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


@admin.register(Dataset)
class DatasetAdmin(_OnlyToLookAt):
    """Data sets."""

    list_display = ["name", "owner", "state", "code", "images", "size", "created_at"]


@admin.register(Fit)
class FitAdmin(_OnlyToLookAt):
    """Models."""

    list_display = ["name", "owner", "dataset_name", "state", "code", "accuracy", "is_set", "created_at"]
