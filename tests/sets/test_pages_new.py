"""New set and order: two clicks make a set, bad input is said and queues nothing, the order shows itself."""

import json
import re

import pytest
from django.urls import reverse

from generation.jobs.models import Job
from generation.sets import new_set, previews, services
from generation.sets.models import ImageSet, Order
from mlcore.spec import GenerationSpec

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def signed_in(client, alice):
    client.force_login(alice)
    return client


@pytest.fixture
def wish(stand_in):
    return {"model": stand_in.name, "count": "20", "hand": "any", "candidates": "1"}


def text_of(response):
    return response.content.decode()


def test_the_first_click_opens_a_form_whose_fields_all_have_a_default_the_second_orders(signed_in, stand_in):
    page = signed_in.get(reverse("sets:new"))
    assert page.status_code == 200
    form = page.context["form"]
    values = {name: form[name].value() or "" for name in form.fields}
    answer = signed_in.post(reverse("sets:new"), values)
    order = Order.objects.get()
    assert answer.url == reverse("sets:order", args=[order.pk])
    assert (order.wish.count, order.wish.candidates, order.checkpoint) == (200, 1, stand_in)
    assert 0 <= order.wish.seed < new_set.SEEDS


BAD = {
    "leading zero": ("count", " 007", "without a zero in front, from 1 to 10,000"),
    "exponent": ("count", "1e9", "from 1 to 10,000"),
    "blank": ("count", "", "from 1 to 10,000"),
    "text": ("count", "abc", "from 1 to 10,000"),
    "nothing": ("count", "0", "from 1 to 10,000"),
    "negative": ("count", "-1", "from 1 to 10,000"),
    "too many": ("count", "10001", "from 1 to 10,000"),
    "fraction": ("count", "1.5", "from 1 to 10,000"),
    "other digits": ("count", "１２", "from 1 to 10,000"),
    "huge": ("count", "9" * 5000, "from 1 to 10,000"),
    "model gone": ("model", "palm-of-old", "no longer offered; choose another"),
    "candidates": ("candidates", "17", "from 1 to 16"),
    "seed": ("seed", "-3", "from 0 to 9,223,372,036,854,775,807"),
    "probability": ("min_probability", "1.0", "from 0 to 0.99"),
    "hand": ("hand", "left", "does not know left from right"),
    "tags": ("tags", ",".join("abcdefghijk"), "at most 10 tags"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_answered_with_its_own_page_and_the_way_back_keeps_what_was_typed(signed_in, wish, name):
    field, value, reason = BAD[name]
    answer = signed_in.post(reverse("sets:new"), {**wish, "name": "Kept", field: value})
    assert answer.status_code == 400
    page = text_of(answer)
    assert "Input error" in page
    assert reason in page
    back = re.search(r'href="(/new\?[^"]*)"', page)[1].replace("&amp;", "&")
    form = text_of(signed_in.get(back))
    assert 'value="Kept"' in form
    assert Order.objects.count() == Job.objects.count() == 0


@pytest.mark.parametrize("name", BAD)
def test_in_the_live_form_the_reason_stands_beside_its_field(signed_in, wish, name):
    field, value, reason = BAD[name]
    answer = signed_in.post(reverse("sets:new"), {**wish, field: value}, headers=HTMX)
    assert answer.status_code == 400
    page = text_of(answer)
    assert page.lstrip().startswith("<form")
    assert reason in page
    assert Order.objects.count() == Job.objects.count() == 0


def test_what_is_wrong_with_a_preview_is_said_by_field(signed_in, wish):
    bad = {**wish, "candidates": "17", "name": "Kept"}
    strip = text_of(signed_in.post(reverse("sets:preview"), bad, headers=HTMX))
    assert "Candidates for each image: Write a number from 1 to 16." in strip
    answer = signed_in.post(reverse("sets:preview"), bad)
    page = text_of(answer)
    assert answer.status_code == 400
    assert "Input error" in page
    assert "<dt>Candidates for each image</dt><dd>Write a number from 1 to 16.</dd>" in page
    back = re.search(r'href="(/new\?[^"]*)"', page)[1].replace("&amp;", "&")
    assert 'value="Kept"' in text_of(signed_in.get(back))
    assert Order.objects.count() == Job.objects.count() == 0


def test_over_quota_is_input_too(signed_in, wish, settings):
    settings.PALMSITE_QUOTAS = {**settings.PALMSITE_QUOTAS, "stored_images": 5}
    answer = signed_in.post(reverse("sets:new"), wish)
    assert answer.status_code == 400
    assert "You store 0 of 5 images" in text_of(answer)
    assert Order.objects.count() == ImageSet.objects.count() == Job.objects.count() == 0


def test_the_sentence_says_what_it_takes_from_measured_speed(signed_in, wish, stand_in):
    type(stand_in).objects.filter(pk=stand_in.pk).update(seconds_per_image=0.2, bytes_per_image=90_000)
    said = text_of(signed_in.get(reverse("sets:sentence"), {**wish, "count": "200"}))
    assert "200 palms of stand-in, about 40 s, 17.2\xa0MB. You may keep 49,800 more." in said
    said = text_of(signed_in.get(reverse("sets:sentence"), {**wish, "count": "200", "candidates": "8"}))
    assert "about 5 min" in said
    said = text_of(signed_in.get(reverse("sets:sentence"), {**wish, "count": "1e9"}))
    assert "from 1 to 10,000" in said


def test_a_preview_is_seen_kept_and_continued(signed_in, wish, work):
    strip = signed_in.post(reverse("sets:preview"), wish, headers=HTMX)
    preview = Order.objects.get()
    assert (preview.wish.count, preview.image_set.is_preview, Job.objects.get().queue) == (8, True, "short")
    assert f'name="preview" value="{preview.pk}"' in text_of(strip)
    work()
    live = text_of(signed_in.get(reverse("sets:preview_live", args=[preview.pk])))
    assert live.count("/file") == 8
    assert "data-poll" not in live
    seen = list(preview.image_set.images.values_list("sha256", flat=True))
    signed_in.post(reverse("sets:new"), {**wish, "preview": preview.pk})
    work()
    kept = Order.objects.exclude(pk=preview.pk).get()
    assert kept.image_set_id == preview.image_set_id
    assert kept.wish.seed == preview.wish.seed
    assert list(kept.image_set.images.values_list("sha256", flat=True))[:8] == seen
    assert ImageSet.objects.present().get().count == 20


def test_a_preview_that_is_not_wanted_goes_and_gives_its_room_back(signed_in, wish, work, alice):
    signed_in.post(reverse("sets:preview"), wish)
    work()
    signed_in.post(reverse("sets:forget_preview"))
    assert not previews.previews_of(alice).exists()
    signed_in.post(reverse("sets:preview"), wish)
    signed_in.post(reverse("sets:preview"), wish)
    assert previews.previews_of(alice).count() == 1


def test_the_order_shows_itself_and_goes_to_its_set_when_done(signed_in, order, work, monkeypatch):
    monkeypatch.setattr(services, "CHUNK_SIZES", (16, 16))
    made = order(40)
    page = text_of(signed_in.get(reverse("sets:order", args=[made.pk])))
    assert "0 of 40, you are next" in page
    assert "data-poll" in page
    work(most=1)
    live = text_of(signed_in.get(reverse("sets:order_live", args=[made.pk]), {"after": "0"}))
    assert "16 of 40" in live
    assert live.count("/thumb") == 16
    last = re.search(r"after=(\d+)", live)[1]
    live = text_of(signed_in.get(reverse("sets:order_live", args=[made.pk]), {"after": last}))
    assert "/thumb" not in live
    work()
    done = signed_in.get(reverse("sets:order_live", args=[made.pk]), headers=HTMX)
    where = reverse("sets:set", args=[made.image_set_id])
    assert done.headers["HX-Redirect"] == where
    assert signed_in.get(reverse("sets:order", args=[made.pk])).url == where


def test_a_stopped_order_offers_to_go_on_and_goes_on(signed_in, order, work, monkeypatch):
    monkeypatch.setattr(services, "CHUNK_SIZES", (16, 16))
    made = order(40)
    work(most=1)
    signed_in.post(reverse("sets:cancel", args=[made.pk]), {"keep": "1"})
    page = text_of(signed_in.get(reverse("sets:order", args=[made.pk])))
    assert "Stopped at 16 images" in page
    signed_in.post(reverse("sets:resume", args=[made.pk]))
    work()
    made.refresh_from_db()
    assert made.state == Order.State.DONE


def test_a_stopped_order_may_be_dropped(signed_in, order, work):
    made = order(20)
    signed_in.post(reverse("sets:cancel", args=[made.pk]), {"keep": "0"})
    work()
    made.image_set.refresh_from_db()
    assert made.image_set.deleted_at is not None


def test_others_see_and_stop_nothing(client, bob, order):
    made = order(20)
    client.force_login(bob)
    for name in ("order", "order_live"):
        assert client.get(reverse(f"sets:{name}", args=[made.pk])).status_code == 404
    for name in ("cancel", "resume", "drop"):
        assert client.post(reverse(f"sets:{name}", args=[made.pk])).status_code == 404
    made.refresh_from_db()
    assert made.is_live


def test_anothers_preview_is_not_continued(client, bob, order, wish):
    preview = order(8, is_preview=True)
    client.force_login(bob)
    client.post(reverse("sets:new"), {**wish, "preview": preview.pk})
    assert Order.objects.get(owner=bob).image_set_id != preview.image_set_id
    assert GenerationSpec.from_json(json.dumps(preview.spec)).count == 8
