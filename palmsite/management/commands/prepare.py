"""`manage.py prepare`: what `up` does before it serves, alone; for containers, where web and workers are apart."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from palmsite import starting, still_pages


class Command(BaseCommand):
    """Prepare everything and leave."""

    help = (
        "Prepare folders, database, translations, static files, models and the administrator; serve nothing."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """For whom else."""
        parser.add_argument(
            "--still-pages",
            type=Path,
            metavar="DIR",
            help="write here the error pages that nginx shows while the site does not answer",
        )

    def handle(self, **options: Any) -> None:
        """Prepare."""
        starting.prepare(self._say)
        folder: Path | None = options["still_pages"]
        if folder is not None:
            try:
                self._say("pages", f"{still_pages.write(folder)} for nginx in {folder}")
            except OSError as error:
                raise CommandError(
                    f"{folder} cannot be written: {error.strerror}. Change its owner or name another folder."
                ) from None

    def _say(self, what: str, words: str) -> None:
        self.stdout.write(f"  {what:<9} {words}")
