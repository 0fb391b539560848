"""Starts the real site and its real workers, in folders of its own, for a browser; stops it again."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]
ADMIN_PASSWORD = "let-me-look-after-it-1"
# Of a machine that is busy with other things.
START_SECONDS = 300
STOP_SECONDS = 60


def free_port() -> int:
    """A port that nobody listens at just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class House:
    """One running site: SQLite in a folder of its own, or the fresh database that DATABASE_URL names."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log_path = folder / "site.log"
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.e2e.settings",
            "PORT": str(self.port),
            "PALMSITE_DATA": str(folder / "data"),
            "PALMSITE_MEDIA": str(folder / "media"),
            "PALMSITE_SIGNUP": "approval",
            "PALMSITE_ADMIN_PASSWORD": ADMIN_PASSWORD,
            "PALMSITE_LEASE_SECONDS": "40",
            "OMP_NUM_THREADS": "1",
            "PYTHONUNBUFFERED": "1",
            **environment,
        }

    def manage(self, *arguments: str) -> str:
        """Run one command of the site and return what it printed."""
        ended = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
        )
        if ended.returncode:
            raise RuntimeError(
                f"manage.py {arguments[0]} ended with {ended.returncode}:\n{ended.stderr[-4000:]}"
            )
        return ended.stdout

    def start(self) -> None:
        """Set the house up, start web and workers, and wait until it says that all is well."""
        self.manage("translations", "compile")
        with self.log_path.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_well():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the site did not start:\n{self.log_path.read_text()}")
            time.sleep(0.3)

    def _is_well(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/healthz", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def stop(self) -> None:
        """Stop it as Ctrl-C does; what does not leave in time is made to."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise


def temporary() -> tempfile.TemporaryDirectory[str]:
    """A folder for one house."""
    return tempfile.TemporaryDirectory(prefix="palmsite-e2e-")
