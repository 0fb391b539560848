"""The lab for the operator: whose data sets and models there are, and why some failed. Only to look at."""

from django.contrib import admin

from accounts.admin_base import OnlyToLookAt
from generation.lab.models import Dataset, Fit


class _LabAdmin(OnlyToLookAt, admin.ModelAdmin):
    """Things of the lab."""

    search_fields = ["=id", "owner__username", "name"]
    list_filter = ["state", "code"]
    list_select_related = ["owner"]


@admin.register(Dataset)
class DatasetAdmin(_LabAdmin):
    """Data sets."""

    list_display = ["name", "owner", "state", "code", "images", "size", "created_at"]


@admin.register(Fit)
class FitAdmin(_LabAdmin):
    """Models."""

    list_display = ["name", "owner", "dataset_name", "state", "code", "accuracy", "is_set", "created_at"]
