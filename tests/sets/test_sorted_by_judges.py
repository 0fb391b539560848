"""A gallery in the order of what another judge says: an index leads through it, at any depth, on either database."""

import random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from generation.sets import galleries, scores, selection
from generation.sets.models import Image, ImageSet

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
COUNT = 3000
INDEX = "sets_scores_by_value"


@pytest.fixture
def judged(alice):
    """A large set that two judges have judged, among others of the same kind."""
    draw = random.Random(7)

    def make():
        image_set = ImageSet.objects.create(owner=alice, name="large", count=COUNT)
        Image.objects.bulk_create(
            Image(
                image_set=image_set, index=index, seed=1, score=draw.random(),
                size=9, crc32=1, sha256="a" * 64, pixels_sha256="a" * 64,
            )
            for index in range(COUNT)
        )  # fmt: skip
        images = list(image_set.images.order_by("index"))
        for scorer in ("lab:one", "lab:two"):
            # Two decimals: many are equal.
            scores.keep([(image, round(draw.random(), 2)) for image in images], scorer)
        return image_set

    made = [make() for _ in range(3)][1]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return made


def plans(queries):
    """How the database says that it would answer each of them."""
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    for query in queries:
        with connection.cursor() as cursor:
            cursor.execute(f"{explain} {query['sql']}".replace("%", "%%"))
            yield "\n".join(str(row[-1]) for row in cursor.fetchall())


@pytest.mark.parametrize("sort", ["score", "-score"])
def test_every_page_is_one_query_along_the_index(judged, sort):
    look = galleries.Look(sort, selection.Selection(scorer="lab:one"))
    page, cursor = galleries.page(judged, look), ""
    for depth in range(12):
        with CaptureQueriesContext(
            connection,
        ) as seen:
            page = galleries.page(judged, look, cursor)
        assert len(page.images) == galleries.PAGE
        assert len(seen) == 1
        if depth in (0, 11):
            assert all(INDEX in plan for plan in plans(seen.captured_queries)), depth
        cursor = page.next


def test_the_way_is_whole_and_in_order(judged):
    look = galleries.Look("-score", selection.Selection(scorer="lab:one"))
    seen, cursor = [], ""
    while cursor or not seen:
        page = galleries.page(judged, look, cursor)
        seen += [(-image.odds, image.index) for image in page.images]
        cursor = page.next
    assert len(seen) == COUNT and seen == sorted(seen)


def test_neighbours_are_found_along_the_index(judged):
    look = galleries.Look("-score", selection.Selection(scorer="lab:two"))
    image = galleries.page(judged, look).images[60]
    image.image_set = judged
    with CaptureQueriesContext(connection) as seen:
        before, after = galleries.neighbours(image, look)
    assert before is not None and after is not None
    own, *ways = plans(seen.captured_queries)
    assert len(ways) == 2 and all(INDEX in plan for plan in ways), own


def test_who_judged_is_found_without_looking_at_every_score(judged):
    with CaptureQueriesContext(connection) as seen:
        assert [key for key, _title in scores.titles_of(judged)] == ["lab:one", "lab:two"]
    asked = [query for query in seen.captured_queries if "sets_score" in query["sql"]]
    assert len(asked) == 3 and all("LIMIT 1" in query["sql"] for query in asked)
    assert all(INDEX in plan for plan in plans(asked))
