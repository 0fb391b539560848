"""`manage.py token USER --name N [--read-only] [--days D]`: make an API token and print its key, nothing else."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import tokens
from accounts.errors import DomainError
from accounts.models import User


class Command(BaseCommand):
    """Makes an API token for a person."""

    help = "Make an API token for a person and print it. It cannot be shown again."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be given."""
        parser.add_argument("user", metavar="USER", help="name of the person")
        parser.add_argument("--name", required=True, help="what the token is called")
        parser.add_argument("--read-only", action="store_true", help="the token may only read")
        parser.add_argument(
            "--days",
            type=int,
            default=tokens.DEFAULT_DAYS,
            help=f"after how many days it ends (1 to {tokens.MOST_DAYS}, default %(default)s)",
        )

    def handle(self, *, user: str, name: str, read_only: bool, days: int, **options: Any) -> str:
        """Make the token; what is returned is printed."""
        person = User.objects.filter(username__iexact=user).first()
        if person is None:
            raise CommandError(f"There is nobody called {user!r} here.")
        if not person.is_active:
            raise CommandError(f"The account of {person.username} is not open, so a token would not work.")
        try:
            _token, key = tokens.create(by=person, name=name, read_only=read_only, days=days)
        except DomainError as error:
            raise CommandError(error.message) from None
        return key
