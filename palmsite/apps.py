"""Tells Django of the house itself: its commands and the table of the shared cache."""

from typing import Any

from django.apps import AppConfig
from django.core.management import call_command
from django.db.models.signals import post_migrate


class PalmsiteConfig(AppConfig):
    """No models; commands, middleware and what all rooms share at the top."""

    name = "palmsite"
    label = "palmsite"

    def ready(self) -> None:
        """Have the cache's table made by every migrate, so that no start can forget it."""
        post_migrate.connect(_make_cache_table, sender=self)


def _make_cache_table(*, using: str, **_: Any) -> None:
    call_command("createcachetable", database=using, verbosity=0)
