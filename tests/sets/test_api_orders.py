"""POST /orders and what follows it: by token, strictly parsed, once per key, with problems that name the field."""

import json
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from generation.jobs.models import Job
from generation.sets import services, trash
from generation.sets.models import ImageSet, Order
from tests.sets.problems import problem

pytestmark = pytest.mark.django_db
ORDERS = "/api/v1/orders"


def test_an_order_by_default_takes_the_default_model_and_a_seed_nobody_chose(api, model):
    seeds = set()
    for _ in range(2):
        answer = api.post(ORDERS, {"count": 4})
        assert answer.status_code == 201
        body = answer.json()
        assert (body["state"], body["done"], body["total"], body["code"], body["message"]) == (
            "open",
            0,
            4,
            "",
            "",
        )
        assert body["model"] == model.name
        assert answer["Location"].endswith(f"/api/v1/orders/{body['id']}")
        assert ImageSet.objects.get(pk=body["set"]).recipe["seed"] == body["seed"]
        seeds.add(body["seed"])
    assert len(seeds) == 2
    assert max(seeds) < 2**31, "JavaScript rounds what has more than 53 bits"


@pytest.mark.slow
def test_an_order_says_everything_it_was_asked(api, stand_in, work):
    wish = {
        "model": stand_in.name, "count": 3, "seed": 2**63 - 1, "candidates": 2, "min_probability": 0.01,
        "name": " Ладони ", "tags": ["a", "b", "a"],
    }  # fmt: skip
    body = api.post(ORDERS, wish).json()
    assert {name: body[name] for name in ("seed", "candidates", "min_probability", "total")} == {
        "seed": 2**63 - 1, "candidates": 2, "min_probability": 0.01, "total": 3,
    }  # fmt: skip
    image_set = ImageSet.objects.get(pk=body["set"])
    assert (image_set.name, image_set.tags) == ("Ладони", ["a", "b"])
    work()
    done = api.get(f"{ORDERS}/{body['id']}")
    assert (done.json()["state"], done.json()["done"]) == ("done", 3)
    assert api.get(f"{ORDERS}/{body['id']}", headers={"If-None-Match": done["ETag"]}).status_code == 304


WRONG = [
    ("count", value)
    for value in (None, "", "8", "08", 0, -1, 1.0, 1.5, 10**9, 10**30, True, [], {}, "x", "eight", 10_001, 1e3)
] + [
    ("seed", value) for value in (-1, 2**63, 10**40, "01", "+1", "0x10", "1e3", "x", 1.5, True, [1], " 1", "١")
] + [
    ("candidates", value) for value in (0, 17, "2", 1.5, True, None)
] + [
    ("min_probability", value) for value in (-0.1, 0.991, 1, "0.5", True, None, [], 10**400)
] + [
    ("name", value) for value in (5, ["x"], "x" * 121, "a\x00b", "\ud800", "\x1b[2J")
] + [
    ("model", value) for value in (5, "no-such-model", "../../etc/passwd", "x" * 65)
] + [
    ("hand", "third"), ("hand", 1), ("colour", "red"), ("Count", 8), ("first_index", 3), ("__proto__", {}),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_what_cannot_be_is_refused_by_field_and_nothing_is_queued(api, model, field, value):
    wish = {"count": 8, field: value}
    text = json.dumps(wish)
    problem(api.post(ORDERS, text, content_type="application/json"), 400, field)
    assert Order.objects.count() == Job.objects.count() == ImageSet.objects.count() == 0


@pytest.mark.parametrize("tags", ["a", [1], [""], ["x" * 33], ["a"] * 11, [["a"]], {"a": 1}, None, ["\x00"]])
def test_tags_are_a_short_list_of_words(api, model, tags):
    answer = api.post(ORDERS, {"count": 8, "tags": tags})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].startswith("tags")


@pytest.mark.parametrize(
    "body", ["", "null", "5", '"x"', "[]", "[{}]", "{", "{'count': 8}", '{"count": NaN}', '{"count": 1e999}',
             '{"count": ' + "9" * 5000 + "}", "\x00", "[" * 5000, '{"count": 8, "count": -1}'],
)  # fmt: skip
def test_what_is_no_order_is_a_problem(api, model, body):
    answer = api.post(ORDERS, body, content_type="application/json")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert Order.objects.count() == 0


def test_a_form_is_read_as_strictly(api, model):
    assert (
        api.post(ORDERS, "count=8&seed=&tags=a", content_type="application/x-www-form-urlencoded").status_code
        == 201
    )
    for text in ("08", "8.0", "", " 8", "+8", "8e0"):
        answer = api.post(ORDERS, f"count={text}", content_type="application/x-www-form-urlencoded")
        problem(answer, 400, "count")


def test_seeds_may_be_text_for_languages_without_large_numbers(api, model):
    assert api.post(ORDERS, {"count": 1, "seed": str(2**63 - 1)}).json()["seed"] == 2**63 - 1
    for blank in ("", None):
        assert api.post(ORDERS, {"count": 1, "seed": blank}).status_code == 201


def test_every_error_is_named_at_once(api, model):
    body = problem(api.post(ORDERS, {"count": 0, "seed": -1, "sead": 1}), 400, "count", "seed", "sead")
    assert "10,000" in body["errors"][0]["detail"]


def test_a_model_that_is_retired_and_a_full_room_are_refused(api, model, settings):
    settings.PALMSITE_QUOTAS = {**settings.PALMSITE_QUOTAS, "stored_images": 5}
    body = problem(api.post(ORDERS, {"count": 6}), 409)
    assert body["code"] == "over_quota_images"
    model.state, model.is_default = "retired", False
    model.save()
    problem(api.post(ORDERS, {"count": 1, "model": model.name}), 400, "model")
    problem(api.post(ORDERS, {"count": 1}), 400, "model")


def test_a_key_orders_once(api, model, bob):
    def send(wish, key="k-1"):
        return api.post(ORDERS, wish, headers={"Idempotency-Key": key})

    first, again = send({"count": 2, "seed": 1}), send({"seed": 1, "count": 2})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again["Location"] == first["Location"]
    assert Order.objects.count() == 1
    problem(send({"count": 3, "seed": 1}), 422)
    assert send({"count": 3}, "k-2").json()["id"] != first.json()["id"]
    problem(send({"count": 0}, "k-3"), 400, "count")
    assert send({"count": 1}, "k-3").status_code == 201
    api.force_authenticate(bob)
    assert send({"count": 2, "seed": 1}).json()["id"] != first.json()["id"]


@pytest.mark.slow
def test_cancel_and_resume(api, stand_in, work, monkeypatch):
    monkeypatch.setattr(services, "CHUNK_SIZES", (16, 16))
    address = f"{ORDERS}/{api.post(ORDERS, {'count': 20}).json()['id']}"
    problem(api.post(f"{address}/resume"), 409)
    problem(api.post(f"{address}/cancel", {"keep": "yes"}), 400, "keep")
    work(most=1)
    body = api.post(f"{address}/cancel").json()
    assert (body["state"], body["code"], body["done"]) == ("cancelled", "stopped", 16)
    problem(api.post(f"{address}/cancel"), 409)
    assert api.post(f"{address}/resume").json()["state"] == "open"
    work()
    assert api.get(address).json()["done"] == 20


@pytest.mark.slow
def test_orders_are_listed_by_state_in_pages(api, order, alice, bob):
    for _ in range(3):
        order(1)
    order(1, by=bob)
    page = api.get(ORDERS, {"page_size": 2}).json()
    assert set(page) == {"next", "previous", "results"}
    rest = api.get(page["next"]).json()
    assert [len(page["results"]), len(rest["results"])] == [2, 1]
    assert api.get(ORDERS, {"state": "done"}).json()["results"] == []
    problem(api.get(ORDERS, {"state": "lost"}), 400, "state")


@pytest.mark.slow
def test_orders_cost_the_same_number_of_queries_however_many(api, order, alice, stand_in):
    first = order(1)
    rows = [
        Order(
            owner=alice,
            image_set=ImageSet.objects.create(owner=alice, name="x"),
            checkpoint=stand_in,
            spec=first.spec,
        )
        for _ in range(200)
    ]
    api.get(ORDERS)
    costs = []
    for part in (rows[:9], rows[9:]):
        Order.objects.bulk_create(part)
        with CaptureQueriesContext(connection) as queries:
            assert len(api.get(ORDERS, {"page_size": 500}).json()["results"]) == Order.objects.count()
        costs.append(len(queries))
    assert costs[0] == costs[1]


@pytest.mark.slow
def test_another_persons_order_is_not_there(api, order, bob, charlie):
    address = f"{ORDERS}/{order(1).pk}"
    for person in (bob, charlie):
        api.force_authenticate(person)
        for method, where in (("get", address), ("post", f"{address}/cancel"), ("post", f"{address}/resume")):
            problem(getattr(api, method)(where), 404)
    api.force_authenticate(None)
    problem(api.get(address), 401)
    problem(api.post(ORDERS, {"count": 1}), 401)


def test_orders_of_nobody(api):
    problem(api.get(f"{ORDERS}/{uuid.uuid4()}"), 404)
    problem(api.get(f"{ORDERS}/1"), 404)
    assert api.put(ORDERS, {}).status_code == 405


def test_models(api, model):
    [shown] = api.get("/api/v1/models").json()["results"]
    assert (shown["name"], shown["is_default"], shown["is_scored"]) == (model.name, True, True)
    assert shown["licence"] == "CC-BY-4.0"
    one = api.get(f"/api/v1/models/{model.name}")
    assert one.json() == shown
    assert api.get(f"/api/v1/models/{model.name}", headers={"If-None-Match": one["ETag"]}).status_code == 304
    problem(api.get("/api/v1/models/palm-d"), 404)


@pytest.mark.slow
def test_deleting_a_set_stops_its_order(api, order, alice):
    made = order(20)
    trash.delete_set(by=alice, image_set=made.image_set)
    assert api.get(f"{ORDERS}/{made.pk}").json()["state"] == "cancelled"
