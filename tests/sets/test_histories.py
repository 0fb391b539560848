"""History's filters by date and quality: on the page, in the API, and in the address."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from generation.sets import histories
from generation.sets.models import ImageSet

pytestmark = pytest.mark.django_db


@pytest.fixture
def sets(alice):
    """Six sets of six days, of every verdict and of none."""
    made = {}
    for day, verdict in enumerate(["good", "fine", "worrying", "bad", "unknown", ""], start=1):
        quality = {"verdict": verdict, "kid": 0.01} if verdict else {}
        image_set = ImageSet.objects.create(owner=alice, name=verdict or "none", quality=quality)
        at = datetime(2026, 1, day, 23, 30, tzinfo=ZoneInfo("UTC"))
        ImageSet.objects.filter(pk=image_set.pk).update(created_at=at)
        made[verdict or "none"] = image_set
    return made


def found(alice, **wanted):
    return [one.name for one in histories.page(alice, histories.Wanted.of({"sort": "old", **wanted})).sets]


def test_by_quality(alice, sets):
    assert found(alice, quality="good") == ["good", "fine"]
    assert found(alice, quality="weak") == ["worrying", "bad"]
    assert found(alice, quality="none") == ["none"]
    assert len(found(alice, quality="whatever")) == 6


def test_by_date_both_days_included(alice, sets):
    assert found(alice, since="2026-01-05") == ["unknown", "none"]
    assert found(alice, until="2026-01-01") == ["good"]
    assert found(alice, since="2026-01-02", until="2026-01-02") == ["fine"]
    assert found(alice, since="2026-01-03", until="2026-01-02") == []


def test_a_day_is_the_readers_day(alice, sets):
    with timezone.override("Asia/Tokyo"):
        assert found(alice, until="2026-01-01") == []
        assert found(alice, since="2026-01-02", until="2026-01-02") == ["good"]


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "2026-1-1",
        "2026-02-30",
        "0001-01-01",
        "9999-12-31",
        "20260101",
        "２０２６-01-01",
        "2026-01-01T00:00",
    ],
)
def test_what_is_no_day_is_left_out_on_the_page_and_refused_by_the_api(api, alice, sets, text):
    assert len(found(alice, since=text, until=text)) == 6
    for name in ("since", "until"):
        answer = api.get("/api/v1/sets", {name: text})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, name)


def test_the_api_filters_too(api, sets):
    ImageSet.objects.filter(name="bad").update(tags=["trial"])

    def names(**query):
        return {one["name"] for one in api.get("/api/v1/sets", query).json()["results"]}

    assert names(quality="weak") == {"worrying", "bad"}
    assert names(since="2026-01-04", until="2026-01-05") == {"bad", "unknown"}
    assert names(tag="trial") == {"bad"}
    assert api.get("/api/v1/sets", {"quality": "best"}).status_code == 400


def test_the_page_shows_what_is_set_and_takes_it_off(alice, sets):
    browser = Client()
    browser.force_login(alice)
    page = browser.get(reverse("sets:history"), {"quality": "weak", "since": "2026-01-03"}).content.decode()
    assert '<details class="history__more" open>' in page
    assert 'value="2026-01-03"' in page
    assert (
        "from 01/03/2026" in page
        or "from 3 Jan" in page
        or "from Jan. 3" in page
        or "from 2026-01-03" in page
    )
    assert 'href="?since=2026-01-03"' in page, "the chip takes the quality off and leaves the date"
    assert "chip--warn" in page
    assert ">good<" not in page
    plain = browser.get(reverse("sets:history")).content.decode()
    assert '<details class="history__more">' in plain


def test_filters_last_from_page_to_page(alice):
    ImageSet.objects.bulk_create(
        [ImageSet(owner=alice, name=f"{n:03d}", quality={"verdict": "good"}) for n in range(30)]
    )
    ImageSet.objects.update(created_at=F("created_at"))
    first = histories.page(alice, histories.Wanted.of({"quality": "good", "since": "2020-01-01"}))
    assert len(first.sets) == histories.PAGE
    assert "quality=good" in first.next
    assert "since=2020-01-01" in first.next
