"""Tells Django of the lab room."""

from django.apps import AppConfig


class LabConfig(AppConfig):
    """Fit a model that tells real from made."""

    name = "generation.lab"
    label = "lab"
    default_auto_field = "django.db.models.BigAutoField"
