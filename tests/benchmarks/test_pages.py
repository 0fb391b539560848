"""Gallery and history do not feel how much there is: the same queries, and about the same time, for many as for few."""

import uuid
from functools import partial

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from generation.jobs.models import new_id
from generation.sets import galleries, services
from generation.sets.models import Chunk, Image, ImageSet, Order
from tests.benchmarks.turns import seconds_of
from tests.sets.rows import model  # noqa: F401  # fixture

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(1800)]
ROUNDS = 9
# A page that costs twice as much for a hundred times as much would not be independent of it.
MOST_RATIO = 1.6


def grown(owner, checkpoint, count):
    """A set of so many rows, without files: pages open none."""
    image_set = ImageSet.objects.create(
        owner=owner, name=f"{count} palms", wanted=count, checkpoint=checkpoint
    )
    Image.objects.bulk_create(
        (
            Image(
                image_set=image_set, index=index, seed=1, score=(index * 7919 % 10007) / 10007, size=20_000, crc32=0,
                sha256=f"{index:064x}", pixels_sha256=f"{index:064x}", is_starred=index % 50 == 0 or index < 80,
            )
            for index in range(count)
        ),
        batch_size=1000,
    )  # fmt: skip
    services.recount(image_set)
    return image_set


def compared(few, many):
    """Queries and milliseconds of two ways to ask: for the page of few, and for the page of many."""
    queries = []
    for ask in (few, many):
        with CaptureQueriesContext(connection) as seen:
            assert ask().status_code == 200, ask
        queries.append(len(seen))
    times = [each["processor"] for each in seconds_of([few, many], ROUNDS)]
    return {
        "queries_few": queries[0],
        "queries_many": queries[1],
        "milliseconds_few": round(1000 * times[0], 1),
        "milliseconds_many": round(1000 * times[1], 1),
        "ratio": round(times[1] / times[0], 2),
    }


def must_not_feel_it(pages):
    wrong = {
        name: page
        for name, page in pages.items()
        if page["queries_few"] != page["queries_many"] or page["ratio"] > MOST_RATIO
    }
    assert not wrong


def test_gallery_of_ten_thousand(client, alice, model, keep):  # noqa: F811
    client.force_login(alice)
    few, many = grown(alice, model, 500), grown(alice, model, 10_000)

    def deep(image_set, sort):
        # A page from the middle.
        return galleries.Look(sort=sort).walk(image_set).page(size=image_set.count // 2).next

    def of(image_set, name="set", **query):
        text = "&".join(f"{key}={value}" for key, value in query.items())
        return f"{reverse(f'sets:{name}', args=[image_set.pk])}?{text}"

    ways = {
        "first page": lambda s: of(s),
        "most real first": lambda s: of(s, sort="-score"),
        "a range of probability": lambda s: of(s, min="0.5", max="0.6"),
        "starred": lambda s: of(s, starred="1"),
        "from the middle, by number": lambda s: of(s, "more_images", cursor=deep(s, "index")),
        "from the middle, by probability": lambda s: of(
            s, "more_images", sort="-score", cursor=deep(s, "-score")
        ),
        "API, 60 images": lambda s: f"/api/v1/sets/{s.pk}/images?sort=-score",
        "one image": lambda s: reverse("sets:image", args=[s.images.all()[s.count // 2].pk]) + "?sort=-score",
    }
    pages = {
        name: compared(partial(client.get, way(few)), partial(client.get, way(many)))
        for name, way in ways.items()
    }
    keep("gallery", database=connection.vendor, few=500, many=10_000, pages=pages)
    must_not_feel_it(pages)


def history_of(owner, checkpoint, count):
    """So many sets, each of six images and an order that ended."""
    sets = [
        ImageSet(
            id=new_id(), owner=owner, name=f"set {number}", tags=["one", f"t{number % 7}"], count=6, wanted=6,
            size=120_000, checkpoint=checkpoint, quality={"kid": 0.01} if number % 3 else {},
        )
        for number in range(count)
    ]  # fmt: skip
    ImageSet.objects.bulk_create(sets, batch_size=500)
    orders = [
        Order(id=new_id(), owner=owner, image_set=each, checkpoint=checkpoint, state="done",
              spec={"version": 1, "count": 6, "seed": 1}, ended_at="2026-01-01T00:00:00Z")
        for each in sets
    ]  # fmt: skip
    Order.objects.bulk_create(orders, batch_size=500)
    Chunk.objects.bulk_create(
        [Chunk(order=order, first_index=0, count=6, done=6, is_done=True) for order in orders], batch_size=500
    )
    Image.objects.bulk_create(
        (
            Image(image_set=each, index=index, seed=1, size=20_000, crc32=0, sha256="0" * 64,
                  pixels_sha256=uuid.uuid4().hex * 2)
            for each in sets for index in range(6)
        ),
        batch_size=1000,
    )  # fmt: skip


def test_history_of_five_thousand_sets(client, alice, bob, model, keep):  # noqa: F811
    history_of(alice, model, 5000)
    history_of(bob, model, 250)
    few, many = Client(), client
    few.force_login(bob)
    many.force_login(alice)

    ways = {
        "first page": "/history",
        "oldest first": "/history?sort=old",
        "by name": "/history?sort=name",
        "most images first": "/history?sort=count",
        "done": "/history?state=done",
        "API, 50 sets": "/api/v1/sets",
        "API, orders": "/api/v1/orders",
    }
    pages = {name: compared(partial(few.get, path), partial(many.get, path)) for name, path in ways.items()}
    keep("history", database=connection.vendor, few=250, many=5000, pages=pages)
    must_not_feel_it(pages)
