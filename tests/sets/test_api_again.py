"""What the API does as the pages do: make again, make more, look before ordering, ask where an image is from."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image as Pillow

from accounts import ledger
from accounts.models import KeptAnswer
from generation.jobs.models import Job
from generation.sets import order_progress, selectors, sharing, storage
from generation.sets.models import ImageSet, Order, Scoring, Share
from tests.sets.problems import problem

pytestmark = pytest.mark.django_db
ORDERS = "/api/v1/orders"


@pytest.fixture
def made(finished):
    """Alice's finished set of four."""
    return finished(4, name="Four")


@pytest.fixture
def at(made):
    return f"/api/v1/sets/{made.pk}"


def keyed(api, address, body=None, key="k"):
    return api.post(address, body or {}, headers={"Idempotency-Key": key})


@pytest.mark.slow
def test_a_set_made_again_says_how_far_the_bytes_agree(api, at, made, work):
    assert api.get(at).json()["agreement"] is None
    first, same = keyed(api, f"{at}/again"), keyed(api, f"{at}/again")
    assert (first.status_code, same.json()["id"]) == (201, first.json()["id"])
    assert Order.objects.count() == 2
    assert api.get(first["Location"]).json()["total"] == 4
    again = f"/api/v1/sets/{first.json()['set']}"
    assert api.get(again).json()["agreement"] == {
        "first": str(made.pk), "same": 0, "compared": 0, "agrees": False,
    }  # fmt: skip
    work()
    shown = api.get(again).json()
    assert shown["name"] == "Four, again"
    assert shown["agreement"] == {"first": str(made.pk), "same": 4, "compared": 4, "agrees": True}


@pytest.mark.slow
def test_a_set_that_grew_beyond_one_order_is_made_again_as_a_whole(api, at, work, settings):
    settings.PALMSITE_QUOTAS = {**settings.PALMSITE_QUOTAS, "images_per_order": 6, "stored_images": 16}
    more = keyed(api, f"{at}/more", {"count": 4})
    assert (more.status_code, more.json()["set"]) == (201, at.rsplit("/", 1)[1])
    assert keyed(api, f"{at}/more", {"count": 4}).json()["id"] == more.json()["id"]
    work()
    assert api.get(at).json()["count"] == 8
    problem(api.post(f"{at}/more", {"count": 7}), 400, "count")
    again = api.post(f"{at}/again")
    assert (again.status_code, again.json()["total"]) == (201, 8)
    work()
    agreement = api.get(f"/api/v1/sets/{again.json()['set']}").json()["agreement"]
    assert (agreement["same"], agreement["agrees"]) == (8, True)
    # The room for images stays a limit.
    assert problem(api.post(f"{at}/again"), 409)["code"] == "over_quota_images"


def test_a_selection_has_no_recipe_of_its_own(api, full_set, alice, model):
    chosen = full_set(alice, 2, checkpoint=model, recipe={"seed": 1, "count": 4, "copied_from": "x"})
    for what, body in (("again", {}), ("more", {"count": 1})):
        assert problem(api.post(f"/api/v1/sets/{chosen.pk}/{what}", body), 409)["code"] == "no_recipe"


@pytest.mark.slow
def test_a_preview_is_eight_images_that_are_kept_and_gone_on_from(api, stand_in, work):
    wish = {"count": 20, "name": "Left", "tags": ["a"], "preview": True}
    body = api.post(ORDERS, wish).json()
    assert (body["total"], body["preview"], Job.objects.get().queue) == (8, True, "short")
    work()
    seen = [one["sha256"] for one in api.get(f"/api/v1/sets/{body['set']}/images").json()["results"]]
    assert len(seen) == 8
    assert api.get(ORDERS).json()["results"] == api.get("/api/v1/sets").json()["results"] == []
    address = f"{ORDERS}/{body['id']}/keep"
    problem(api.post(address, {"count": 7}), 400, "count")
    problem(api.post(address, {}), 400, "count")
    problem(api.post(address, {"count": 20, "seed": 3}), 400, "seed")
    kept = keyed(api, address, {"count": 20})
    assert keyed(api, address, {"count": 20}).json() == kept.json()
    assert (kept.json()["set"], kept.json()["seed"], kept.json()["preview"]) == (
        body["set"],
        body["seed"],
        False,
    )
    work()
    shown = api.get(f"/api/v1/sets/{body['set']}").json()
    assert (shown["name"], shown["tags"], shown["count"], shown["is_partial"]) == ("Left", ["a"], 20, False)
    images = api.get(f"/api/v1/sets/{body['set']}/images").json()["results"]
    assert [one["sha256"] for one in images][:8] == seen
    assert problem(api.post(address, {"count": 20}), 409)["code"] == "no_preview"


@pytest.mark.slow
def test_a_preview_that_is_not_wanted_goes(api, stand_in, work, alice):
    first = api.post(ORDERS, {"count": 3, "preview": True}).json()
    assert first["total"] == 3
    work()
    second = api.post(ORDERS, {"count": 3, "preview": True}).json()
    problem(api.get(f"/api/v1/sets/{first['set']}"), 404)
    assert api.delete(f"/api/v1/sets/{second['set']}").status_code == 204
    work()
    assert ledger.usage(alice)["images"].used == 0
    problem(api.post(f"{ORDERS}/{second['id']}/keep", {"count": 8}), 409)


@pytest.mark.slow
def test_an_order_says_how_fast_it_goes_and_where_it_waits(api, bob, order):
    order(16, by=bob)
    address = f"{ORDERS}/{order(20).pk}"

    def said():
        body = api.get(address).json()
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


def test_an_order_whose_jobs_are_gone_says_nothing_of_its_speed(alice, model, api):
    body = api.post(ORDERS, {"count": 2}).json()
    Job.objects.all().delete()
    assert order_progress.of(selectors.order_for(alice, body["id"])) == order_progress.Progress()


def test_copies_scores_and_shares_are_made_once_a_key(api, full_set, alice, bob, model):
    palms = full_set(alice, 4, checkpoint=model)
    at = f"/api/v1/sets/{palms.pk}"
    copies = [keyed(api, f"{at}/images/copy", {"all": True}, "copy") for _ in range(2)]
    assert copies[0].json() == copies[1].json()
    assert copies[1]["Location"].endswith(f"/api/v1/sets/{copies[0].json()['id']}")
    assert ImageSet.objects.count() == 2
    assert ledger.usage(alice)["images"].used == 8
    image = palms.images.first()
    for where, key in ((f"{at}/scores", "set"), (f"/api/v1/images/{image.pk}/scores", "image")):
        jobs = []
        for _ in range(2):
            jobs.append(keyed(api, where, {"scorer": "palm-d"}, key).json()["id"])
            # Without the key the second would be another job: the first has ended.
            Job.objects.all().delete()
        assert jobs[0] == jobs[1]
    assert Scoring.objects.count() == 2
    people = [keyed(api, f"{at}/shares", {"user": "bob"}, "bob").json() for _ in range(2)]
    assert people[0] == people[1]
    assert people[0]["link"] is None


def test_the_secret_of_a_link_is_in_no_stored_answer(api, full_set, alice):
    at = f"/api/v1/sets/{full_set(alice, 1).pk}/shares"
    first, second = keyed(api, at, {"days": 3}), keyed(api, at, {"days": 3})
    secret = first.json()["link"].rsplit("/", 1)[1]
    assert sharing.set_by_link(secret)
    assert (second.status_code, second.json()) == (201, {**first.json(), "link": None})
    assert Share.objects.count() == 1
    assert secret not in str(list(KeptAnswer.objects.values()))
    assert api.post(at, {"days": 3}).json()["link"]


def picture(colour, kind="PNG"):
    buffer = io.BytesIO()
    Pillow.new("RGB", (8, 8), colour).save(buffer, kind)
    return SimpleUploadedFile("palm.png", buffer.getvalue(), content_type="image/png")


@pytest.mark.slow
def test_made_here_names_the_image_to_those_who_may_see_it(api, made, bob):
    image = made.images.get(index=2)
    data = storage.image_path(made, 2).read_bytes()

    def ask(file):
        return api.post("/api/v1/made-here", {"image": file}, format="multipart")

    def palm():
        return SimpleUploadedFile("any.png", data, content_type="image/png")

    body = ask(palm()).json()
    assert (body["made_here"], body["pixels_sha256"]) == (True, image.pixels_sha256)
    assert (body["image"]["id"], body["image"]["set"], body["image"]["index"]) == (image.pk, str(made.pk), 2)
    unknown = {"made_here": False, "image": None}
    assert {name: ask(picture("red")).json()[name] for name in unknown} == unknown
    for person in (bob, None):
        api.force_authenticate(person)
        body = ask(palm()).json()
        assert (body["made_here"], body["image"]) == (True, None)
        assert str(made.pk) not in str(body)
    problem(ask(SimpleUploadedFile("x.png", b"no picture")), 400, "image")
    problem(api.post("/api/v1/made-here", {"image": "x"}), 400, "image")
    problem(api.post("/api/v1/made-here"), 400, "image")


@pytest.mark.slow
def test_another_persons_set_and_preview_are_not_there(api, at, made, order, alice, bob, charlie):
    preview = order(8, is_preview=True)
    sharing.share_with(by=alice, image_set=made, username="bob")
    before = Order.objects.count()
    for person in (bob, charlie):
        api.force_authenticate(person)
        problem(api.post(f"{at}/again"), 404)
        problem(api.post(f"{at}/more", {"count": 1}), 404)
        problem(api.post(f"{ORDERS}/{preview.pk}/keep", {"count": 8}), 404)
    assert Order.objects.count() == before


def test_lists_need_not_be_sent_twice(api, full_set, alice, model):
    palms = full_set(alice, 3, checkpoint=model)
    at = f"/api/v1/sets/{palms.pk}"
    for address in (
        "/api/v1/sets", "/api/v1/orders", "/api/v1/models", "/api/v1/exports", "/api/v1/webhooks",
        f"{at}/images", f"{at}/shares", f"{at}/scores",
    ):  # fmt: skip
        answer = api.get(address)
        assert answer["ETag"].startswith('W/"'), address
        same = api.get(address, headers={"If-None-Match": answer["ETag"]})
        assert (same.status_code, same.content, same["ETag"]) == (304, b"", answer["ETag"])
    etag = api.get("/api/v1/sets")["ETag"]
    ImageSet.objects.filter(pk=palms.pk).update(name="other")
    assert api.get("/api/v1/sets", headers={"If-None-Match": etag}).status_code == 200


def test_nothing_is_changed_that_another_changed_meanwhile(api, full_set, alice, model):
    palms = full_set(alice, 2, checkpoint=model)
    at, image = f"/api/v1/sets/{palms.pk}", f"/api/v1/images/{palms.images.first().pk}"
    old = {"If-Match": api.get(image)["ETag"]}
    assert api.patch(image, {"is_starred": True}, headers=old).json()["is_starred"] is True
    assert problem(api.patch(image, {"is_starred": False}, headers=old), 412)["code"] == "changed"
    problem(api.delete(image, headers=old), 412)
    assert api.delete(image, headers={"If-Match": api.get(image)["ETag"]}).status_code == 204
    old = {"If-Match": api.get(at)["ETag"]}
    api.patch(at, {"name": "other"})
    problem(api.delete(at, headers=old), 412)
    assert api.delete(at, headers={"If-Match": api.get(at)["ETag"]}).status_code == 204
