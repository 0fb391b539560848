"""`manage.py web`: the web server alone. `up` starts it and lends it the socket; a container starts it by itself."""

import os
import socket
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from generation.jobs import lifeline
from palmsite import serving


class Command(BaseCommand):
    """Serve the site, without workers."""

    help = "Serve the site, without workers."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The socket lent by a parent, and the parent to live and die with."""
        parser.add_argument("--socket", type=int, help="an open socket to listen at, by its number")
        parser.add_argument("--parent", type=int, help="the process id to live and die with")

    def handle(self, **options: Any) -> None:
        """Serve until a signal comes."""
        if options["parent"]:
            lifeline.die_with(options["parent"])
        if options["socket"] is not None:
            serving.serve(socket.socket(fileno=os.dup(options["socket"])))
            return
        host, port = settings.PALMSITE_LISTEN, settings.PORT
        try:
            listener = serving.open_socket(host, port)
        except OSError as error:
            raise CommandError(f"Cannot listen at {host}, port {port}: {error.strerror}.") from None
        serving.serve(listener)
