"""Deleted, got back, gone for good; and the account after each step."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import ledger
from accounts.errors import NotFound, OverQuota
from generation.sets import editing, selection, selectors, services, storage, trash
from generation.sets.models import Image, ImageSet, Order

pytestmark = pytest.mark.django_db


def used(user):
    use = ledger.usage(user)
    return use["images"].used, use["bytes"].used


def old(rows):
    rows.update(deleted_at=timezone.now() - timedelta(days=31))


def test_a_set_goes_comes_back_and_goes_for_good(full_set, alice, django_capture_on_commit_callbacks):
    image_set = full_set(alice, 3)
    before = used(alice)
    trash.delete_set(by=alice, image_set=image_set)
    trash.delete_set(by=alice, image_set=image_set)
    assert used(alice) == (0, 0)
    with pytest.raises(NotFound):
        selectors.set_for(alice, image_set.pk)
    assert list(selectors.trash_of(alice)) == [image_set]
    trash.restore_set(by=alice, image_set=selectors.own_set_for(alice, image_set.pk))
    trash.restore_set(by=alice, image_set=image_set)
    assert used(alice) == before
    assert selectors.set_for(alice, image_set.pk) == image_set
    with django_capture_on_commit_callbacks(execute=True):
        trash.purge_set(by=alice, image_set=image_set)
    assert used(alice) == (0, 0)
    assert not storage.folder(image_set).exists()
    assert not ImageSet.objects.exists()


def test_several_come_back_together_or_not_at_all(full_set, alice, settings, client):
    sets = [full_set(alice, 2), full_set(alice, 2)]
    client.force_login(alice)
    chosen = {"set": [str(one.pk) for one in sets]}
    client.post(reverse("sets:bulk"), {"do": "delete", **chosen})
    settings.PALMSITE_QUOTAS = {**settings.PALMSITE_QUOTAS, "stored_images": 3}
    assert client.post(reverse("sets:bulk"), {"do": "restore", **chosen}).status_code == 409
    assert (selectors.trash_of(alice).count(), used(alice)) == (2, (0, 0))


def test_coming_back_needs_room(full_set, alice, settings):
    image_set = full_set(alice, 3)
    trash.delete_set(by=alice, image_set=image_set)
    settings.PALMSITE_QUOTAS = {**settings.PALMSITE_QUOTAS, "stored_images": 2}
    with pytest.raises(OverQuota):
        trash.restore_set(by=alice, image_set=image_set)
    assert list(selectors.trash_of(alice)) == [image_set]


def test_images_go_and_come_back_and_the_rest_is_recounted(full_set, alice, bob):
    image_set = full_set(alice, 6)
    before, version = used(alice), image_set.version
    some = selection.selected(image_set, selection.parse({"numbers": "1-2"}))
    with pytest.raises(NotFound):
        trash.delete_images(by=bob, image_set=image_set, images=some)
    assert trash.delete_images(by=alice, image_set=image_set, images=some) == 2
    image_set.refresh_from_db()
    assert (image_set.count, image_set.version) == (4, version + 1)
    assert used(alice) == (4, image_set.size)
    assert trash.delete_images(by=alice, image_set=image_set, images=some) == 0
    # The set goes and comes back without them.
    trash.delete_set(by=alice, image_set=image_set)
    assert used(alice) == (0, 0)
    trash.restore_set(by=alice, image_set=image_set)
    assert used(alice)[0] == 4
    assert trash.restore_images(by=alice, image_set=image_set, images=trash.deleted_images(image_set)) == 2
    assert used(alice) == before


def test_the_sweep_takes_what_has_lain_long_and_only_that(full_set, alice):
    fresh, stale, holed = full_set(alice, 2), full_set(alice, 2), full_set(alice, 3)
    for image_set in (fresh, stale):
        trash.delete_set(by=alice, image_set=image_set)
    old(ImageSet.objects.filter(pk=stale.pk))
    trash.delete_images(by=alice, image_set=holed, images=holed.images.filter(index=1))
    old(Image.objects.filter(image_set=holed, index=1))
    found = list(trash.leftovers())
    assert len(found) == 2
    for leftover in found:
        leftover.remove()
    assert set(ImageSet.objects.all()) == {fresh, holed}
    assert not storage.image_path(holed, 1).exists()
    assert storage.image_path(holed, 2).exists()
    assert used(alice)[0] == 2
    assert list(trash.leftovers()) == []


def test_a_preview_nobody_kept_goes_with_its_charge(full_set, alice):
    preview = full_set(alice, 2, is_preview=True)
    assert list(trash.leftovers()) == []
    ImageSet.objects.filter(pk=preview.pk).update(created_at=timezone.now() - timedelta(days=2))
    [leftover] = trash.leftovers()
    leftover.remove()
    assert used(alice) == (0, 0)


@pytest.mark.slow
def test_deleting_a_set_that_is_being_made_stops_it_and_the_account_is_even(order, work, alice, monkeypatch):
    monkeypatch.setattr(services, "CHUNK_SIZES", (16, 16))
    made = order(40)
    work(most=1)
    trash.delete_set(by=alice, image_set=made.image_set)
    work()
    made.refresh_from_db()
    assert made.state == Order.State.CANCELLED
    assert used(alice) == (0, 0)
    trash.restore_set(by=alice, image_set=made.image_set)
    made.image_set.refresh_from_db()
    assert used(alice) == (16, made.image_set.size)


def test_a_copy_is_a_set_of_its_own(full_set, alice, bob):
    image_set = full_set(alice, 6)
    chosen = selection.selected(image_set, selection.parse({"best": "2"}))
    with pytest.raises(NotFound):
        editing.copy(by=bob, image_set=image_set, images=chosen)
    made = editing.copy(by=alice, image_set=image_set, images=chosen, name="the best")
    wanted = [image.sha256 for image in chosen]
    assert [image.sha256 for image in selectors.images_of(made)] == wanted
    assert used(alice) == (8, image_set.size + made.size)
    trash.purge_set(by=alice, image_set=image_set)
    for image in selectors.images_of(made):
        assert storage.image_path(made, image.index).stat().st_size == image.size


def test_stars(full_set, alice, bob):
    image_set = full_set(alice, 3)
    assert trash.star(by=alice, image_set=image_set, images=image_set.images.filter(index=1)) == 1
    assert list(image_set.images.filter(is_starred=True).values_list("index", flat=True)) == [1]
    with pytest.raises(NotFound):
        trash.star(by=bob, image_set=image_set, images=image_set.images.all())
