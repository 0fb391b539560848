"""`manage.py cluster QUEUE`: the workers of one queue. The watchdog starts it; by hand only to look."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from generation.jobs import lifeline, queue, registry, worker


class Command(BaseCommand):
    """Run the workers of one queue."""

    help = "Run the workers of one queue. The watchdog does this for all of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The queue, and the process to live and die with."""
        parser.add_argument("queue", choices=registry.QUEUES)
        parser.add_argument("--parent", type=int, help="the process id to live and die with")

    def handle(self, **options: Any) -> None:
        """Run until a signal comes."""
        if options["parent"]:
            lifeline.die_with(options["parent"])
        lifeline.tie_children()
        name = options["queue"]
        queue.run_cluster(name, on_worker_start=lambda: worker.begin(name))
