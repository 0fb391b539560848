"""`manage.py up`: the whole site in one foreground process tree, web and workers; Ctrl-C ends all of it."""

import os
import signal
import socket
import subprocess
import sys
import time
from types import FrameType
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand

from generation.jobs.revival import Revival
from generation.jobs.supervisor import Supervisor
from palmsite import serving, starting

# With the second that ends what did not leave, and the web server, five in all.
STOP_SECONDS = 3.0
LOOK_SECONDS = 1.0
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Web:
    """The web process: started again when it dies, each time after a longer pause if it dies young."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.process: subprocess.Popen[bytes] | None = None
        self.revival = Revival()

    def start(self) -> None:
        """Start it; requests that came before wait at the socket, which stays ours."""
        number = self.listener.fileno()
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "web"]
        self.process = subprocess.Popen(
            [*command, "--socket", str(number), "--parent", str(os.getpid())],
            pass_fds=[number],
            start_new_session=True,
        )
        self.revival.begin()

    def revive(self) -> str | None:
        """Start it again if it has ended; says so."""
        if self.process is None or self.process.poll() is None or not self.revival.is_due():
            return None
        ended = self.process.returncode
        self.start()
        return f"the web server ended ({ended}); started another"

    def ask_to_stop(self) -> None:
        """Let it answer what it is at."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def finish(self, deadline: float) -> None:
        """Wait until it has left; end it when the time is over."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Command(BaseCommand):
    """Prepare everything, serve, and watch until Ctrl-C."""

    help = "Start the site: prepare what is missing, then serve web and workers until Ctrl-C."
    requires_system_checks: list[str] = []

    def handle(self, **_options: Any) -> None:
        """Prepare, then serve."""
        # SIGINT too: who starts us in the background of a script has had it ignored.
        for number in _ENDINGS:
            signal.signal(number, _interrupt)
        try:
            with starting.port() as listener:
                starting.prepare(self._say)
                self._run(listener)
        except KeyboardInterrupt:
            self._say("stopped", "nothing is lost: started work goes on at the next start")

    def _run(self, listener: socket.socket) -> None:
        web, supervisor = Web(listener), Supervisor()
        try:
            web.start()
            supervisor.start()
            workers = settings.PALMSITE_SHORT_WORKERS + settings.PALMSITE_LONG_WORKERS
            self._say("workers", f"{workers} starting")
            url = serving.address(settings.PALMSITE_LISTEN, settings.PORT)
            self.stdout.write(self.style.SUCCESS(f"Open {url} and sign in. Ctrl-C stops the site."))
            self.stdout.flush()
            while True:
                time.sleep(LOOK_SECONDS)
                if news := web.revive():
                    self._say("web", news)
                supervisor.step()
        finally:
            for number in _ENDINGS:
                signal.signal(number, signal.SIG_IGN)
            self._say("stopping", "web and workers")
            web.ask_to_stop()
            supervisor.stop(STOP_SECONDS)
            web.finish(time.monotonic() + 0.5)

    def _say(self, what: str, words: str) -> None:
        self.stdout.write(f"  {what:<9} {words}")
        self.stdout.flush()


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
