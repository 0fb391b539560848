"""Fifty people look around while two orders are made: how long they wait, and whether anything fails."""

import csv
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest

from tests.e2e import site
from tests.e2e.house import House

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.torch,
    pytest.mark.enable_socket,
    pytest.mark.timeout(3600),
]
PEOPLE, SECONDS, SHOWN = 50, 60, 300
VISITORS = Path(__file__).with_name("visitors.py")
_SESSIONS = f"""
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from accounts.models import User
from accounts import tokens
from generation.sets.models import ImageSet, Share

alice = User.objects.create(username="alice", quota_orders_at_once=10, quota_stored_images=100_000)
print(tokens.create(by=alice, name="orders")[1])
for number in range({PEOPLE}):
    user = User.objects.create(username=f"person{{number}}")
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    print(session.session_key)
"""
_SHARE = """
from accounts.models import User
from generation.sets.models import ImageSet, Share
image_set = ImageSet.objects.get(pk="{set_id}")
Share.objects.bulk_create(
    Share(image_set=image_set, user=user) for user in User.objects.filter(username__startswith="person")
)
print(" ".join(map(str, image_set.images.values_list("pk", flat=True))))
"""


class Program:
    """alice's program, which orders."""

    def __init__(self, address, key):
        self.address, self.key = address, key

    def ask(self, path, body=None):
        request = urllib.request.Request(
            f"{self.address}/api/v1/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def order(self, count, **wish):
        return self.ask("orders", {"model": site.MODEL, "count": count, **wish})

    def done(self, order):
        return self.ask(f"orders/{order['id']}")["done"]


def browse(address, site_path):
    """Let locust's visitors look around; percentiles of each kind of page, and what was no answer."""
    tables = site_path.with_name("locust")
    wishes = {
        "-f": VISITORS, "--site": site_path, "--host": address, "--csv": tables, "--loglevel": "ERROR",
        "--users": PEOPLE, "--spawn-rate": PEOPLE / 2, "--run-time": f"{SECONDS}s", "--stop-timeout": 60,
        "--exit-code-on-error": 0,
    }  # fmt: skip
    words = [str(word) for wish in wishes.items() for word in wish]
    # What is asked before all have come does not count.
    command = [sys.executable, "-m", "locust", "--headless", "--only-summary", "--reset-stats", *words]
    subprocess.run(command, check=True)
    *kinds, whole = rows_of(f"{tables}_stats.csv")
    failures = rows_of(f"{tables}_failures.csv")
    return {
        "kinds": {row["Name"]: timed(row) for row in kinds},
        "all": timed(whole),
        "errors": {f"{row['Name']}: {row['Error']}": int(row["Occurrences"]) for row in failures},
        "a_second": round(float(whole["Requests/s"]), 1),
    }


def rows_of(path):
    return list(csv.DictReader(Path(path).read_text().splitlines()))


def timed(row):
    """The number of requests and their percentiles."""
    return {"n": int(row["Request Count"])} | {f"p{p}_ms": int(row[f"{p}%"]) for p in (50, 95, 99)}


@pytest.fixture
def house():
    with tempfile.TemporaryDirectory(prefix="palmsite-bench-") as folder:
        running = House(Path(folder))
        running.start()
        yield running
        running.stop()


def test_fifty_people_while_two_orders_run(house, keep, tmp_path):
    site.quick_model(house)
    key, *cookies = house.manage("shell", "-v0", "-c", _SESSIONS).split()
    alice = Program(house.address, key)
    shown = alice.order(SHOWN)
    while alice.ask(f"orders/{shown['id']}")["state"] == "open":
        time.sleep(1)
    images = house.manage("shell", "-v0", "-c", _SHARE.format(set_id=shown["set"])).split()
    page = f"/sets/{shown['set']}"
    site_path = tmp_path / "site.json"
    site_path.write_text(json.dumps({"sessions": cookies, **paths(page, images)}))
    before = browse(house.address, site_path)
    orders = [alice.order(10_000, candidates=8) for _ in range(2)]
    began, there = time.monotonic(), sum(map(alice.done, orders))
    busy = browse(house.address, site_path)
    made = (sum(map(alice.done, orders)) - there) / (time.monotonic() - began)
    for order in orders:
        alice.ask(f"orders/{order['id']}/cancel", {})
    # Before and after: the machine has other work, which comes and goes.
    after = browse(house.address, site_path)
    keep(
        "browsing",
        people=PEOPLE,
        seconds=SECONDS,
        nobody_orders=before,
        two_orders_run=busy,
        nobody_orders_again=after,
        ratio={p: ratio(busy, before, after, p) for p in ("p50_ms", "p95_ms", "p99_ms")},
        images_made_a_second=round(made, 1),
    )
    assert not before["errors"] and not busy["errors"] and not after["errors"]


def paths(page, images):
    """What there is to look at, by kind of page."""
    return {
        "pages": {
            "models": ["/models"],
            "history": ["/history?shared=1", "/history"],
            "gallery": [page, f"{page}?sort=-score", f"{page}?min=0.2"],
            "image": [f"/images/{image}" for image in images],
            "file": [f"/images/{image}/file" for image in images],
            "new": ["/new"],
            "set, other tabs": [f"{page}/recipe", f"{page}/downloads", f"{page}/quality"],
        },
        "pictures": [f"/images/{image}/thumb" for image in images],
    }


def ratio(busy, before, after, percentile):
    """How many times as long one waits while orders run, over all requests."""
    calm = (before["all"][percentile] + after["all"][percentile]) / 2
    return round(busy["all"][percentile] / calm, 2)
