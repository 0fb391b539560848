"""`manage.py still_pages`: write anew the error pages that nginx keeps, after their words or looks have changed."""

from typing import Any

from django.core.management.base import BaseCommand

from palmsite import still_pages


class Command(BaseCommand):
    """Write the copies."""

    help = "Write the error pages that nginx shows when the site does not answer (docker/pages)."
    requires_system_checks: list[str] = []

    def handle(self, **_options: Any) -> None:
        """Draw and write each."""
        for name, text in still_pages.drawn():
            target = still_pages.folder() / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            self.stdout.write(f"  {name}")
