"""Tells Django of the house itself: its commands and the table of the shared cache."""

from typing import Any

from django.apps import AppConfig, apps
from django.core.management import call_command
from django.db.models.signals import post_migrate


class PalmsiteConfig(AppConfig):
    """No models; commands, middleware and what all rooms share at the top."""

    name = "palmsite"
    label = "palmsite"

    def ready(self) -> None:
        """Have the cache's table made by every migrate, and name what the house itself leaves behind."""
        from accounts import belongings
        from palmsite.sweeping import leftovers

        # Sent only for rooms with models, which the house itself has not.
        post_migrate.connect(_make_cache_table, sender=apps.get_app_config("accounts"))
        belongings.register("palmsite", leftovers=leftovers)


def _make_cache_table(*, using: str, **_: Any) -> None:
    call_command("createcachetable", database=using, verbosity=0)
