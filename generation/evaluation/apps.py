"""Tells Django of the evaluation room."""

from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    """How good a set is."""

    name = "generation.evaluation"
    label = "evaluation"
    default_auto_field = "django.db.models.BigAutoField"
