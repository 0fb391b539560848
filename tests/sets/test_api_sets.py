"""Sets and images by the API: look, change, page, choose, delete, share; and for every address who must not."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from rest_framework.test import APIClient

from accounts import tokens
from generation.jobs.models import Job
from generation.sets import api_urls, scores, sharing, storage, trash
from generation.sets.models import Image, ImageSet, Share
from tests.sets.problems import problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def palms(full_set, alice, model):
    return full_set(alice, 10, checkpoint=model, recipe={"seed": 4711})


@pytest.fixture
def at(palms):
    return f"/api/v1/sets/{palms.pk}"


def test_a_set_says_what_it_is_and_need_not_say_it_twice(api, at, palms):
    answer = api.get(at)
    body = answer.json()
    assert (body["count"], body["is_mine"], body["model"], body["recipe"]) == (
        10,
        True,
        "palm-64",
        {"seed": 4711},
    )
    assert body["download"] == f"http://testserver{at}/download"
    same = api.get(at, headers={"If-None-Match": answer["ETag"]})
    assert (same.status_code, same.content, same["ETag"]) == (304, b"", answer["ETag"])
    ImageSet.objects.filter(pk=palms.pk).update(name="other")
    assert api.get(at, headers={"If-None-Match": answer["ETag"]}).status_code == 200


def test_a_set_is_changed_by_its_fields(api, at):
    etag = api.get(at)["ETag"]
    body = api.patch(at, {"name": " Ладони ", "tags": ["a", "a"]}).json()
    assert (body["name"], body["tags"], body["note"]) == ("Ладони", ["a"], "")
    assert api.patch(at, {"note": "x"}, headers={"If-Match": etag}).status_code == 412
    assert api.patch(at, {"note": "x"}, headers={"If-Match": api.get(at)["ETag"]}).status_code == 200
    for wrong in (
        {"name": ""},
        {"name": "x" * 121},
        {"note": "x" * 2001},
        {"count": 5},
        {"name": None},
        {"tags": "a"},
    ):
        problem(api.patch(at, wrong), 400, *wrong)
    problem(api.patch(at, [1]), 400, "")


def test_a_set_is_deleted_and_got_back(api, at):
    assert api.delete(at).status_code == 204
    problem(api.get(at), 404)
    problem(api.patch(at, {"name": "x"}), 404)
    [lying] = api.get("/api/v1/sets", {"of": "trash"}).json()["results"]
    assert lying["deleted_at"]
    assert api.post(f"{at}/restore").json()["count"] == 10
    assert api.get(at).status_code == 200


def test_sets_are_listed_searched_and_sorted(api, full_set, alice, bob, palms):
    full_set(alice, 1, name="Б")
    shared = full_set(bob, 2, name="bobs")
    sharing.share_with(by=bob, image_set=shared, username="alice")

    def names(**query):
        return [one["name"] for one in api.get("/api/v1/sets", query).json()["results"]]

    assert names() == ["Б", "palms"]
    assert names(of="shared") == ["bobs"]
    assert names(of="all", sort="count") == ["Б", "bobs", "palms"]
    assert names(q="PAL") == ["palms"]
    assert names(model="palm-64") == ["palms"]
    assert names(q="x\x00y") == []
    problem(api.get("/api/v1/sets", {"sort": "size"}), 400, "sort")
    problem(api.get("/api/v1/sets", {"of": "charlie"}), 400, "of")
    for cursor in ("x", "cD14", "cD0yMDI2", "bz0xJnA9eHg=", "%00"):
        problem(api.get("/api/v1/sets", {"cursor": cursor}), 404)


@pytest.mark.slow
def test_lists_cost_the_same_number_of_queries_however_long(api, full_set, alice, model):
    few, many = full_set(alice, 10, checkpoint=model), full_set(alice, 200, checkpoint=model)
    scores.keep([(image, 0.5) for image in Image.objects.all()], "x")
    api.get("/api/v1/sets")

    def cost(address):
        with CaptureQueriesContext(connection) as queries:
            assert api.get(address, {"page_size": 500}).status_code == 200
        return len(queries)

    for tail in ("/images", "/images?sort=-score", "/download", "/shards", "/histogram", "/scores"):
        assert cost(f"/api/v1/sets/{few.pk}{tail}") == cost(f"/api/v1/sets/{many.pk}{tail}"), tail
    before = cost("/api/v1/sets")
    ImageSet.objects.bulk_create([ImageSet(owner=alice, name="x", checkpoint=model) for _ in range(198)])
    assert cost("/api/v1/sets") == before


def test_images_page_by_page(api, at):
    seen, address = [], f"{at}/images?page_size=4&sort=-score&min=0.1"
    while address:
        page = api.get(address).json()
        assert set(page) == {"next", "previous", "results"}
        seen += [(image["index"], image["score"]) for image in page["results"]]
        address = page["next"]
    assert seen == [(8, 0.8), (9, 0.8), (2, 0.7), (3, 0.7), (4, 0.4), (5, 0.4), (6, 0.1), (7, 0.1)]
    for field, value in (
        ("cursor", "x"),
        ("page_size", "0"),
        ("page_size", "501"),
        ("sort", "seed"),
        ("min", "2"),
        ("numbers", "a"),
    ):
        problem(api.get(f"{at}/images", {field: value}), 400, field)


def test_an_image_its_file_and_its_thumb(api, palms):
    image = palms.images.get(index=3)
    at = f"/api/v1/images/{image.pk}"
    answer = api.get(at)
    assert (answer.json()["index"], answer.json()["sha256"], answer.json()["scores"]) == (3, image.sha256, {})
    assert api.get(at, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    for accept in ("*/*", "image/png", "text/html"):
        file = api.get(answer.json()["file"], headers={"Accept": accept})
        assert (file.status_code, file["Content-Type"]) == (200, "image/png")
        assert b"".join(file.streaming_content) == storage.image_path(palms, 3).read_bytes()
    part = api.get(f"{at}/file", headers={"Range": "bytes=2-5"})
    assert (part.status_code, b"".join(part.streaming_content)) == (
        206,
        storage.image_path(palms, 3).read_bytes()[2:6],
    )
    thumb = api.get(f"{at}/thumb")
    assert (thumb["Content-Type"], b"".join(thumb.streaming_content)[:4]) == ("image/webp", b"RIFF")
    assert api.patch(at, {"is_starred": True}).json()["is_starred"] is True
    for wrong in ({"is_starred": 1}, {"is_starred": "yes"}, {"score": 1.0, "is_starred": True}):
        problem(api.patch(at, wrong), 400, next(iter(wrong)))
    assert api.delete(at).status_code == 204
    problem(api.get(at), 404)
    problem(api.get(f"{at}/file"), 404)


def test_some_images_are_starred_deleted_got_back_and_copied(api, at, palms):
    assert api.post(f"{at}/images/star", {"numbers": "0-2"}).json() == {"count": 3}
    assert api.post(f"{at}/images/unstar", {"numbers": "0"}).json() == {"count": 1}
    assert api.post(f"{at}/images/delete", {"starred": True}).json() == {"count": 2}
    assert api.get(at).json()["count"] == 8
    assert api.post(f"{at}/images/restore", {"all": True}).json() == {"count": 2}
    made = api.post(f"{at}/images/copy", {"best": 2, "name": "best"})
    assert (made.status_code, made.json()["count"], made.json()["name"]) == (201, 2, "best")
    for wrong, field in (({}, ""), ({"numbers": ""}, "numbers"), ({"all": False}, ""), ({"numbers": "x"}, "numbers"),
                         ({"best": "2"}, "best"), ({"min": 2}, "min"), ({"some": 1}, "some")):  # fmt: skip
        problem(api.post(f"{at}/images/delete", wrong), 400, field)
    assert Image.objects.filter(image_set=palms, deleted_at__isnull=True).count() == 10


def test_shares(api, at, bob, palms):
    person = api.post(f"{at}/shares", {"user": "bob"})
    link = api.post(f"{at}/shares", {"days": 2})
    assert (person.status_code, person.json()["user"], person.json()["link"]) == (201, "bob", None)
    secret = link.json()["link"].rsplit("/", 1)[1]
    assert sharing.set_by_link(secret) == palms
    listed = api.get(f"{at}/shares").json()["results"]
    assert [(one["user"], one["link"]) for one in listed] == [("bob", None), (None, None)]
    for one in listed:
        assert api.delete(f"{at}/shares/{one['id']}").status_code == 204
    problem(api.delete(f"{at}/shares/{listed[0]['id']}"), 404)
    for wrong in (
        {"user": "nobody"},
        {"user": "alice"},
        {"days": 0},
        {"days": 91},
        {"user": 5},
        {"users": "bob"},
    ):
        problem(api.post(f"{at}/shares", wrong), 400, *wrong)
    assert Share.objects.count() == 0


def addresses(image_set, image, share):
    """Every address of this room's API below a set or an image, from the URLs themselves."""
    found = []
    for name in [pattern.name for pattern in api_urls.urlpatterns]:
        if not name.startswith(("api-set-", "api-image")) and name != "api-set":
            continue
        [(path, params)] = get_resolver().reverse_dict.getlist(name)[0][0]
        values = {"set_id": image_set.pk, "image_id": image.pk, "share_id": share.pk}
        found.append("/" + path % {param: values[param] for param in params})
    return found


READS = ("", "/download", "/shards", "/histogram", "/scores", "/images")


@pytest.mark.slow
def test_every_address_is_closed_to_others_and_those_shared_with_only_look(api, palms, alice, bob, charlie):
    share = sharing.share_with(by=alice, image_set=palms, username="bob")
    image = palms.images.get(index=0)
    every = addresses(palms, image, share)
    assert len(every) >= 15
    before = list(ImageSet.objects.values()), list(Image.objects.values()), list(Share.objects.values())
    for address in every:
        for method in ("get", "post", "patch", "delete"):
            api.force_authenticate(charlie)
            assert getattr(api, method)(address, {}).status_code in (404, 405), (method, address)
            api.force_authenticate(None)
            assert getattr(api, method)(address, {}).status_code == 401, (method, address)
            api.force_authenticate(bob)
            answer = getattr(api, method)(address, {})
            for closer in answer._resource_closers:
                closer()
            status = answer.status_code
            tail = address.removeprefix(f"/api/v1/sets/{palms.pk}")
            looks = method == "get" and (tail in READS or tail.startswith("/api/v1/images/"))
            looks = (looks and not tail.endswith("/scores")) or (method, tail) == ("get", "/scores")
            assert status == 200 if looks else status in (404, 405), (method, address, status)
    assert before == (
        list(ImageSet.objects.values()),
        list(Image.objects.values()),
        list(Share.objects.values()),
    )
    api.force_authenticate(bob)
    assert api.get(f"/api/v1/sets/{palms.pk}").json()["is_mine"] is False


def test_a_token_that_may_only_read_writes_nothing(at, alice):
    _token, key = tokens.create(by=alice, name="reader", read_only=True)
    reader = APIClient(headers={"Authorization": f"Bearer {key}"})
    assert reader.get(at).status_code == 200
    assert reader.get(f"{at}/download").status_code == 200
    for method, address in (("delete", at), ("post", f"{at}/images/delete"), ("post", "/api/v1/orders")):
        problem(getattr(reader, method)(address, {}), 403)


HOSTILE = [
    "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%00", "0", "-1", "1e9", "9" * 40, "null", "'; DROP TABLE sets;--",
    "<script>", "%s%s%n", "{{7*7}}", "\u202e", "%ff%fe", "CON", "a" * 3000,
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("word", HOSTILE)
def test_hostile_words_anywhere_are_refused_cleanly(api, at, palms, word):
    places = (
        "sets/{}",
        "images/{}",
        "images/{}/file",
        "orders/{}",
        "models/{}",
        f"sets/{palms.pk}/shares/{{}}",
    )
    for address in (f"/api/v1/{place.format(word)}" for place in places):
        assert api.get(address).status_code in (400, 404, 405), address
    names = "cursor page_size sort min max numbers best starred format shard per_shard val q of model"
    for name in names.split():
        for tail in ("", "/images", "/download", "/histogram"):
            assert api.get(f"{at}{tail}", {name: word}).status_code < 500, (tail, name)
        assert api.get("/api/v1/sets", {name: word}).status_code < 500, name
    for header in (
        "Range",
        "If-None-Match",
        "If-Match",
        "If-Range",
        "Accept",
        "Accept-Language",
        "Idempotency-Key",
    ):
        plain = word.encode("ascii", "replace").decode()
        assert api.get(f"{at}/download", headers={header: plain}).status_code < 500, header
    for body in ({"name": word}, {"tags": [word]}, {word: word}, {"note": word}):
        assert api.patch(at, json.dumps(body), content_type="application/json").status_code < 500


def test_a_judge_is_asked_once(api, at, palms):
    problem(api.post(f"{at}/scores", {"scorer": "nobody"}), 400, "scorer")
    problem(api.post(f"{at}/scores", {}), 400, "scorer")
    first, again = (api.post(f"{at}/scores", {"scorer": "palm-d"}) for _ in range(2))
    assert (first.status_code, again.json()["id"]) == (202, first.json()["id"])
    assert Job.objects.count() == 1
    [state] = api.get(f"{at}/scores").json()["results"]
    assert (state["scorer"], state["count"], state["state"], state["job"]) == (
        "palm-d",
        0,
        "queued",
        first.json()["id"],
    )


@pytest.mark.slow
def test_a_judge_scores_every_image_and_says_the_same_as_when_it_was_made(api, order, work):
    made = order(20)
    work()
    trash.delete_images(by=made.owner, image_set=made.image_set, images=made.image_set.images.filter(index=0))
    at = f"/api/v1/sets/{made.image_set_id}"
    for _ in range(2):
        assert api.post(f"{at}/scores", {"scorer": "stand-in-d"}).status_code == 202
        work()
        [state] = api.get(f"{at}/scores").json()["results"]
        assert (state["count"], state["state"]) == (19, "done")
    images = api.get(f"{at}/images").json()["results"]
    assert all(image["scores"]["stand-in-d"] == pytest.approx(image["score"], abs=1e-6) for image in images)


def test_the_schema_names_this_rooms_addresses(api):
    paths = api.get("/api/v1/schema", headers={"Accept": "application/json"}).json()["paths"]
    for path in (
        "/api/v1/orders",
        "/api/v1/sets/{set_id}/download",
        "/api/v1/images/{image_id}/file",
        "/api/v1/models/{name}",
    ):
        assert path in paths
    assert paths["/api/v1/orders"]["post"]["requestBody"]["content"]["application/json"]["examples"]
