"""`manage.py prepare`: what `up` does before it serves, alone; for containers, where web and workers are apart."""

from typing import Any

from django.core.management.base import BaseCommand

from palmsite import starting


class Command(BaseCommand):
    """Prepare everything and leave."""

    help = (
        "Prepare folders, database, translations, static files, models and the administrator; serve nothing."
    )
    requires_system_checks: list[str] = []

    def handle(self, **_options: Any) -> None:
        """Prepare."""
        starting.prepare(lambda what, words: self.stdout.write(f"  {what:<9} {words}"))
