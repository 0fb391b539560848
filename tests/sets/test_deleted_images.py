"""Deleted images are found again by their owner alone; what cannot be done is not offered; who looks may choose."""

import pytest
from django.urls import reverse

from generation.sets import sharing, trash
from generation.sets.models import Order

pytestmark = pytest.mark.django_db


@pytest.fixture
def palms(full_set, alice):
    """Alice's ten, of which three are deleted."""
    image_set = full_set(alice, 10)
    trash.delete_images(by=alice, image_set=image_set, images=image_set.images.filter(index__in=(2, 5, 7)))
    image_set.refresh_from_db()
    return image_set


def status_of(answer):
    """The status; a file is read to its end, which closes it."""
    if answer.streaming:
        b"".join(answer)
    return answer.status_code


def page_of(client, name, *args):
    return client.get(reverse(name, args=args)).content.decode()


def test_the_page_of_a_set_leads_to_its_deleted_images_and_they_come_back(client, alice, palms):
    client.force_login(alice)
    here = reverse("sets:deleted", args=[palms.pk])
    assert f'href="{here}">3 deleted images' in page_of(client, "sets:set", palms.pk)
    page = client.get(here)
    assert [image.index for image in page.context["images"]] == [2, 5, 7]
    for image in page.context["images"]:
        assert status_of(client.get(reverse("sets:thumb", args=[image.pk]))) == 200
        assert client.get(reverse("sets:image_file", args=[image.pk])).status_code == 404
    back = reverse("sets:restore_images", args=[palms.pk])
    assert client.post(back, {"number": ["5"], "next": here})["Location"] == here
    assert [image.index for image in client.get(here).context["images"]] == [2, 7]
    assert client.post(back).status_code == 400
    client.post(back, {"do": "all"})
    assert "No image of this set is in the trash" in page_of(client, "sets:deleted", palms.pk)
    assert "deleted image" not in page_of(client, "sets:set", palms.pk)


def test_a_set_whose_images_are_all_deleted_leads_to_them_and_offers_no_download(client, alice, palms):
    trash.delete_images(by=alice, image_set=palms, images=palms.images.all())
    client.force_login(alice)
    page = page_of(client, "sets:set", palms.pk)
    assert "10 deleted images" in page
    assert "download?format" not in page
    assert "no images to download" in page_of(client, "sets:downloads", palms.pk)


def test_deleted_images_are_their_owners_alone(client, api, alice, bob, palms):
    sharing.share_with(by=alice, image_set=palms, username="bob", days=None)
    client.force_login(bob)
    deleted = palms.images.get(index=2)
    assert "deleted image" not in page_of(client, "sets:set", palms.pk)
    assert client.get(reverse("sets:deleted", args=[palms.pk])).status_code == 404
    assert client.get(reverse("sets:thumb", args=[deleted.pk])).status_code == 404
    api.force_authenticate(bob)
    assert api.get(f"/api/v1/sets/{palms.pk}/images", {"deleted": "1"}).status_code == 404
    assert api.get(f"/api/v1/images/{deleted.pk}/thumb").status_code == 404


def test_the_api_lists_deleted_images(api, palms):
    address = f"/api/v1/sets/{palms.pk}/images"

    def found(**query):
        return [one["index"] for one in api.get(address, query).json()["results"]]

    assert found(deleted="1") == [2, 5, 7]
    assert found(deleted="1", numbers="5-9", sort="-index") == [7, 5]
    assert len(found(deleted="0")) == len(found()) == 7
    first = api.get(address, {"deleted": "1", "page_size": "2"}).json()
    assert first["results"][0]["deleted_at"]
    assert [one["index"] for one in api.get(first["next"]).json()["results"]] == [7]
    assert status_of(api.get(f"/api/v1/images/{first['results'][0]['id']}/thumb")) == 200
    assert api.get(address, {"deleted": "maybe"}).status_code == 400


def test_who_may_look_may_choose_to_download_and_nothing_more(client, alice, bob, palms):
    sharing.share_with(by=alice, image_set=palms, username="bob", days=None)
    client.force_login(bob)
    page = page_of(client, "sets:set", palms.pk)
    assert 'class="shot__tick"' in page
    assert 'value="download"' in page
    for word in ("star", "unstar", "copy", "delete"):
        assert f'name="do" value="{word}"' not in page
        answer = client.post(reverse("sets:act", args=[palms.pk]), {"do": word, "numbers": "0"})
        assert answer.status_code == 404
    for word, where in (("download", "/download?"), ("forms", "/downloads?")):
        answer = client.post(reverse("sets:act", args=[palms.pk]), {"do": word, "numbers": "0-1"})
        assert where in answer["Location"]
        assert status_of(client.get(answer["Location"])) == 200


def test_stars_are_taken_off_together(client, alice, palms):
    palms.images.update(is_starred=True)
    client.force_login(alice)
    assert 'name="do" value="unstar"' in page_of(client, "sets:set", palms.pk)
    client.post(reverse("sets:act", args=[palms.pk]), {"do": "unstar", "numbers": "0-4"})
    assert palms.images.filter(is_starred=True, index__lte=4).count() == 1, "the deleted one was not chosen"


def test_an_order_whose_set_is_in_the_trash_offers_to_take_it_back(client, alice, palms, model):
    order = Order.objects.create(
        owner=alice,
        image_set=palms,
        checkpoint=model,
        state="cancelled",
        spec={"version": 1, "count": 20, "seed": 1},
        ended_at=palms.created_at,
    )
    client.force_login(alice)
    resume = reverse("sets:resume", args=[order.pk])
    assert resume in page_of(client, "sets:order", order.pk)
    trash.delete_set(by=alice, image_set=palms)
    page = page_of(client, "sets:order", order.pk)
    assert resume not in page
    assert reverse("sets:restore", args=[palms.pk]) in page
