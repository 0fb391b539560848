"""manage.py translations update | compile | check: the catalogues of the site's languages."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from palmsite import translation


class Command(BaseCommand):
    """Keeps translations in step with the source."""

    help = (
        "update: collect strings from the source; compile: write .mo files; check: fail on what is missing."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the one thing to do."""
        parser.add_argument("action", choices=("update", "compile", "check"))

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        """Do it for every language but English, which is the source."""
        root = settings.BASE_DIR
        if action == "compile":
            for path in translation.compile_all(root):
                self.stdout.write(f"compiled {path.relative_to(root)}")
            return
        lines = []
        for language in translation.PLURALS:
            if action == "update":
                total, missing = translation.update(root, language)
                self.stdout.write(f"{language}: {total} strings, {missing} without translation")
            else:
                lines += translation.problems(root, language)
        if lines:
            raise CommandError("\n".join([*lines, f"{len(lines)} things to put right."]))
