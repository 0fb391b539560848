"""What the API does as the pages do: make again, make more, look before ordering, ask where an image is from."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image as Pillow
from rest_framework.test import APIClient

from accounts import ledger
from accounts.models import KeptAnswer
from generation.jobs.models import Job
from generation.sets import order_progress, selectors, sharing, storage
from generation.sets.models import ImageSet, Order, Scoring, Share

pytestmark = pytest.mark.django_db
ORDERS = "/api/v1/orders"


@pytest.fixture
def client(alice):
    client = APIClient()
    client.force_authenticate(alice)
    return client


@pytest.fixture
def made(order, work):
    """Alice's finished set of four."""
    its = order(4, name="Four")
    work()
    return ImageSet.objects.get(pk=its.image_set_id)


@pytest.fixture
def at(made):
    return f"/api/v1/sets/{made.pk}"


def problem(answer, status, *fields):
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == list(fields)
    return answer.json()


def keyed(client, address, body=None, key="k"):
    return client.post(address, body or {}, headers={"Idempotency-Key": key})


@pytest.mark.slow
def test_a_set_made_again_says_how_far_the_bytes_agree(client, at, made, work):
    assert client.get(at).json()["agreement"] is None
    first, same = keyed(client, f"{at}/again"), keyed(client, f"{at}/again")
    assert (first.status_code, same.json()["id"]) == (201, first.json()["id"])
    assert Order.objects.count() == 2
    assert client.get(first["Location"]).json()["total"] == 4
    again = f"/api/v1/sets/{first.json()['set']}"
    assert client.get(again).json()["agreement"] == {
        "first": str(made.pk), "same": 0, "compared": 0, "agrees": False,
    }  # fmt: skip
    work()
    shown = client.get(again).json()
    assert shown["name"] == "Four, again"
    assert shown["agreement"] == {"first": str(made.pk), "same": 4, "compared": 4, "agrees": True}


@pytest.mark.slow
def test_a_set_that_grew_beyond_one_order_is_made_again_as_a_whole(client, at, work, settings):
    settings.PALMSITE_QUOTAS = {**settings.PALMSITE_QUOTAS, "images_per_order": 6, "stored_images": 16}
    more = keyed(client, f"{at}/more", {"count": 4})
    assert (more.status_code, more.json()["set"]) == (201, at.rsplit("/", 1)[1])
    assert keyed(client, f"{at}/more", {"count": 4}).json()["id"] == more.json()["id"]
    work()
    assert client.get(at).json()["count"] == 8
    problem(client.post(f"{at}/more", {"count": 7}), 400, "count")
    again = client.post(f"{at}/again")
    assert (again.status_code, again.json()["total"]) == (201, 8)
    work()
    agreement = client.get(f"/api/v1/sets/{again.json()['set']}").json()["agreement"]
    assert (agreement["same"], agreement["agrees"]) == (8, True)
    # The room for images stays a limit.
    assert problem(client.post(f"{at}/again"), 409)["code"] == "over_quota_images"


def test_a_selection_has_no_recipe_of_its_own(client, full_set, alice, model):
    chosen = full_set(alice, 2, checkpoint=model, recipe={"seed": 1, "count": 4, "copied_from": "x"})
    for what, body in (("again", {}), ("more", {"count": 1})):
        assert problem(client.post(f"/api/v1/sets/{chosen.pk}/{what}", body), 409)["code"] == "no_recipe"


@pytest.mark.slow
def test_a_preview_is_eight_images_that_are_kept_and_gone_on_from(client, stand_in, work):
    wish = {"count": 20, "name": "Left", "tags": ["a"], "preview": True}
    body = client.post(ORDERS, wish).json()
    assert (body["total"], body["preview"], Job.objects.get().queue) == (8, True, "short")
    work()
    seen = [one["sha256"] for one in client.get(f"/api/v1/sets/{body['set']}/images").json()["results"]]
    assert len(seen) == 8
    assert client.get(ORDERS).json()["results"] == client.get("/api/v1/sets").json()["results"] == []
    address = f"{ORDERS}/{body['id']}/keep"
    problem(client.post(address, {"count": 7}), 400, "count")
    problem(client.post(address, {}), 400, "count")
    problem(client.post(address, {"count": 20, "seed": 3}), 400, "seed")
    kept = keyed(client, address, {"count": 20})
    assert keyed(client, address, {"count": 20}).json() == kept.json()
    assert (kept.json()["set"], kept.json()["seed"], kept.json()["preview"]) == (
        body["set"],
        body["seed"],
        False,
    )
    work()
    shown = client.get(f"/api/v1/sets/{body['set']}").json()
    assert (shown["name"], shown["tags"], shown["count"], shown["is_partial"]) == ("Left", ["a"], 20, False)
    images = client.get(f"/api/v1/sets/{body['set']}/images").json()["results"]
    assert [one["sha256"] for one in images][:8] == seen
    assert problem(client.post(address, {"count": 20}), 409)["code"] == "no_preview"


@pytest.mark.slow
def test_a_preview_that_is_not_wanted_goes(client, stand_in, work, alice):
    first = client.post(ORDERS, {"count": 3, "preview": True}).json()
    assert first["total"] == 3
    work()
    second = client.post(ORDERS, {"count": 3, "preview": True}).json()
    problem(client.get(f"/api/v1/sets/{first['set']}"), 404)
    assert client.delete(f"/api/v1/sets/{second['set']}").status_code == 204
    work()
    assert ledger.usage(alice)["images"].used == 0
    problem(client.post(f"{ORDERS}/{second['id']}/keep", {"count": 8}), 409)


@pytest.mark.slow
def test_an_order_says_how_fast_it_goes_and_where_it_waits(client, bob, order):
    order(16, by=bob)
    address = f"{ORDERS}/{order(20).pk}"

    def said():
        body = client.get(address).json()
        return body["rate"], body["seconds_left"], body["place"]

    assert said() == (None, None, 1)
    job = Job.objects.filter(owner__username="alice").first()
    Job.objects.filter(pk=job.pk).update(
        state="running",
        attempt=1,
        rate=4.0,
        worker="w",
        lease_until=job.created_at,
        claimed_at=job.created_at,
    )
    assert said() == (4.0, 5, None)
    Order.objects.filter(owner__username="alice").update(state="done", ended_at=job.created_at)
    assert said() == (None, None, None)


def test_an_order_whose_jobs_are_gone_says_nothing_of_its_speed(alice, model, client):
    body = client.post(ORDERS, {"count": 2}).json()
    Job.objects.all().delete()
    assert order_progress.of(selectors.order_for(alice, body["id"])) == order_progress.Progress()


def test_copies_scores_and_shares_are_made_once_a_key(client, full_set, alice, bob, model):
    palms = full_set(alice, 4, checkpoint=model)
    at = f"/api/v1/sets/{palms.pk}"
    copies = [keyed(client, f"{at}/images/copy", {"all": True}, "copy") for _ in range(2)]
    assert copies[0].json() == copies[1].json()
    assert copies[1]["Location"].endswith(f"/api/v1/sets/{copies[0].json()['id']}")
    assert ImageSet.objects.count() == 2
    assert ledger.usage(alice)["images"].used == 8
    image = palms.images.first()
    for where, key in ((f"{at}/scores", "set"), (f"/api/v1/images/{image.pk}/scores", "image")):
        jobs = []
        for _ in range(2):
            jobs.append(keyed(client, where, {"scorer": "palm-d"}, key).json()["id"])
            # Without the key the second would be another job: the first has ended.
            Job.objects.all().delete()
        assert jobs[0] == jobs[1]
    assert Scoring.objects.count() == 2
    people = [keyed(client, f"{at}/shares", {"user": "bob"}, "bob").json() for _ in range(2)]
    assert people[0] == people[1]
    assert people[0]["link"] is None


def test_the_secret_of_a_link_is_in_no_stored_answer(client, full_set, alice):
    at = f"/api/v1/sets/{full_set(alice, 1).pk}/shares"
    first, second = keyed(client, at, {"days": 3}), keyed(client, at, {"days": 3})
    secret = first.json()["link"].rsplit("/", 1)[1]
    assert sharing.set_by_link(secret)
    assert (second.status_code, second.json()) == (201, {**first.json(), "link": None})
    assert Share.objects.count() == 1
    assert secret not in str(list(KeptAnswer.objects.values()))
    assert client.post(at, {"days": 3}).json()["link"]


def picture(colour, kind="PNG"):
    buffer = io.BytesIO()
    Pillow.new("RGB", (8, 8), colour).save(buffer, kind)
    return SimpleUploadedFile("palm.png", buffer.getvalue(), content_type="image/png")


@pytest.mark.slow
def test_made_here_names_the_image_to_those_who_may_see_it(client, made, bob):
    image = made.images.get(index=2)
    data = storage.image_path(made, 2).read_bytes()

    def ask(file):
        return client.post("/api/v1/made-here", {"image": file}, format="multipart")

    def palm():
        return SimpleUploadedFile("any.png", data, content_type="image/png")

    body = ask(palm()).json()
    assert (body["made_here"], body["pixels_sha256"]) == (True, image.pixels_sha256)
    assert (body["image"]["id"], body["image"]["set"], body["image"]["index"]) == (image.pk, str(made.pk), 2)
    unknown = {"made_here": False, "image": None}
    assert {name: ask(picture("red")).json()[name] for name in unknown} == unknown
    for person in (bob, None):
        client.force_authenticate(person)
        body = ask(palm()).json()
        assert (body["made_here"], body["image"]) == (True, None)
        assert str(made.pk) not in str(body)
    problem(ask(SimpleUploadedFile("x.png", b"no picture")), 400, "image")
    problem(client.post("/api/v1/made-here", {"image": "x"}), 400, "image")
    problem(client.post("/api/v1/made-here"), 400, "image")


@pytest.mark.slow
def test_another_persons_set_and_preview_are_not_there(client, at, made, order, alice, bob, charlie):
    preview = order(8, is_preview=True)
    sharing.share_with(by=alice, image_set=made, username="bob")
    before = Order.objects.count()
    for person in (bob, charlie):
        client.force_authenticate(person)
        problem(client.post(f"{at}/again"), 404)
        problem(client.post(f"{at}/more", {"count": 1}), 404)
        problem(client.post(f"{ORDERS}/{preview.pk}/keep", {"count": 8}), 404)
    assert Order.objects.count() == before


def test_lists_need_not_be_sent_twice(client, full_set, alice, model):
    palms = full_set(alice, 3, checkpoint=model)
    at = f"/api/v1/sets/{palms.pk}"
    for address in (
        "/api/v1/sets", "/api/v1/orders", "/api/v1/models", "/api/v1/exports", "/api/v1/webhooks",
        f"{at}/images", f"{at}/shares", f"{at}/scores",
    ):  # fmt: skip
        answer = client.get(address)
        assert answer["ETag"].startswith('W/"'), address
        same = client.get(address, headers={"If-None-Match": answer["ETag"]})
        assert (same.status_code, same.content, same["ETag"]) == (304, b"", answer["ETag"])
    etag = client.get("/api/v1/sets")["ETag"]
    ImageSet.objects.filter(pk=palms.pk).update(name="other")
    assert client.get("/api/v1/sets", headers={"If-None-Match": etag}).status_code == 200


def test_nothing_is_changed_that_another_changed_meanwhile(client, full_set, alice, model):
    palms = full_set(alice, 2, checkpoint=model)
    at, image = f"/api/v1/sets/{palms.pk}", f"/api/v1/images/{palms.images.first().pk}"
    old = {"If-Match": client.get(image)["ETag"]}
    assert client.patch(image, {"is_starred": True}, headers=old).json()["is_starred"] is True
    assert problem(client.patch(image, {"is_starred": False}, headers=old), 412)["code"] == "changed"
    problem(client.delete(image, headers=old), 412)
    assert client.delete(image, headers={"If-Match": client.get(image)["ETag"]}).status_code == 204
    old = {"If-Match": client.get(at)["ETag"]}
    client.patch(at, {"name": "other"})
    problem(client.delete(at, headers=old), 412)
    assert client.delete(at, headers={"If-Match": client.get(at)["ETag"]}).status_code == 204
