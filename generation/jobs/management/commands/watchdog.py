"""`manage.py watchdog`: all workers of this machine and the process that watches over them."""

import signal
import threading
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from generation.jobs.supervisor import Supervisor


class Command(BaseCommand):
    """Run the workers and watch over them."""

    help = "Run the workers of all queues and watch over them until SIGTERM or Ctrl-C."

    def handle(self, **_options: Any) -> None:
        """Run until a signal comes, then let the workers hand back what they are at."""
        stop = threading.Event()

        def leave(_signal: int, _frame: FrameType | None) -> None:
            stop.set()

        signal.signal(signal.SIGTERM, leave)
        signal.signal(signal.SIGINT, leave)
        Supervisor().run(stop)
