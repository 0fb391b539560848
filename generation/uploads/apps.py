"""Tells Django of the uploads room."""

from django.apps import AppConfig


class UploadsConfig(AppConfig):
    """The one resumable upload."""

    name = "generation.uploads"
    label = "uploads"
    default_auto_field = "django.db.models.BigAutoField"
