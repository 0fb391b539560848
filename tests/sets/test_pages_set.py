"""The pages of a set: who sees them, how many queries they take, and what is done with images there."""

import html
import io
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image as Pillow

from generation.sets import editing, galleries, selectors, services, sharing, storage
from generation.sets.models import Image, ImageSet, Order

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
TABS = ("set", "quality", "recipe", "downloads", "sharing")


@pytest.fixture
def signed_in(client, alice):
    client.force_login(alice)
    return client


@pytest.fixture
def made(finished):
    """Alice's finished set of twenty."""
    return finished(20, name="Twenty")


def text_of(response):
    return response.content.decode()


def status_of(client, address):
    answer = client.get(address)
    if answer.streaming:
        assert b"".join(answer)  # read to its end, the file is closed
    return answer.status_code


def grow(image_set, count):
    """More rows, no files: what pages read."""
    last = image_set.images.count()
    Image.objects.bulk_create(
        Image(
            image_set=image_set, index=index, seed=1, score=(index % 97) / 97, size=10, crc32=0,
            sha256="0" * 64, pixels_sha256="0" * 64,
        )
        for index in range(last, count)
    )  # fmt: skip
    services.recount(image_set)


def test_the_owner_sees_every_tab_and_nothing_in_it_needs_inline_code(signed_in, made):
    pages = [reverse(f"sets:{name}", args=[made.pk]) for name in TABS]
    pages += [reverse(f"sets:{name}") for name in ("new", "history", "trash", "models", "made_here")]
    pages += [reverse("sets:image", args=[made.images.first().pk])]
    for page in pages:
        answer = signed_in.get(page)
        assert answer.status_code == 200, page
        text = text_of(answer)
        assert text.count("<h1") == 1, page
        assert " style=" not in text, page
        assert "hx-on" not in text and not re.search(r"\son[a-z]+=", text), page
        assert all("src=" in script for script in re.findall(r"<script[^>]*>", text)), page


def test_bob_looks_and_charlie_does_not_know_of_it(client, alice, bob, charlie, made):
    sharing.share_with(by=alice, image_set=made, username="bob")
    image = made.images.first()
    looks = [reverse(f"sets:{name}", args=[made.pk]) for name in (*TABS[:-1], "more_images", "numbers")]
    looks += [reverse(f"sets:{name}", args=[image.pk]) for name in ("image", "image_file", "thumb")]
    for person, status in ((bob, 200), (charlie, 404)):
        client.force_login(person)
        assert [status_of(client, page) for page in looks] == [status] * len(looks)
        assert client.get(reverse("sets:sharing", args=[made.pk])).status_code == 404
        for name in ("rename", "again", "make_more", "delete", "purge", "act", "make_link"):
            answer = client.post(reverse(f"sets:{name}", args=[made.pk]), {"name": "Mine", "numbers": "0"})
            assert answer.status_code == 404, name
    client.logout()
    assert [status_of(client, page) for page in looks] == [302] * len(looks)
    made.refresh_from_db()
    assert (made.name, made.deleted_at) == ("Twenty", None)


def test_a_gallery_costs_the_same_with_ten_images_and_with_five_hundred(signed_in, order, work):
    def queries(address):
        with CaptureQueriesContext(connection) as seen:
            assert signed_in.get(address).status_code == 200
        return len(seen)

    its = order(10)
    work()
    image_set = its.image_set
    address = reverse("sets:set", args=[image_set.pk])
    sorts = [address, f"{address}?sort=-score", f"{address}?sort=score&min=0.2&max=0.9"]
    few = [queries(each) for each in sorts]
    grow(image_set, 500)
    # A page that is not full also asks for images without a probability.
    assert all(queries(each) <= before for each, before in zip(sorts, few, strict=True))
    assert max(few) <= 18


def test_history_costs_the_same_with_two_sets_and_with_twenty(signed_in, order, work):
    def queries():
        with CaptureQueriesContext(connection) as seen:
            assert signed_in.get(reverse("sets:history")).status_code == 200
        return len(seen)

    for _ in range(2):
        order(2)
        work()
    few = queries()
    owner, checkpoint = Order.objects.first().owner, Order.objects.first().checkpoint
    for number in range(20):
        ImageSet.objects.create(owner=owner, name=f"set {number}", checkpoint=checkpoint, tags=["ладонь"])
    assert queries() == few


@pytest.mark.parametrize("sort", ["index", "-index", "score", "-score"])
def test_pages_and_neighbours_show_every_image_once_in_order(signed_in, made, sort, monkeypatch):
    monkeypatch.setattr(galleries, "PAGE", 7)
    Image.objects.filter(image_set=made, index__in=[3, 4, 5]).update(score=0.5)
    address, seen = reverse("sets:more_images", args=[made.pk]), []
    cursor = ""
    for _ in range(5):
        page = text_of(signed_in.get(address, {"sort": sort, "cursor": cursor}))
        seen += [int(number) for number in re.findall(r'data-number="(\d+)"', page)]
        further = re.search(r"cursor=([\w-]+)", page)
        if not further:
            break
        cursor = further[1]
    name, falls = sort.removeprefix("-"), sort.startswith("-")
    rows = list(made.images.order_by("index"))
    rows.sort(key=lambda image: getattr(image, name), reverse=falls and name == "index")
    if name == "score" and falls:
        rows.sort(key=lambda image: (-image.score, image.index))
    assert seen == [image.index for image in rows]
    look = galleries.Look.of({"sort": sort})
    walked, at = [], selectors.image_for(made.owner, rows[0].pk)
    while at is not None:
        walked.append(at.index)
        at = galleries.neighbours(at, look)[1]
        if at is not None:
            at.image_set = made
    assert walked == seen


def test_the_filter_shows_a_range_and_says_how_many(signed_in, made):
    Image.objects.filter(image_set=made).update(score=0.1)
    Image.objects.filter(image_set=made, index__lt=6).update(score=0.8)
    page = text_of(signed_in.get(reverse("sets:set", args=[made.pk]), {"min": "0.5"}))
    assert "6 of 20 shown" in page
    assert page.count('class="shot"') == 6
    found = signed_in.get(reverse("sets:numbers", args=[made.pk]), {"min": "0.5", "best": "3"}).json()
    assert found == {"numbers": [0, 1, 2]}
    assert signed_in.get(reverse("sets:set", args=[made.pk]), {"min": "abc"}).status_code == 400


def test_chosen_images_are_starred_deleted_and_brought_back(signed_in, made):
    act = reverse("sets:act", args=[made.pk])
    signed_in.post(act, {"do": "star", "numbers": "0-3"})
    assert made.images.filter(is_starred=True).count() == 4
    signed_in.post(act, {"do": "delete", "number": ["1", "2", "7"]})
    page = signed_in.get(reverse("sets:set", args=[made.pk]))
    assert "3 images are in the trash." in text_of(page)
    undo = re.search(r'action="(/sets/[^"]*images/restore[^"]*)"', text_of(page))[1].replace("&amp;", "&")
    made.refresh_from_db()
    assert made.count == 17
    signed_in.post(undo)
    made.refresh_from_db()
    assert made.count == 20
    answer = signed_in.post(act, {"do": "download", "numbers": "0-3,9"})
    assert answer.url == f"/api/v1/sets/{made.pk}/download?format=zip&numbers=0-3%2C9"
    answer = signed_in.post(act, {"do": "copy", "numbers": "0-3"})
    copied = ImageSet.objects.exclude(pk=made.pk).get()
    assert answer.url == reverse("sets:set", args=[copied.pk])
    assert copied.count == 4
    assert signed_in.post(act, {"do": "delete"}).status_code == 400


def test_a_scattered_choice_of_the_best_is_deleted_and_brought_back(signed_in, made):
    grow(made, 900)
    act = reverse("sets:act", args=[made.pk])
    Image.objects.filter(image_set=made, index__gte=20).update(score=0.1)
    Image.objects.filter(image_set=made, index__in=range(21, 900, 2)).update(score=0.99)
    signed_in.post(act, {"do": "delete", "whole": "?best=400"})
    page = text_of(signed_in.get(reverse("sets:set", args=[made.pk])))
    assert "400 images are in the trash." in page
    assert set(made.images.filter(deleted_at__isnull=False).values_list("score", flat=True)) == {0.99}
    undo = re.search(r'action="(/sets/[^"]*images/restore[^"]*)"', page)[1]
    signed_in.post(undo)
    assert not made.images.filter(deleted_at__isnull=False).exists()
    answer = signed_in.post(act, {"do": "download", "whole": "?best=400&min=0.5"})
    assert answer.url == f"/api/v1/sets/{made.pk}/download?format=zip&min=0.5&best=400"
    signed_in.post(act, {"do": "star", "whole": "?"})
    assert made.images.filter(is_starred=True).count() == 900


def test_made_again_says_whether_the_bytes_agree(signed_in, made, work):
    signed_in.post(reverse("sets:again", args=[made.pk]))
    work()
    other = ImageSet.objects.exclude(pk=made.pk).get()
    recipe = reverse("sets:recipe", args=[other.pk])
    assert "All 20 images are byte for byte those of" in text_of(signed_in.get(recipe))
    other.images.filter(index=5).update(sha256="f" * 64)
    assert "19 of 20 images are byte for byte" in text_of(signed_in.get(recipe))
    chosen = editing.copy(by=other.owner, image_set=other, images=other.images.filter(index__gte=10))
    copied = text_of(signed_in.get(reverse("sets:recipe", args=[chosen.pk])))
    assert "byte for byte" not in copied, "renumbered images are not held against others' numbers"


def test_more_continues_and_bad_numbers_are_refused(signed_in, made, work):
    more = reverse("sets:make_more", args=[made.pk])
    refused = signed_in.post(more, {"count": "0"})
    assert refused.status_code == 400
    assert "from 1 to 10,000" in text_of(refused)
    signed_in.post(more, {"count": "5"})
    work()
    made.refresh_from_db()
    assert made.count == 25


def test_rename_tags_and_note(signed_in, made):
    rename = reverse("sets:rename", args=[made.pk])
    assert signed_in.post(rename, {"name": "Better"}, headers={"HX-Request": "true"}).status_code == 204
    signed_in.post(rename, {"name": "Better", "tags": "one, two,,one", "note": "<b>"})
    made.refresh_from_db()
    assert (made.name, made.tags, made.note) == ("Better", ["one", "two"], "<b>")
    assert "<b>" not in text_of(signed_in.get(reverse("sets:set", args=[made.pk])))
    assert signed_in.post(rename, {"name": " "}).status_code == 400


def test_history_finds_filters_and_throws_away_with_undo(signed_in, made, order):
    order(3, name="Under way", tags=["ладонь"])
    history = reverse("sets:history")

    def names(**query):
        return re.findall(r'class="history__name"[^>]*>([^<]*)<', text_of(signed_in.get(history, query)))

    assert names() == ["Under way", "Twenty"]
    assert names(q="twen") == ["Twenty"]
    assert names(q="ладонь") == names(state="open") == names(tag="ладонь") == ["Under way"]
    assert names(state="done") == ["Twenty"]
    assert names(sort="name") == ["Twenty", "Under way"]
    signed_in.post(reverse("sets:bulk"), {"do": "delete", "set": [str(made.pk)]})
    page = text_of(signed_in.get(history))
    undo = re.search(r'action="(/history/bulk\?[^"]*)"', page)[1].replace("&amp;", "&")
    assert names() == ["Under way"]
    assert "Twenty" in text_of(signed_in.get(reverse("sets:trash")))
    signed_in.post(undo)
    assert names() == ["Under way", "Twenty"]


def test_history_pages_by_key(signed_in, alice):
    for number in range(60):
        ImageSet.objects.create(owner=alice, name=f"set {number:02d}", count=number % 3)
    for sort in ("", "old", "name", "count"):
        seen, address = [], f"{reverse('sets:history')}?sort={sort}"
        while address:
            page = text_of(signed_in.get(address))
            seen += re.findall(r'class="history__name"[^>]*>([^<]*)<', page)
            further = re.search(r'href="(\?[^"]*)" rel="next"', page)
            address = reverse("sets:history") + further[1].replace("&amp;", "&") if further else ""
        assert len(seen) == len(set(seen)) == 60


def test_an_empty_history_leads_to_the_first_set(signed_in):
    assert "Make your first set" in text_of(signed_in.get(reverse("sets:history")))
    assert signed_in.get("/").url == reverse("sets:new")


def test_a_link_opens_the_set_to_whoever_has_it_until_it_is_revoked(signed_in, client, made):
    page = text_of(signed_in.post(reverse("sets:make_link", args=[made.pk]), {"days": "7"}))
    secret = re.search(r"/shared/([\w-]{43})", page)[1]
    client.logout()
    looks = [
        reverse("sets:shared", args=[secret]),
        reverse("sets:shared_thumb", args=[secret, 3]),
        reverse("sets:shared_file", args=[secret, 3]),
    ]
    assert [status_of(client, look) for look in looks] == [200, 200, 200]
    made.shares.all().delete()
    assert [status_of(client, look) for look in looks] == [404, 404, 404]


def test_was_this_made_here(signed_in, client, bob, made):
    path = storage.image_path(made, 4)
    saved = io.BytesIO()
    Pillow.open(path).save(saved, "BMP")  # another file, the same pixels

    def ask(data):
        file = io.BytesIO(data)
        file.name = "x.bmp"
        return client.post(reverse("sets:made_here"), {"image": file})

    assert "It is image 4 of “Twenty”" in text_of(ask(saved.getvalue()))
    for person in (bob, None):
        client.logout()
        if person:
            client.force_login(person)
        page = text_of(ask(saved.getvalue()))
        assert "Yes, it was made here" in page
        assert "Twenty" not in page
    other = io.BytesIO()
    Pillow.new("RGB", (64, 64)).save(other, "PNG")
    assert "Not known here" in text_of(ask(other.getvalue()))
    assert ask(b"\x89PNG\r\n\x1a\n broken").status_code == 400
    assert client.post(reverse("sets:made_here")).status_code == 400


def test_models_and_samples(signed_in, client, stand_in):
    page = text_of(signed_in.get(reverse("sets:models")))
    assert "Untrained: it makes noise" in page
    client.logout()
    sample = reverse("sets:sample", args=[stand_in.name, 0])
    answer = client.get(sample)
    assert b"".join(answer).startswith(b"\x89PNG")
    type(stand_in).objects.filter(pk=stand_in.pk).update(state="verified", is_default=False)
    assert client.get(sample).status_code == 404
    assert client.get("/").status_code == 200


def test_the_page_lists_the_shards_of_what_is_chosen(signed_in, made):
    downloads = text_of(signed_in.get(reverse("sets:downloads", args=[made.pk]), {"numbers": "0-3"}))
    assert '<option value="0.1" selected>10 %</option>' in downloads
    assert '<input type="hidden" name="numbers" value="0-3">' in downloads
    assert "curl -C - -o twenty.zip -H" in downloads, "curl refuses -C together with -J"
    shards = reverse("sets:shards", args=[made.pk])
    assert f'href="{shards}?numbers=0-3"' in downloads
    page = text_of(signed_in.get(shards, {"numbers": "0-3"}))
    links = [html.unescape(link) for link in re.findall(r'<td><a href="([^"]*)"', page)]
    assert [("webdataset-papers" in link, "numbers=0-3" in link) for link in links] == [
        (False, True),
        (True, True),
    ]
    for link in links:
        assert status_of(signed_in, link) == 200
    folder = {"format": "imagefolder", "val": "0.5", "numbers": "0-3"}
    assert signed_in.get(reverse("api-set-download", args=[made.pk]), folder).status_code == 200


def test_a_kid_stands_with_what_it_was_measured_on(signed_in, made, alice):
    measures = {"kid": 0.0123, "kid_ci": [0.0101, 0.0145], "n": 1000, "n_ref": 312, "real_kid": 0.0011}
    named = {"reference": "Held-out palms", "extractor": "efficientnet-lite2"}
    how = "1,000 images against the 312 real ones of “Held-out palms”, in EfficientNet-Lite2. Real ones get 1.1."
    _share, secret = sharing.make_link(by=alice, image_set=made)
    pages = [
        reverse("sets:set", args=[made.pk]),
        reverse("sets:history"),
        reverse("sets:shared", args=[secret]),
    ]
    # A row from before says only how far it was.
    for quality, is_told in (({**measures, **named}, True), (measures, False)):
        ImageSet.objects.filter(pk=made.pk).update(quality=quality)
        for page in pages:
            text = html.unescape(text_of(signed_in.get(page)))
            assert "KID 12.3" in text, page
            assert (how in text, "in EfficientNet" in text) == (is_told, is_told), page
