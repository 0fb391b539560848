"""Who sees which sets and images, which images a selection names, and pages by key in every order."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.errors import InvalidInput, NotFound
from generation.sets import image_pages, selection, selectors, sharing
from generation.sets.models import Image, Share

pytestmark = pytest.mark.django_db


def test_owner_and_shared_see_a_set_and_nobody_else(full_set, alice, bob, charlie):
    image_set = full_set(alice, 2)
    image = image_set.images.get(index=0)
    share = sharing.share_with(by=alice, image_set=image_set, username="BOB")
    for person in (alice, bob):
        assert selectors.set_for(person, image_set.pk) == image_set
        assert selectors.image_for(person, image.pk) == image
        assert list(selectors.visible_sets(person)) == [image_set]
    assert list(selectors.sets_of(bob)) == []
    assert list(selectors.sets_shared_with(bob)) == [image_set]
    for look in (selectors.set_for, selectors.own_set_for):
        with pytest.raises(NotFound):
            look(charlie, image_set.pk)
    with pytest.raises(NotFound):
        selectors.image_for(charlie, image.pk)
    for look, it in ((selectors.own_set_for, image_set), (selectors.own_image_for, image)):
        with pytest.raises(NotFound):
            look(bob, it.pk)
    Share.objects.filter(pk=share.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(NotFound):
        selectors.set_for(bob, image_set.pk)
    assert list(selectors.visible_sets(bob)) == []


def test_a_link_opens_until_it_ends_or_is_revoked(full_set, alice, bob):
    image_set = full_set(alice, 1)
    share, secret = sharing.make_link(by=alice, image_set=image_set, days=1)
    assert sharing.set_by_link(secret) == image_set
    assert secret not in str(Share.objects.filter(pk=share.pk).values())
    with pytest.raises(NotFound):
        sharing.set_by_link(secret[:-1] + ("A" if secret[-1] != "A" else "B"))
    Share.objects.filter(pk=share.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(NotFound):
        sharing.set_by_link(secret)
    other, secret = sharing.make_link(by=alice, image_set=image_set)
    with pytest.raises(NotFound):
        sharing.revoke(by=bob, image_set=image_set, share_id=other.pk)
    sharing.revoke(by=alice, image_set=image_set, share_id=other.pk)
    with pytest.raises(NotFound):
        sharing.set_by_link(secret)


def test_sharing_is_refused_with_reasons(full_set, alice, bob):
    image_set = full_set(alice, 1)
    with pytest.raises(NotFound):
        sharing.share_with(by=bob, image_set=image_set, username="bob")
    for name, words in (("nobody", "nobody called nobody"), ("alice", "yours already")):
        with pytest.raises(InvalidInput, match=words):
            sharing.share_with(by=alice, image_set=image_set, username=name)
    with pytest.raises(InvalidInput, match="1 to 90"):
        sharing.make_link(by=alice, image_set=image_set, days=91)


def test_a_selection_names_the_images_it_says(full_set, alice):
    image_set = full_set(alice, 10)
    Image.objects.filter(image_set=image_set, index__in=[1, 2, 8]).update(is_starred=True)

    def numbers(**query):
        return [image.index for image in selection.selected(image_set, selection.parse(query))]

    scores = [0, 0, 0.7, 0.7, 0.4, 0.4, 0.1, 0.1, 0.8, 0.8]
    assert [image.score for image in selectors.images_of(image_set)] == scores
    assert numbers() == list(range(10))
    assert numbers(min="0.4", max="0.7") == [2, 3, 4, 5]
    assert numbers(starred="1") == [1, 2, 8]
    assert numbers(numbers="0-2,7,9-12") == [0, 1, 2, 7, 9]
    assert numbers(best="3") == [2, 8, 9]
    assert numbers(best="2", max="0.5", numbers="5-7") == [5, 6]
    assert selection.of_numbers([3, 1, 2, 9]).runs == ((1, 3), (9, 9))
    again = {
        name: str(value) for name, value in selection.as_query(selection.parse({"numbers": "3-4,9"})).items()
    }
    assert selection.parse(again).runs == ((3, 4), (9, 9))


@pytest.mark.parametrize(
    "query",
    [
        {"min": "x"}, {"min": "-1"}, {"max": "1.01"}, {"max": "nan"}, {"min": "1e999"}, {"min": "٣"},
        {"starred": "yes"}, {"best": "0"}, {"best": "01"}, {"best": "1.5"}, {"best": "9" * 30},
        {"numbers": "5-1"}, {"numbers": "1,,2"}, {"numbers": "-1"}, {"numbers": ",".join(map(str, range(0, 1000, 2)))},
    ],
)  # fmt: skip
def test_what_is_no_selection_is_refused_by_name(query):
    with pytest.raises(InvalidInput) as refused:
        selection.parse(query)
    assert list(refused.value.fields) == list(query)


@pytest.mark.parametrize("sort", image_pages.SORTS)
@pytest.mark.parametrize("gaps", [False, True])
def test_pages_lead_through_everything_once_and_back(full_set, alice, sort, gaps):
    image_set = full_set(alice, 11)
    if gaps:
        Image.objects.filter(image_set=image_set, index__in=[0, 4, 5]).update(score=None)
    images = selectors.images_of(image_set)
    walk = image_pages.Walk(images, image_set, sort)

    def place(image):
        sign = -1 if sort.startswith("-") else 1
        if sort.endswith("index"):
            return sign * image.index
        return (image.score is None, sign * (image.score or 0), image.index)

    expected = [image.index for image in sorted(images, key=place)]
    pages, cursor = [], ""
    while True:
        got = walk.page(cursor, 4)
        pages.append([image.index for image in got.images])
        if not got.next:
            break
        cursor = got.next
    assert [index for part in pages for index in part] == expected
    back = []
    while got.previous:
        got = walk.page(got.previous, 4)
        back.append([image.index for image in got.images])
    assert back == pages[-2::-1]


@pytest.mark.parametrize(
    "cursor", ["x", "[]", "W10", "WzAsMSwyLDNd", "é", "A" * 201, "WzAsImEiLDFd", "WzAsMSwtMV0"]
)
def test_a_broken_cursor_is_refused(full_set, alice, cursor):
    with pytest.raises(InvalidInput):
        image_set = full_set(alice, 1)
        image_pages.Walk(selectors.images_of(image_set), image_set).page(cursor)


def test_the_histogram_counts_every_scored_image(full_set, alice):
    image_set = full_set(alice, 10)
    Image.objects.filter(image_set=image_set, index=0).update(score=1.0)
    bars = selectors.histogram(image_set, bins=10)
    assert (sum(bars), bars[0], bars[9], bars[8]) == (10, 1, 1, 2)
