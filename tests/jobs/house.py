"""Real processes for the kill tests: watchdogs with their clusters, and a driver in a web server's place."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Short, so that losses show soon; on a machine that is busy with other things a short one is lost without a kill.
LEASE = min(max(2, round(os.getloadavg()[0] / (os.cpu_count() or 1))), 20)
STOP_SECONDS = 300  # of a machine that is busy with other things


class House:
    """One site on one database. Everything it starts it also ends."""

    def __init__(
        self,
        folder: Path,
        database_url: str,
        *,
        workers: int = 2,
        driver: str = "tests.jobs.driver",
        **environment: str,
    ) -> None:
        self.folder = folder
        self.log = (folder / "log").open("ab")
        media = folder / "media"
        media.mkdir(parents=True, exist_ok=True)
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.jobs.settings",
            "DATABASE_URL": database_url,
            "PALMSITE_DATA": str(folder),
            "PALMSITE_MEDIA": str(media),
            "PALMSITE_LEASE_SECONDS": str(LEASE),
            "PALMSITE_SHORT_WORKERS": str(workers),
            "PALMSITE_LONG_WORKERS": "1",
            "PALMSITE_LOG_LEVEL": "INFO",
            "PYTHONPATH": str(ROOT),
            **environment,
        }
        self.watchdogs: list[subprocess.Popen[bytes]] = []
        self.manage("migrate", "--run-syncdb", "-v0")
        self.driver = subprocess.Popen(
            [sys.executable, "-m", driver],
            env=self.environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )

    def manage(self, *arguments: str) -> None:
        """Run one command of the site to its end."""
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, env=self.environment, cwd=ROOT, check=True, stdout=self.log, stderr=self.log)

    def start(self, **environment: str) -> subprocess.Popen[bytes]:
        """Start a watchdog with its clusters."""
        watchdog = subprocess.Popen(
            [sys.executable, "manage.py", "watchdog"],
            env={**self.environment, **environment},
            cwd=ROOT,
            stdout=self.log,
            stderr=self.log,
        )
        self.watchdogs.append(watchdog)
        return watchdog

    def call(self, name: str, *args: object, **kwargs: object):
        """One command to the driver."""
        self.driver.stdin.write(json.dumps({"call": name, "args": args, "kwargs": kwargs}) + "\n")
        self.driver.stdin.flush()
        answer = self.driver.stdout.readline()
        assert answer, f"the driver has ended:\n{self.tail()}"
        return json.loads(answer)

    def enqueue(self, kind: str, owner: str = "alice", **kwargs: object) -> str:
        """Ask for a job."""
        return self.call("enqueue", kind, owner, **kwargs)

    def show(self, job_id: str) -> dict:
        """One job and what it did."""
        return self.call("show", [job_id])[job_id]

    def ended(self, *ids: str, within: float = 120) -> dict[str, dict]:
        """Wait until all these jobs have ended, and show them."""
        self.until(lambda: set(self.call("states", ids)) <= {"done", "failed", "cancelled"}, within, ids)
        return self.call("show", ids)

    def running(self, job_id: str, within: float = 120) -> dict:
        """Wait until the job runs (and has done a step, if it does steps), and show it."""
        self.until(lambda: self.show(job_id)["state"] == "running", within, [job_id])
        return self.show(job_id)

    def until(self, holds, within: float = 120, ids=()) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + within
        while not holds():
            jobs = json.dumps(self.call("show", list(ids)), indent=1)
            assert time.monotonic() < deadline, f"waited {within} s\n{jobs}\n{self.tail()}"
            time.sleep(0.1)

    def workers(self, queue: str = "short") -> list[dict]:
        """The workers of a queue that live."""
        return [w for w in self.call("workers") if w["queue"] == queue and alive(w["pid"])]

    def holder(self, job_id: str) -> int:
        """The process that is at the job."""
        self.until(lambda: any(w["job_id"] == job_id for w in self.workers()), ids=[job_id])
        return next(w["pid"] for w in self.workers() if w["job_id"] == job_id)

    def clusters(self) -> list[int]:
        """The first process of each cluster."""
        return [pid for watchdog in self.watchdogs for pid in children(watchdog.pid) if leads(pid)]

    def tail(self) -> str:
        """The end of the processes' log."""
        self.log.flush()
        return (self.folder / "log").read_text()[-6000:]

    def stop(self) -> None:
        """End everything, politely first."""
        for watchdog in self.watchdogs:
            watchdog.send_signal(signal.SIGTERM)
        for watchdog in self.watchdogs:
            watchdog.wait(timeout=STOP_SECONDS)
        self.watchdogs = []
        self.driver.stdin.close()
        self.driver.wait(timeout=STOP_SECONDS)
        self.driver.stdout.close()
        self.log.close()


def kill(pid: int) -> None:
    """SIGKILL."""
    os.kill(pid, signal.SIGKILL)


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def alive(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    stat = _stat(pid)
    return bool(stat) and stat[0] != "Z"


def leads(pid: int) -> bool:
    """Whether the process is the first of its group."""
    stat = _stat(pid)
    return bool(stat) and int(stat[2]) == pid


def children(pid: int) -> list[int]:
    """The living children of a process."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        stat = _stat(int(entry.name))
        if stat and int(stat[1]) == pid and stat[0] != "Z":
            found.append(int(entry.name))
    return found
