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
        """Have the cache's table made by every migrate, name what the house itself leaves behind, and sweep daily."""
        from accounts import belongings
        from generation.jobs import rounds
        from palmsite.sweeping import LOOK_SECONDS, leftovers

        # Sent only for rooms with models, which the house itself has not.
        post_migrate.connect(_make_cache_table, sender=apps.get_app_config("accounts"))
        belongings.register("palmsite", leftovers=leftovers)
        rounds.register(rounds.Round("sweep", LOOK_SECONDS, "palmsite.sweeping.start_daily"))


def _make_cache_table(*, using: str, **_: Any) -> None:
    call_command("createcachetable", database=using, verbosity=0)
