"""`manage.py watchdog`: all workers of this machine and the process that watches over them."""

import signal
import threading
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn

from django.core.management.base import BaseCommand

from generation.jobs.supervisor import Supervisor

_ENDINGS = (signal.SIGINT, signal.SIGTERM)


class Command(BaseCommand):
    """Run the workers and watch over them."""

    help = "Run the workers of all queues and watch over them until SIGTERM or Ctrl-C."

    def handle(self, **_options: Any) -> None:
        """Run until a signal comes, then let the workers hand back what they are at."""
        for number in _ENDINGS:
            signal.signal(number, _interrupt)
        with suppress(KeyboardInterrupt):
            Supervisor().run(threading.Event())


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Leave whatever it is at, even the wait for a cluster; once is enough."""
    for number in _ENDINGS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
