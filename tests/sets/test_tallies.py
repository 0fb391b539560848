"""What is counted once is counted anew as soon as the set is another."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from generation.sets import selectors, tallies, trash
from generation.sets.models import Image, Order

pytestmark = pytest.mark.django_db


def test_kept_until_the_set_changes(full_set, alice):
    image_set = full_set(alice, 10)
    assert sum(tallies.histogram(image_set)) == 10
    with CaptureQueriesContext(connection) as queries:
        assert sum(tallies.histogram(image_set)) == 10
    assert not any("sets_image" in query["sql"] and "GROUP BY" in query["sql"] for query in queries)
    trash.delete_images(by=alice, image_set=image_set, images=image_set.images.filter(index__lt=3))
    image_set.refresh_from_db()
    assert tallies.histogram(image_set) == selectors.histogram(image_set)
    assert sum(tallies.histogram(image_set)) == 7


def test_nothing_is_kept_of_what_is_still_being_made(full_set, alice, model):
    image_set = full_set(alice, 10)
    spec = {"version": 1, "count": 20, "seed": 1}
    Order.objects.create(owner=alice, image_set=image_set, checkpoint=model, spec=spec)
    assert sum(tallies.histogram(image_set)) == 10
    Image.objects.filter(image_set=image_set, index=0).delete()
    assert sum(tallies.histogram(image_set)) == 9
