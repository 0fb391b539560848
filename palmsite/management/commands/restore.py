"""`manage.py restore FILE.tar`: fill an empty site from a backup, or only look whether the backup is whole."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from palmsite import backup_file, restoring


class Command(BaseCommand):
    """Read a backup."""

    help = "Read a backup into an empty site (after `manage.py migrate`), or verify it with --check."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where from."""
        parser.add_argument("file", type=Path, help="the tar to read")
        parser.add_argument("--check", action="store_true", help="only verify the backup")

    def handle(self, **options: Any) -> None:
        """Verify, and read unless only that was asked."""
        source: Path = options["file"]
        try:
            if options["check"]:
                manifest, done = backup_file.verify(source), "whole"
            else:
                manifest, done = (
                    restoring.read(source, lambda words: self.stdout.write(f"  {words}")),
                    "restored",
                )
        except backup_file.BackupProblemError as problem:
            raise CommandError(str(problem)) from None
        except OSError as error:
            raise CommandError(f"{source}: {error.strerror}.") from None
        rows = sum(manifest.rows.values())
        self.stdout.write(self.style.SUCCESS(f"{source} of {manifest.made_at[:16]}: {rows} rows, {done}."))
