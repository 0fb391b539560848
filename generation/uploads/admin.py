"""Uploads for the operator: who sends what, how far it is, until when it is kept."""

from django.contrib import admin

from accounts.admin_base import OnlyToLookAt
from generation.uploads.models import Upload


@admin.register(Upload)
class UploadAdmin(OnlyToLookAt, admin.ModelAdmin):
    """Uploads; a row deleted by hand would keep its charge."""

    list_display = ["name", "owner", "purpose", "state", "offset", "size", "created_at", "expires_at"]
    list_filter = ["state", "purpose"]
    search_fields = ["=id", "owner__username", "name"]
    list_select_related = ["owner"]
