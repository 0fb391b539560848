"""Filters and orders of the lists of sets and orders in the API."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from generation.sets.models import Checkpoint, ImageSet, Order

pytestmark = pytest.mark.django_db


@pytest.fixture
def orders(alice, model):
    """A set with one order of every state, a day apart; the failed one of another model."""
    other = Checkpoint.objects.create(name="hand", source="upload", file="h", sha256="b" * 64)
    made = {}
    for day, state in enumerate(Order.State.values, start=1):
        its = other if state == "failed" else model
        image_set = ImageSet.objects.create(
            owner=alice, name=state, checkpoint=its, quality={"kid": day / 100}
        )
        order = Order.objects.create(
            owner=alice,
            image_set=image_set,
            checkpoint=its,
            state=state,
            code="broken" if state == "failed" else "",
            spec={"version": 1, "count": 1, "seed": 1},
            ended_at=None if state == "open" else timezone.now(),
        )
        at = datetime(2026, 1, day, 12, tzinfo=ZoneInfo("UTC"))
        Order.objects.filter(pk=order.pk).update(created_at=at)
        made[state] = str(order.pk)
    return made


def names(api, **query):
    return [one["name"] for one in api.get("/api/v1/sets", query).json()["results"]]


def refused(api, address, **query):
    answer = api.get(address, query)
    return answer.status_code, [error["field"] for error in answer.json()["errors"]]


def test_sets_by_state(api, orders):
    for state in Order.State.values:
        assert names(api, state=state) == [state]
    assert names(api, state="stopped") == ["cancelled"]
    assert refused(api, "/api/v1/sets", state="broken") == (400, ["state"])


def test_sets_by_quality(api, orders, alice):
    ImageSet.objects.create(owner=alice, name="unmeasured")
    best = ["open", "done", "failed", "cancelled", "unmeasured"]
    assert names(api, sort="quality") == best
    found, address = [], "/api/v1/sets?sort=quality&page_size=2"
    while address:
        page = api.get(address).json()
        found += [one["name"] for one in page["results"]]
        address = page["next"]
    assert found == best
    assert refused(api, "/api/v1/sets", sort="distance") == (400, ["sort"])


def test_orders_by_model_state_day_and_in_either_order(api, orders):
    def found(**query):
        return [one["id"] for one in api.get("/api/v1/orders", query).json()["results"]]

    every = list(orders.values())
    assert found() == found(sort="-created") == every[::-1]
    assert found(sort="created") == every
    assert found(model="hand") == [orders["failed"]]
    assert found(model="palm") == []
    assert found(since="2026-01-02", until="2026-01-03", sort="created") == every[1:3]
    assert found(state="done", until="2026-01-01") == []
    for wrong in ({"state": "stopped"}, {"since": "yesterday"}, {"until": "2026-02-30"}, {"sort": "name"}):
        assert refused(api, "/api/v1/orders", **wrong) == (400, list(wrong))


def test_lists_of_equals_end(api, alice):
    ImageSet.objects.bulk_create(ImageSet(owner=alice, name="x") for _ in range(1101))
    seen, address = set(), "/api/v1/sets?sort=count&page_size=500"
    for _page in range(3):
        page = api.get(address).json()
        seen |= {one["id"] for one in page["results"]}
        address = page["next"]
    assert (len(seen), address) == (1101, None)
