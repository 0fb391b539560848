"""`manage.py sweep`: what nobody needs any more. Shows it; removes it when told so."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from accounts import audit, belongings


class Command(BaseCommand):
    """Show or remove what nobody needs."""

    help = "Show what nobody needs any more: orphan files, expired tokens and uploads, old trash. --yes removes it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether to remove."""
        parser.add_argument("--yes", action="store_true", help="remove it")

    def handle(self, **options: Any) -> None:
        """Look, tell, and remove if told so."""
        removes: bool = options["yes"]
        count = size = 0
        for leftover in belongings.leftovers():
            self.stdout.write(
                f"  {leftover.what}" + (f", {leftover.size / 1e6:.1f} MB" if leftover.size else "")
            )
            if removes:
                leftover.remove()
            count, size = count + 1, size + leftover.size
        if not count:
            self.stdout.write("Nothing to sweep.")
        elif removes:
            audit.record(by=None, action="sweep", detail={"count": count, "bytes": size})
            self.stdout.write(f"Removed: {count}, {size / 1e6:.1f} MB freed.")
        else:
            self.stdout.write(f"{count} found, {size / 1e6:.1f} MB. `manage.py sweep --yes` removes them.")
