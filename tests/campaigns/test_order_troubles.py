"""An order while the disk is full, the media folder read-only or the database gone: the state says what is wrong, and
when the trouble is over it goes on to the same set as ever.
"""

import json
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from tests.campaigns.disks import NotAllowedError, SmallDisk
from tests.campaigns.orders import order_house, until_order
from tests.databases import serve_postgres
from tests.e2e.house import free_port
from tests.jobs.house import ROOT

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.torch,
    pytest.mark.enable_socket,
    pytest.mark.timeout(1800),
]
COUNT = 400
WITHIN = 900.0


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """Where the rows lie: an address for DATABASE_URL, and the server if there is one."""
    if request.param == "sqlite":
        yield "sqlite:///troubles.sqlite3", None
        return
    for server in serve_postgres():
        yield server.create("troubles"), server


@pytest.fixture
def disk(tmp_path):
    try:
        with SmallDisk(tmp_path / "house" / "media") as mounted:
            yield mounted
    except NotAllowedError as reason:
        pytest.skip(f"a disk of its own cannot be mounted here: {reason}")


def begun(house):
    """An order that has made some of its images and has more to make."""
    order = house.call("order", "alice", COUNT, candidates=4)
    seen = until_order(house, order, lambda seen: seen["kept"] >= 32, WITHIN)
    assert seen["state"] == "open", "it was too quick to be disturbed"
    return order


def must_be_whole(house, order):
    """Everything ordered is there, once, and charged for."""
    seen = until_order(house, order, lambda seen: seen["state"] != "open", WITHIN)
    assert (seen["state"], seen["count"], seen["partial"]) == ("done", COUNT, False), seen
    files = house.call("audit_files", order)
    assert (files["rows"], files["missing"], files["orphaned"], files["torn"]) == (COUNT, [], [], [])
    account = house.call("account", "alice")
    assert (account["images"], account["bytes"]) == (account["rows"], account["row_bytes"])


def test_the_disk_is_full(database, disk, tmp_path):
    with order_house(tmp_path / "house", database[0]) as house:
        order = begun(house)
        disk.fill()
        seen = until_order(house, order, lambda seen: seen["state"] == "failed", WITHIN)
        assert seen["code"] == "no_room"
        assert "The disk is full" in seen["text"]
        assert 32 <= seen["count"] < COUNT
        assert seen["partial"]
        health = house.call("site_health")["media"]
        assert not health["ok"]
        assert "full" in health["detail"]
        disk.make_room()
        assert house.call("resume", order) == "open"
        must_be_whole(house, order)


def test_the_media_folder_is_read_only(database, disk, tmp_path):
    with order_house(tmp_path / "house", database[0]) as house:
        order = begun(house)
        disk.read_only()
        seen = until_order(house, order, lambda seen: seen["state"] == "failed", WITHIN)
        assert seen["code"] == "no_room"
        assert "cannot be written" in seen["text"]
        assert house.call("site_health")["media"] == {
            "ok": False,
            "detail": "the media folder cannot be written",
        }
        disk.writable()
        assert house.call("resume", order) == "open"
        must_be_whole(house, order)


def test_rows_and_images_share_the_disk_that_is_full(tmp_path):
    """As in a small house: SQLite lies beside the images, so not even the failure can be written down."""
    place = tmp_path / "house"
    try:
        with SmallDisk(place, megabytes=96) as disk, order_house(place, "sqlite:///rows.sqlite3") as house:
            order = begun(house)
            disk.fill()
            time.sleep(8)
            disk.make_room()
            seen = until_order(house, order, lambda seen: seen["state"] != "open", WITHIN)
            if seen["state"] == "failed":
                # The failure itself could still be written: then it says why, and a person goes on with it.
                assert seen["code"] in ("no_room", "lost"), seen
                house.call("resume", order)
            must_be_whole(house, order)
    except NotAllowedError as reason:
        pytest.skip(f"a disk of its own cannot be mounted here: {reason}")


def test_the_database_is_gone_for_a_while(database, tmp_path):
    url, server = database
    with order_house(tmp_path, url) as house, web(house) as address:
        order = begun(house)
        assert status(f"{address}/healthz") == 200
        if server:
            server.kill()
            time.sleep(6)
            checks = json.loads(body(f"{address}/healthz"))["checks"]
            assert not checks["database"]["ok"]
            refused = f"{address}/api/v1/models"
            assert status(refused) == 503
            assert json.loads(body(refused))["code"] == "database_away"
            server.start()
        else:
            locked_for(tmp_path / "troubles.sqlite3", 25)
        # Nobody does anything: it goes on by itself.
        must_be_whole(house, order)
        assert status(f"{address}/healthz") == 200


def locked_for(path, seconds):
    """Hold the write lock longer than anybody waits for it, as a careless copy of the file does."""
    holder = sqlite3.connect(path, timeout=60, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    time.sleep(seconds)
    holder.execute("ROLLBACK")
    holder.close()


class web:  # noqa: N801  # reads as a word
    """The house's web server, for as long as the block."""

    def __init__(self, house) -> None:
        self.port = free_port()
        environment = {**house.environment, "PORT": str(self.port), "PALMSITE_HOSTS": "127.0.0.1"}
        command = [sys.executable, "manage.py", "web"]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=house.log, stderr=house.log
        )

    def __enter__(self):
        address = f"http://127.0.0.1:{self.port}"
        deadline = time.monotonic() + 300
        while status(f"{address}/healthz") == 0:
            assert self.process.poll() is None, "the web server ended"
            assert time.monotonic() < deadline, "the web server does not answer"
            time.sleep(0.2)
        return address

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)


def ask(address):
    request = urllib.request.Request(address, headers={"Authorization": "Bearer palm_of-nobody"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return 0, ""


def status(address):
    return ask(address)[0]


def body(address):
    return ask(address)[1]
