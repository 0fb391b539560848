"""`manage.py backup FILE.tar`: the whole site in one verified file, while it runs."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from palmsite import backups
from palmsite.backup_file import BackupProblemError


class Command(BaseCommand):
    """Write a backup."""

    help = "Write database and media into one tar, consistent and verified, while the site runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to."""
        parser.add_argument("file", type=Path, help="the tar to write; it must not exist yet")

    def handle(self, **options: Any) -> None:
        """Write, verify, tell."""
        target: Path = options["file"]
        if target.exists():
            raise CommandError(f"{target} exists already. Name another file.")
        try:
            manifest = backups.write(target, lambda words: self.stdout.write(f"  {words}"))
        except BackupProblemError as problem:
            raise CommandError(str(problem)) from None
        except OSError as error:
            raise CommandError(f"{target} cannot be written: {error.strerror}.") from None
        for path in manifest.missing:
            self.stderr.write(f"  missing: {path}, which a row needs and this site has not")
        but = f"; {len(manifest.missing)} files were missing here already" if manifest.missing else ""
        size = target.stat().st_size / 1e6
        self.stdout.write(self.style.SUCCESS(f"{target}: {size:.1f} MB, verified{but}."))
