"""A thousand hostile inputs: numbers, names, ids, paths, headers, bodies. Each is refused with a reason, or kept as
the text it is; none is a fault of the site, and none makes work.
"""

import json
import time

import pytest
from django.db import transaction
from django.test import Client

from accounts import tokens
from generation.jobs.models import Job
from generation.sets.models import ImageSet, Order
from tests.palmsite import belongings_of_alice
from tests.palmsite.hostile import (
    BODIES,
    HEADERS,
    NOT_IDS,
    NOT_NUMBERS,
    NOT_NUMBERS_IN_JSON,
    PATHS,
    QUERIES,
    TEXTS,
)
from tests.palmsite.test_ownership import OF_NOBODY, PART, routes
from tests.sets.rows import full_set, model  # noqa: F401  # fixtures

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.filterwarnings("ignore:No directory at")]

SLOWEST_SECONDS = 30.0


@pytest.fixture
def things(alice, model, full_set):  # noqa: F811
    return belongings_of_alice.gather(alice, model, full_set(alice, 3, checkpoint=model))


class Asker:
    """Asks, counts, and remembers what was not answered as it should."""

    def __init__(self, person) -> None:
        self.client = Client(raise_request_exception=False)
        self.client.force_login(person)
        self.key = {"Authorization": f"Bearer {tokens.create(by=person, name='hostile')[1]}"}
        self.asked = 0
        self.faults: list[str] = []

    def ask(self, method, path, *, may=range(200, 500), by=None, **more):
        self.asked += 1
        label = f"{method} {path[:160]!r} {str(more)[:200]!r}"
        began = time.monotonic()
        try:
            with transaction.atomic():
                answer = getattr(by or self.client, method)(path, **more)
                content = b"".join(answer) if answer.streaming else answer.content
                transaction.set_rollback(True)
        except Exception as error:  # noqa: BLE001  # whatever gets out is a fault
            self.faults.append(f"{label}: {error!r}")
            return None
        if answer.status_code not in may:
            self.faults.append(f"{label}: {answer.status_code}")
        kind = answer.headers.get("Content-Type", "")
        refused = path.startswith("/api/v1/") and answer.status_code >= 400 and content
        if refused and kind != "application/problem+json":
            self.faults.append(f"{label}: {answer.status_code} is {kind}")
        if kind.startswith("text/html") and b"<script>alert" in content:
            self.faults.append(f"{label}: the page holds what was sent as code")
        if time.monotonic() - began > SLOWEST_SECONDS:
            self.faults.append(f"{label}: {time.monotonic() - began:.0f} s")
        return answer

    def api(self, method, path, **more):
        """As a program with a token; a body is JSON."""
        if "data" in more and not isinstance(more["data"], bytes):
            more["data"] = json.dumps(more["data"])
        more.setdefault("content_type", "application/json")
        return self.ask(method, path, by=Client(raise_request_exception=False), headers=self.key, **more)


@pytest.fixture
def asker(things, alice, settings):
    settings.PALMSITE_API_RATES = {"person": (10**6, 60), "address": (10**6, 60)}
    asker = Asker(alice)
    work = Job.objects.count(), Order.objects.count(), ImageSet.objects.count()
    yield asker
    assert not asker.faults, f"{len(asker.faults)} of {asker.asked}:\n" + "\n".join(asker.faults[:40])
    assert (Job.objects.count(), Order.objects.count(), ImageSet.objects.count()) == work


def test_there_are_a_thousand():
    fields = 4 * len(NOT_NUMBERS) + 4 * len(NOT_NUMBERS_IN_JSON)
    ids = len(NOT_IDS) * 6
    rest = 3 * len(TEXTS) + len(PATHS) + 4 * len(QUERIES) + 2 * len(HEADERS) + 6 * len(BODIES)
    assert fields + ids + rest >= 1000


@pytest.mark.parametrize("field", ["count", "candidates", "seed", "min_probability"])
def test_numbers_that_are_none(asker, field):
    wish = {"model": "palm-64", "count": "2", "candidates": "1", "seed": "", "min_probability": "0"}
    # What means something for this field, and is taken: a blank around a number is how people paste.
    taken = {
        "seed": {"1\n", "", " ", "0", "999999999999", "2147483648", "4294967296", "1000000001"},
        "candidates": {"1\n", "", " "},
        "min_probability": {"1\n", "", " ", "0", "1.0"},
        "count": {"1\n", "", " "},
    }[field]
    for text in NOT_NUMBERS:
        refused = {400} if text not in taken else {302, 400}
        asker.ask("post", "/new", data={**wish, field: text}, may=refused)
    for value in NOT_NUMBERS_IN_JSON:
        fits = field in ("seed", "min_probability") and not isinstance(value, bool) and value == 0
        # Seeds may come as text: JavaScript has no 63 bits.
        fits = fits or (
            field == "seed" and not isinstance(value, bool) and value in (10**9, 2**31, "", "0", "1")
        )
        asker.api(
            "post", "/api/v1/orders", data={"count": 2, field: value}, may={400} if not fits else {201, 400}
        )


def test_texts_are_refused_or_kept_as_they_are(asker, things):
    set_id = things.values["set_id"]
    for text in TEXTS:
        asker.ask("post", f"/sets/{set_id}/rename", data={"name": text, "note": text, "tags": text})
        answer = asker.api("patch", f"/api/v1/sets/{set_id}", data={"name": text})
        if answer is not None and answer.status_code == 200:
            assert answer.json()["name"] == text.strip()
        asker.ask("get", "/history", data={"q": text, "tag": text, "model": text})


def test_a_name_that_is_code_stands_on_pages_as_text(things, alice, client):
    client.force_login(alice)
    image_set = ImageSet.objects.get(pk=things.values["set_id"])
    name = '"><script>alert(1)</script>\r\nX-Evil: 1'
    ImageSet.objects.filter(pk=image_set.pk).update(name=name, note=name, tags=[name[:30]])
    for path in ("", "/recipe", "/quality", "/downloads", "/sharing"):
        page = client.get(f"/sets/{image_set.pk}{path}")
        assert page.status_code == 200
        assert b"<script>alert" not in page.content
    for path in ("/history", "/new", f"/images/{things.values['image_id']}"):
        assert b"<script>alert" not in client.get(path).content
    ImageSet.objects.filter(pk=image_set.pk).update(name=name)
    answer = client.get(f"/api/v1/sets/{image_set.pk}/download", {"numbers": "0"})
    b"".join(answer)
    assert "X-Evil" not in answer.headers
    assert "\n" not in answer.headers["Content-Disposition"]


def test_ids_of_nothing(asker):
    wanted = [
        route for route in routes() if PART.search(route) and route not in OF_NOBODY and "admin" not in route
    ]
    # Each bad id meets six addresses, and each address some bad id.
    for number, text in enumerate(NOT_IDS):
        for route in wanted[number % 5 :: max(1, len(wanted) // 6)]:
            path = "/" + PART.sub(lambda _part: text, route)  # noqa: B023
            ask = asker.api if path.startswith("/api/") else asker.ask
            ask("get", path)


def test_paths_that_lead_nowhere(asker):
    for path in PATHS:
        asker.ask("get", path)


def test_queries(asker, things):
    set_id = things.values["set_id"]
    for query in QUERIES:
        asker.ask("get", f"/sets/{set_id}?{query}")
        asker.ask("get", f"/history?{query}")
        asker.api("get", f"/api/v1/sets/{set_id}/images?{query}")
        asker.api("get", f"/api/v1/sets/{set_id}/download?{query}")


def test_headers(asker, things):
    set_id = things.values["set_id"]
    for name, value in HEADERS:
        asker.ask("get", f"/images/{things.values['image_id']}/file", headers={name: value})
        headers = {**asker.key, name: value}
        asker.ask("get", f"/api/v1/sets/{set_id}", by=Client(raise_request_exception=False), headers=headers)


def test_bodies(asker, things):
    set_id = things.values["set_id"]
    paths = ["orders", f"sets/{set_id}/scores", f"sets/{set_id}/shares", f"sets/{set_id}/images/star"]
    for body in BODIES:
        asker.api("post", "/api/v1/orders", data=body, may={400})
        asker.api("patch", f"/api/v1/sets/{set_id}", data=body)
        asker.api("post", "/api/v1/lab/fit", data=body)
        for path in paths[1:]:
            asker.api("post", f"/api/v1/{path}", data=body)
