"""Tells Django of the sets room."""

from django.apps import AppConfig


class SetsConfig(AppConfig):
    """Orders, sets and their images."""

    name = "generation.sets"
    label = "sets"
    default_auto_field = "django.db.models.BigAutoField"
