"""`manage.py up` as people use it: real processes, real signals, a port of its own."""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings

# Of a machine that kills and starts other sites meanwhile.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
ROOT = Path(settings.BASE_DIR)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Site:
    """One site in folders of its own, with SQLite whatever the tests run on."""

    def __init__(self, folder):
        self.port = free_port()
        self.log = folder / "log"
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            "PORT": str(self.port),
            "PALMSITE_DATA": str(folder / "data"),
            "PALMSITE_MEDIA": str(folder / "media"),
            "PALMSITE_LEASE_SECONDS": "5",
        }
        self.process = None

    def start(self, **environment):
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env={**self.environment, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def manage(self, *arguments):
        return subprocess.run(
            [sys.executable, "manage.py", *map(str, arguments)],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def health(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as answer:
            return answer.code, json.load(answer)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return 0, {}

    def wait_until(self, status=200, seconds=180):
        deadline = time.monotonic() + seconds
        while (found := self.health())[0] != status:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, (found, self.log.read_text())
            time.sleep(0.1)
        return found[1]

    def wait_for_words(self, words, seconds=90):
        """Until the site has said this."""
        deadline = time.monotonic() + seconds
        while words not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def stop(self, number=signal.SIGINT):
        """Send the signal and return how long it took."""
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(30)
        return time.monotonic() - started

    def processes(self):
        """All processes of this site, by what they were told at their start."""
        mine = f"PALMSITE_DATA={self.environment['PALMSITE_DATA']}".encode()
        found = {}
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mine in path.read_bytes().split(b"\0"):
                    words = (path.parent / "cmdline").read_bytes().split(b"\0")
                    found[int(path.parent.name)] = b" ".join(words).decode().strip()
            except OSError:
                continue
        return {pid: words for pid, words in found.items() if words}


@pytest.fixture
def site(tmp_path):
    running = Site(tmp_path)
    yield running
    if running.process is not None and running.process.poll() is None:
        running.process.kill()
        running.process.wait()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory, worker_id):
    """The folders of a site that was prepared and never served, made once for all processes of a run."""
    place = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        place = place.parent
    found, half = place / "prepared", place / "half-prepared"
    with (place / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not found.exists():
            half.mkdir()
            Site(half).manage("prepare")
            half.rename(found)
    return found


@pytest.fixture
def ready(site, prepared, tmp_path):
    """A site whose first start was done elsewhere."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    return site


def test_from_nothing_to_work_and_away_again(site, tmp_path):
    site.start()
    told = site.wait_until()
    assert told["status"] == "ok"
    words = site.log.read_text()
    password = re.search(r"name admin, password (\S+)", words).group(1)
    assert f"http://localhost:{site.port}/" in words
    assert site.log.read_text().count(password) == 1

    # What holds passwords and second factors is nobody else's to read.
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0
    assert (tmp_path / "data" / "palmsite.sqlite3").stat().st_mode & 0o077 == 0
    assert (tmp_path / "media" / "sets").stat().st_mode & 0o007 == 0

    # The first backup is made while all of it runs.
    assert "verified" in site.manage("backup", tmp_path / "site.tar")

    assert len(site.processes()) >= 4
    took = site.stop()
    assert site.process.returncode == 0
    assert took < 5
    assert site.processes() == {}

    # A later start changes nothing and tells no password.
    site.log.write_text("")
    started = time.monotonic()
    site.start().wait_until()
    assert time.monotonic() - started < 90
    later = site.log.read_text()
    assert "up to date" in later
    assert "password" not in later
    assert site.stop(signal.SIGTERM) < 5
    assert site.processes() == {}


def test_what_dies_is_started_again(ready):
    site = ready
    site.start().wait_until()
    before = site.processes()
    victims = [pid for pid, words in before.items() if "manage.py web" in words or "cluster" in words]
    assert len(victims) >= 3
    for pid in victims:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it went with its parent
    deadline = time.monotonic() + 120
    while not all(
        any(part in words and pid not in before for pid, words in site.processes().items())
        for part in ("manage.py web", "cluster short", "cluster long")
    ):
        assert time.monotonic() < deadline, site.log.read_text()
        time.sleep(0.2)
    site.wait_until()
    assert site.stop() < 5


ASK = """
from accounts.models import User
from generation.jobs import services
services.enqueue(kind="deaf", owner=User.objects.get(username="admin"), queue="long")
"""


@pytest.mark.torch
def test_stops_in_time_though_a_worker_hears_nothing(ready, tmp_path):
    """A worker deep in a call of torch answers no signal: it is ended, and what it held waits again."""
    site = ready
    site.environment["DJANGO_SETTINGS_MODULE"] = "tests.jobs.settings"
    site.start().wait_until()
    site.manage("shell", "-c", ASK)
    site.wait_for_words("deaf from now on")
    assert site.stop() < 5
    assert site.processes() == {}
    with closing(sqlite3.connect(tmp_path / "data" / "palmsite.sqlite3")) as rows:
        assert rows.execute("SELECT state, lost, attempt FROM jobs_job").fetchall() == [("queued", 0, 1)]


def test_killed_parent_leaves_nobody_behind(ready):
    site = ready
    site.start().wait_until()
    site.process.kill()
    site.process.wait()
    deadline = time.monotonic() + 10
    while site.processes():
        assert time.monotonic() < deadline, site.processes()
        time.sleep(0.1)


def test_busy_port_gets_one_line(site):
    with socket.create_server(("127.0.0.1", site.port)):
        site.start()
        assert site.process.wait(30) == 1
    lines = site.log.read_text().splitlines()
    assert len(lines) == 1
    assert f"Port {site.port} is busy" in lines[0]
    assert "make run PORT=" in lines[0]


def test_database_that_does_not_answer_gets_one_line(site):
    site.start(DATABASE_URL=f"postgres://nobody@127.0.0.1:{free_port()}/none")
    assert site.process.wait(30) == 1
    assert "The database does not answer" in site.log.read_text().splitlines()[-1]
    assert "Traceback" not in site.log.read_text()


def test_media_folder_that_cannot_be_made_gets_one_line(site, tmp_path):
    (tmp_path / "file").write_text("")
    site.start(PALMSITE_MEDIA=str(tmp_path / "file" / "media"))
    assert site.process.wait(30) == 1
    assert "PALMSITE_MEDIA: cannot make" in site.log.read_text()
