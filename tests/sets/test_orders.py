"""The life of an order, with a real engine and real jobs: made, stopped, gone on with, broken, settled."""

import hashlib
import zlib

import cv2
import pytest
from django.conf import settings as site
from django.urls import reverse

from accounts import ledger
from accounts.errors import Conflict, InvalidInput, NotFound, OverQuota
from generation.jobs.models import Job
from generation.sets import layouts, order_words, selectors, services, storage
from generation.sets.card import card
from generation.sets.models import Chunk, Image, Order
from mlcore import images
from mlcore.spec import GenerationSpec

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def used(user):
    use = ledger.usage(user)
    return use["images"].used, use["bytes"].used


def test_an_order_is_made_and_every_row_tells_the_truth_of_its_file(order, work, alice):
    made = order(20)
    assert used(alice)[0] == 20
    work()
    made.refresh_from_db()
    assert (made.state, made.text) == (Order.State.DONE, "")
    made.image_set.refresh_from_db()
    assert (made.image_set.count, made.image_set.is_partial) == (20, False)
    for image in made.image_set.images.all():
        data = storage.image_path(made.image_set, image.index).read_bytes()
        assert (image.size, image.crc32) == (len(data), zlib.crc32(data))
        assert image.sha256 == hashlib.sha256(data).hexdigest()
        assert 0 <= image.score <= 1
        assert cv2.imread(str(storage.thumb_path(made.image_set, image.index))).shape == (64, 64, 3)
        recipe = images.png_text(data)["palmsite"]
        assert made.checkpoint.sha256 in recipe
        assert str(made.image_set_id) not in recipe
    assert used(alice) == (20, made.image_set.size)
    assert made.image_set.recipe["machine"]
    assert made.image_set.recipe["palmsite"] == site.PALMSITE_VERSION


def test_a_set_that_several_versions_made_names_them_all(order, work, client, alice, settings, monkeypatch):
    monkeypatch.setattr(services, "CHUNK_SIZES", (16, 16))
    made = order(48)
    for version in ("0.1.0", "0.1.1", "0.1.1"):
        settings.PALMSITE_VERSION = version
        assert work(most=1) == 1
    made.image_set.refresh_from_db()
    recipe = made.image_set.recipe
    assert recipe["palmsite"] == "0.1.0, 0.1.1"
    assert "," not in recipe["machine"] + recipe["torch"] + recipe["backend"]
    assert "- palmsite: 0.1.0, 0.1.1\n" in card(made.image_set, 48, "")
    assert layouts.manifest(made.image_set, [])["recipe"]["palmsite"] == "0.1.0, 0.1.1"
    client.force_login(alice)
    page = client.get(reverse("sets:recipe", args=[made.image_set_id])).content.decode()
    assert "<dt>palmsite</dt><dd>0.1.0, 0.1.1</dd>" in page
    pictures = [images.png_text(storage.image_path(made.image_set, index).read_bytes()) for index in (0, 47)]
    assert not any("0.1.1" in picture["palmsite"] for picture in pictures), "the bytes know no version"


def test_the_same_recipe_gives_the_same_bytes_whoever_orders(order, work, bob):
    one, other = order(20), order(20, by=bob)
    work()
    hashes = [list(each.image_set.images.values_list("sha256", flat=True)) for each in (one, other)]
    assert hashes[0] == hashes[1]
    assert len(set(hashes[0])) == 20


def test_a_stopped_order_keeps_what_is_made_and_goes_on(order, work, alice, monkeypatch):
    monkeypatch.setattr(services, "CHUNK_SIZES", (16, 16))
    made = order(40)
    assert work(most=1) == 1
    services.cancel(by=alice, order=made)
    work()
    made.refresh_from_db()
    assert (made.state, made.text) == (Order.State.CANCELLED, "Stopped at 16 images. Keep them or go on.")
    made.image_set.refresh_from_db()
    assert (made.image_set.count, made.image_set.is_partial) == (16, True)
    assert used(alice) == (16, made.image_set.size)
    services.resume(by=alice, order=made)
    work()
    made.refresh_from_db()
    made.image_set.refresh_from_db()
    assert (made.state, made.image_set.count, made.image_set.is_partial) == (Order.State.DONE, 40, False)
    assert used(alice) == (40, made.image_set.size)


def test_a_stopped_order_whose_images_are_not_wanted_goes_to_the_trash(order, work, alice):
    made = order(20)
    services.cancel(by=alice, order=made, keep=False)
    work()
    made.image_set.refresh_from_db()
    assert made.image_set.deleted_at is not None
    assert made.image_set.count == 0
    assert used(alice) == (0, 0)


def test_a_broken_model_fails_with_a_reason_and_gives_the_charge_back(order, work, alice):
    made = order(20)
    storage.checkpoint_path(made.checkpoint).write_bytes(b"PK\x03\x04 not weights")
    work()
    made.refresh_from_db()
    assert (made.state, made.code) == (Order.State.FAILED, "model_broken")
    assert "cannot be used" in made.text
    assert used(alice) == (0, 0)


def test_a_full_disk_fails_with_a_reason_and_the_order_goes_on_later(order, work, alice, monkeypatch):
    made = order(20)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "keep", full)
        work()
    made.refresh_from_db()
    assert (made.state, made.code) == (Order.State.FAILED, "no_room")
    services.resume(by=alice, order=made)
    work()
    made.refresh_from_db()
    assert made.state == Order.State.DONE


def test_a_chunk_that_was_broken_off_is_completed_not_repeated(order, work):
    made = order(20)
    work()
    before = dict(made.image_set.images.values_list("index", "sha256"))
    Image.objects.filter(image_set=made.image_set, index__in=[3, 17]).delete()
    Order.objects.filter(pk=made.pk).update(state="open", ended_at=None)
    Chunk.objects.filter(order=made).update(is_done=False, job=None)
    made.refresh_from_db()
    services._enqueue_open_chunks(made)
    work()
    assert dict(made.image_set.images.values_list("index", "sha256")) == before


def test_unreachable_probability_is_reported_as_a_shortfall(order, work, alice):
    made = order(4, min_probability=0.99, max_draws=2)
    work()
    made.refresh_from_db()
    assert (made.state, made.code) == (Order.State.DONE, "short")
    assert "did not reach the least probability" in made.text
    assert used(alice)[0] == made.image_set.images.count() < 4


def test_a_preview_that_is_kept_begins_the_set(order, work, alice):
    preview = order(8, is_preview=True)
    assert Job.objects.get().queue == "short"
    work()
    seen = list(preview.image_set.images.values_list("sha256", flat=True))
    kept = services.continue_preview(by=alice, preview=preview, spec=GenerationSpec(count=24, seed=4711))
    assert kept.image_set_id == preview.image_set_id
    work()
    kept.image_set.refresh_from_db()
    assert (kept.image_set.count, kept.image_set.is_preview, kept.image_set.is_partial) == (24, False, False)
    assert list(kept.image_set.images.values_list("sha256", flat=True))[:8] == seen
    assert used(alice) == (24, kept.image_set.size)


def test_more_continues_the_numbers(order, work, alice):
    first = order(10)
    work()
    start = services.next_index(first.image_set)
    spec = GenerationSpec(count=5, seed=4711, first_index=start)
    services.order_images(by=alice, checkpoint=first.checkpoint, spec=spec, image_set=first.image_set)
    work()
    first.image_set.refresh_from_db()
    assert list(first.image_set.images.values_list("index", flat=True)) == list(range(15))
    assert first.image_set.count == 15


def test_refusals(order, stand_in, alice, settings):
    with pytest.raises(InvalidInput, match="from 1 to 10,000"):
        order(10_001)
    with pytest.raises(InvalidInput, match="left from right"):
        order(5, hand="left")
    for _ in range(3):
        order(1)
    with pytest.raises(OverQuota, match="3 orders under way"):
        order(1)
    assert Order.objects.count() == 3
    stand_in.state, stand_in.is_default = "retired", False
    stand_in.save()
    with pytest.raises(InvalidInput, match="no longer offered"):
        order(1)
    settings.PALMSITE_QUOTAS = {**settings.PALMSITE_QUOTAS, "stored_images": 3}
    assert Job.objects.count() == 3


def test_over_quota_leaves_nothing_behind(order, settings):
    settings.PALMSITE_QUOTAS = {**settings.PALMSITE_QUOTAS, "stored_images": 5}
    with pytest.raises(OverQuota):
        order(6)
    assert Order.objects.count() == Job.objects.count() == 0


def test_others_neither_stop_nor_resume(order, work, bob):
    made = order(20)
    with pytest.raises(NotFound):
        services.cancel(by=bob, order=made)
    with pytest.raises(NotFound):
        services.resume(by=bob, order=made)
    work()
    made.refresh_from_db()
    with pytest.raises(Conflict):
        services.cancel(by=made.owner, order=made)


def test_chunks_cover_the_order_once_and_follow_the_speed(stand_in):
    for seconds, count, size in ((0.001, 10_000, 256), (3.0, 100, 16), (0.2, 100, 64)):
        stand_in.seconds_per_image = seconds
        parts = services.pieces(GenerationSpec(count=count, first_index=7), stand_in)
        assert parts[0] == (7, min(size, count))
        covered = [index for first, length in parts for index in range(first, first + length)]
        assert covered == list(range(7, 7 + count))


def test_the_place_in_the_queue_counts_orders_of_others_and_not_their_parts(
    alice, bob, charlie, model, monkeypatch
):
    monkeypatch.setattr(services, "CHUNK_SIZES", (16, 16))

    def ask(by, count):
        made = services.order_images(by=by, checkpoint=model, spec=GenerationSpec(count=count, seed=1))
        return selectors.order_for(by, made.pk)

    ask(alice, 160)
    ask(charlie, 16)
    first, second = ask(bob, 48), ask(bob, 16)
    assert order_words.progress(first) == "0 of 48, you are next after 2 orders of others"
    # Three turns of bob's and one more: alice's one large order goes before, and charlie's.
    assert order_words.progress(second) == "0 of 16, you are next after 2 orders of others"
    ask(alice, 16)
    assert order_words.progress(second) == "0 of 16, you are next after 2 orders of others"
