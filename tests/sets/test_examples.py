"""The examples in docs, each run as a person would run it, against a real server and a worker."""

import importlib.util
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.db import connections

from accounts import tokens
from generation.jobs import tasks
from generation.jobs.models import Job
from generation.sets import services
from mlcore.spec import GenerationSpec

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    # The server of the tests serves no collected files.
    pytest.mark.filterwarnings("ignore:No directory at"),
]


@pytest.fixture
def environment(live_server, alice, stand_in):
    _token, key = tokens.create(by=alice, name="example")
    return {**os.environ, "PALMSITE_URL": live_server.url, "PALMSITE_TOKEN": key}


@pytest.fixture
def worker(environment):
    """A worker in a thread of its own, until the test ends."""
    over = threading.Event()

    def work():
        while not over.wait(0.1):
            for job in Job.objects.filter(state="queued"):
                tasks.run_next(job.queue)
        connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join()


def run(command, environment, folder):
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=120)


def test_the_client_orders_waits_downloads_and_verifies(environment, worker, tmp_path):
    command = [sys.executable, str(EXAMPLES / "client.py"), "8", "palms.zip", "--seed", "4711"]
    done = run(command, environment, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "8 images of set" in done.stdout
    set_id = done.stdout.split("of set ")[1].split(",")[0]
    whole = (tmp_path / "palms.zip").read_bytes()
    # What is left of a broken download is kept and completed.
    spec = importlib.util.spec_from_file_location("client", EXAMPLES / "client.py")
    client = importlib.util.module_from_spec(spec)
    sys.modules["client"] = client
    spec.loader.exec_module(client)
    site = client.Palmsite(environment["PALMSITE_URL"], environment["PALMSITE_TOKEN"])
    with site._open("GET", f"/sets/{set_id}/download", None, {}) as answer:
        etag = answer.headers["ETag"]
    (tmp_path / "again.zip.part").write_bytes(whole[:500])
    (tmp_path / "again.zip.etag").write_text(etag)
    again = site.download(set_id, tmp_path / "again.zip")
    assert again.read_bytes() == whole
    with pytest.raises(client.RefusedError, match="400 invalid: count"):
        site.order(0)


def test_curl_orders_waits_downloads_and_verifies(environment, worker, tmp_path):
    done = run(["sh", str(EXAMPLES / "curl.sh")], environment, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "8 images, all as SHA256SUMS says" in done.stdout


def test_curl_looks_first_makes_more_and_makes_again(environment, worker, tmp_path):
    done = run(["sh", str(EXAMPLES / "again.sh")], environment, tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    assert '"same":16,"compared":16,"agrees":true' in done.stdout
    assert '"made_here":true' in done.stdout


def test_curl_has_a_file_made_and_verifies_it(environment, worker, alice, stand_in, tmp_path):
    spec = GenerationSpec(count=4, seed=1)
    made = services.order_images(by=alice, checkpoint=stand_in, spec=spec)
    for _ in range(600):
        made.refresh_from_db()
        if not made.is_live:
            break
        time.sleep(0.1)
    assert made.state == "done"
    done = run(["sh", str(EXAMPLES / "export.sh")], {**environment, "SET": str(made.image_set_id)}, tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "as its SHA-256 says" in done.stdout
    assert (tmp_path / "palms.parquet").read_bytes()[:4] == b"PAR1"
