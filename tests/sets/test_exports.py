"""Exports: made by a worker of the whole set or of some images, charged, kept for days, for those who may look."""

import csv
import hashlib
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as site
from django.urls import reverse
from django.utils import timezone
from PIL import Image as Pillow

from accounts import belongings, ledger
from accounts.models import AuditEvent
from generation.jobs.models import Job
from generation.sets import exports, sharing, storage, trash
from generation.sets.models import Export, Image

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.torch]
EXPORTS = "/api/v1/exports"
MARK = b"trainedAlgorithmicMedia"


@pytest.fixture
def made(finished):
    """Alice's set of twelve real pictures."""
    return finished(12)


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """What is done once a transaction is written, done at once."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def lying():
    """The files of exports on the disk."""
    return [path.name for path in (Path(site.MEDIA_ROOT) / "exports").rglob("*") if path.is_file()]


def bytes_of(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def fetch(api, body):
    answer = api.get(body["file"])
    assert answer.status_code == 200
    return bytes_of(answer)


def ask(api, work, image_set, form, **more):
    answer = api.post(EXPORTS, {"set": str(image_set.pk), "format": form, **more})
    assert answer.status_code == 201, answer.content
    assert answer.json()["state"] == "waiting"
    work()
    body = api.get(f"{EXPORTS}/{answer.json()['id']}").json()
    assert body["state"] == "ready", body
    return body


@pytest.mark.parametrize(("form", "suffix", "kind"), [("jpeg", "jpg", "JPEG"), ("webp", "webp", "WEBP")])
def test_pictures_in_another_format_keep_their_mark_and_their_papers(api, made, work, form, suffix, kind):
    body = ask(api, work, made, form, quality=95)
    data = fetch(api, body)
    assert (body["count"], body["done"], body["size"]) == (12, 12, len(data))
    assert hashlib.sha256(data).hexdigest() == body["sha256"]
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    names = archive.namelist()
    assert names[:2] == [f"000000.{suffix}", f"000001.{suffix}"]
    assert names[12:] == ["manifest.csv", "manifest.json", "README.md", "SHA256SUMS"]
    rows = list(csv.DictReader(archive.read("manifest.csv").decode().splitlines()))
    first = Image.objects.get(image_set=made, index=0)
    assert (rows[0]["file"], rows[0]["seed"]) == (f"000000.{suffix}", str(first.seed))
    for line in archive.read("SHA256SUMS").decode().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256(archive.read(name)).hexdigest() == digest
    assert f"000000.{suffix}" in archive.read("README.md").decode()
    with (
        Pillow.open(io.BytesIO(archive.read(names[0]))) as picture,
        Pillow.open(storage.image_path(made, 0)) as png,
    ):
        assert picture.format == kind
        assert MARK in picture.info["xmp"]
        assert json.loads(picture.getexif()[0x010E]) == json.loads(png.text["palmsite"])
        pairs = zip(picture.convert("RGB").tobytes(), png.convert("RGB").tobytes(), strict=True)
        assert sum(abs(one - other) for one, other in pairs) / (64 * 64 * 3) < 12


def test_the_same_wish_is_the_same_bytes(api, made, work):
    first = fetch(api, ask(api, work, made, "jpeg"))
    exports.forget_all(exports.Q(image_set=made))
    assert fetch(api, ask(api, work, made, "jpeg")) == first


def test_parquet_is_what_hugging_face_reads(api, made, work, tmp_path):
    import pyarrow.parquet as parquet

    body = ask(api, work, made, "parquet", val=0.5)
    path = tmp_path / "palms.parquet"
    path.write_bytes(fetch(api, body))
    table = parquet.read_table(path)
    assert table.column_names == ["image", "index", "seed", "probability", "split", "sha256"]
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    assert features["image"] == {"_type": "Image"}
    assert features["probability"] == {"dtype": "float64", "_type": "Value"}
    assert b"pretty_name" in table.schema.metadata[b"README.md"]
    assert json.loads(table.schema.metadata[b"palmsite"])["set"]["id"] == str(made.pk)
    rows = table.to_pylist()
    images = {image.index: image for image in Image.objects.filter(image_set=made)}
    assert [row["index"] for row in rows] == sorted(images)
    for row in rows:
        image = images[row["index"]]
        assert row["image"]["path"] == image.file_name
        assert hashlib.sha256(row["image"]["bytes"]).hexdigest() == row["sha256"] == image.sha256
        assert MARK in row["image"]["bytes"]
        assert (row["seed"], row["probability"]) == (image.seed, image.score)
    assert {row["split"] for row in rows} == {"train", "val"}


def test_some_images_by_number_probability_and_star(api, made, work):
    assert ask(api, work, made, "jpeg", numbers="0-2,7")["count"] == 4
    body = ask(api, work, made, "jpeg", best=5)
    assert (body["count"], body["wish"]) == (5, {"quality": 90, "best": 5})
    Image.objects.filter(image_set=made, index=3).update(is_starred=True)
    assert ask(api, work, made, "webp", starred=True)["count"] == 1
    none = api.post(EXPORTS, {"set": str(made.pk), "format": "jpeg", "numbers": "5000"})
    assert (none.status_code, none.json()["code"]) == (409, "empty")


WRONG = [
    ("format", "gif"), ("format", None), ("quality", 0), ("quality", 101), ("quality", "90"), ("val", 0.95),
    ("val", -0.1), ("numbers", "3-1"), ("min", 2), ("best", 0), ("starred", "yes"), ("set", "x"), ("colour", 1),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_what_cannot_be_is_refused_by_field(api, alice, full_set, field, value):
    body = {"set": str(full_set(alice, 2).pk), "format": "jpeg", field: value}
    answer = api.post(EXPORTS, body)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not Export.objects.exists()
    assert not Job.objects.exists()


def test_a_second_wish_for_the_same_finds_the_first(api, alice, full_set):
    image_set = full_set(alice, 3)
    body = {"set": str(image_set.pk), "format": "parquet"}
    first, second = api.post(EXPORTS, body), api.post(EXPORTS, body)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert api.post(EXPORTS, {**body, "val": 0.2}).status_code == 201
    key = {"Idempotency-Key": "k"}
    kept = api.post(EXPORTS, {**body, "val": 0.3}, headers=key)
    assert api.post(EXPORTS, {**body, "val": 0.3}, headers=key).json() == kept.json()
    assert api.post(EXPORTS, {**body, "val": 0.4}, headers=key).status_code == 422


def test_too_many_at_once_are_refused(api, alice, full_set):
    image_set = full_set(alice, 1)
    for quality in range(1, 6):
        api.post(EXPORTS, {"set": str(image_set.pk), "format": "jpeg", "quality": quality})
    refused = api.post(EXPORTS, {"set": str(image_set.pk), "format": "jpeg", "quality": 6})
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0


def test_the_ledger_holds_the_file_and_nothing_else(api, alice, made, work, settings, committed):
    def use():
        return ledger.usage(alice)["exports"]

    waiting = api.post(EXPORTS, {"set": str(made.pk), "format": "jpeg"}).json()
    assert use().used == 1
    assert use().size >= made.size
    work()
    body = api.get(f"{EXPORTS}/{waiting['id']}").json()
    assert (use().used, use().size) == (1, body["size"])
    with committed():
        assert api.delete(f"{EXPORTS}/{waiting['id']}").status_code == 204
    assert (use().used, use().size) == (0, 0)
    assert lying() == []
    settings.PALMSITE_QUOTAS = {**settings.PALMSITE_QUOTAS, "stored_bytes": made.size + 100}
    refused = api.post(EXPORTS, {"set": str(made.pk), "format": "jpeg"})
    assert (refused.status_code, refused.json()["code"]) == (409, "over_quota_bytes")
    assert not Export.objects.exists()


def test_a_broken_picture_ends_it_with_its_name_and_gives_the_room_back(api, alice, made, work):
    storage.image_path(made, 4).write_bytes(b"something else")
    export = api.post(EXPORTS, {"set": str(made.pk), "format": "parquet"}).json()
    work()
    body = api.get(f"{EXPORTS}/{export['id']}").json()
    assert (body["state"], body["code"], body["file"]) == ("failed", "file_broken", None)
    assert "000004.png" in body["message"]
    assert ledger.usage(alice)["exports"].used == 0
    refused = api.get(f"{EXPORTS}/{export['id']}/download")
    assert (refused.status_code, refused.json()["code"]) == (409, "file_broken")
    # Nothing half-made stays, and asking again makes another.
    assert lying() == []
    assert api.post(EXPORTS, {"set": str(made.pk), "format": "parquet"}).status_code == 201
    api.delete(f"{EXPORTS}/{export['id']}")
    assert AuditEvent.objects.get(action="export.delete").target == f"set:{made.pk}"
    assert ledger.usage(alice)["exports"].used == 1


def test_a_full_disk_is_said(api, made, work, monkeypatch):
    def full(*_anything):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("generation.sets.packing.write_pictures", full)
    export = api.post(EXPORTS, {"set": str(made.pk), "format": "jpeg"}).json()
    work()
    assert api.get(f"{EXPORTS}/{export['id']}").json()["code"] == "no_room"


def test_ranges_go_on_where_the_line_broke(api, made, work):
    body = ask(api, work, made, "jpeg")
    whole = fetch(api, body)
    part = api.get(body["file"], headers={"Range": "bytes=100-199"})
    assert (part.status_code, bytes_of(part)) == (206, whole[100:200])
    again = api.get(body["file"], headers={"If-None-Match": part["ETag"]})
    assert again.status_code == 304
    assert "attachment" in part["Content-Disposition"]


def test_stopping_and_the_end_of_its_days(api, alice, made, work, committed):
    stopped = api.post(EXPORTS, {"set": str(made.pk), "format": "jpeg"}).json()
    assert api.post(f"/api/v1/jobs/{stopped['job']}/cancel").status_code == 200
    assert api.get(f"{EXPORTS}/{stopped['id']}").json()["state"] == "failed"
    gone = api.post(EXPORTS, {"set": str(made.pk), "format": "webp"}).json()
    assert api.delete(f"{EXPORTS}/{gone['id']}").status_code == 204
    assert Job.objects.get(pk=gone["job"]).state == "cancelled"
    body = ask(api, work, made, "jpeg", quality=50)
    Export.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert api.get(f"{EXPORTS}/{body['id']}").status_code == 404
    assert len(lying()) == 1
    with committed():
        for leftover in list(belongings.leftovers()):
            if leftover.what.startswith("export"):
                leftover.remove()
    assert lying() == []
    assert ledger.usage(alice)["exports"].used == 0
    assert not Export.objects.exists()


def test_what_is_owned_is_what_lies_there(api, made, work):
    ask(api, work, made, "parquet")
    assert lying() == [Export.objects.get().path.name]
    assert not [path for path in belongings.missing() if path.startswith("exports")]


def test_bob_takes_what_is_shared_and_charlie_sees_nothing(api, alice, bob, charlie, made, work):
    share = sharing.share_with(by=alice, image_set=made, username="bob")
    mine = ask(api, work, made, "jpeg")
    api.force_authenticate(bob)
    his = ask(api, work, made, "jpeg")
    assert his["id"] != mine["id"]
    assert ledger.usage(bob)["exports"].used == 1
    api.force_authenticate(charlie)
    assert api.post(EXPORTS, {"set": str(made.pk), "format": "jpeg"}).status_code == 404
    for person, body in ((charlie, mine), (charlie, his), (bob, mine)):
        api.force_authenticate(person)
        for address in (
            f"{EXPORTS}/{body['id']}",
            body["file"],
            reverse("sets:export_file", args=[body["id"]]),
        ):
            if address.startswith("/exports"):
                api.force_login(person)
            assert api.get(address).status_code == 404
        assert api.delete(f"{EXPORTS}/{body['id']}").status_code == 404
    sharing.revoke(by=alice, image_set=made, share_id=share.pk)
    api.force_authenticate(bob)
    assert api.get(his["file"]).status_code == 404
    assert ledger.usage(bob)["exports"].used == 0
    assert Export.objects.get().owner == alice


def test_the_trash_takes_exports_along(api, alice, made, work):
    ask(api, work, made, "jpeg")
    trash.delete_set(by=alice, image_set=made)
    assert not Export.objects.exists()
    assert ledger.usage(alice)["exports"].used == 0


def test_the_page_makes_shows_and_throws_away(client, alice, made, work):
    client.force_login(alice)
    address = reverse("sets:downloads", args=[made.pk])
    page = client.get(f"{address}?numbers=0-3").content.decode()
    assert "4 of 12 images are chosen" in page
    assert "format=zip&amp;numbers=0-3" in page
    wrong = client.post(reverse("sets:make_export", args=[made.pk]), {"format": "jpeg", "quality": "0"})
    assert wrong.status_code == 400
    assert "from 1 to 100" in wrong.content.decode()
    sent = client.post(
        reverse("sets:make_export", args=[made.pk]) + "?numbers=0-3",
        {"format": "jpeg", "quality": "", "val": ""},
    )
    assert sent.status_code == 302, sent.content.decode()
    assert sent["Location"] == f"{address}?numbers=0-3#made"
    live = client.get(reverse("sets:exports", args=[made.pk])).content.decode()
    assert "every 1s" in live
    assert "quality 90, chosen images" in live
    work()
    done = client.get(reverse("sets:exports", args=[made.pk])).content.decode()
    assert "every 1s" not in done
    export = Export.objects.get()
    assert reverse("sets:export_file", args=[export.pk]) in done
    assert bytes_of(client.get(reverse("sets:export_file", args=[export.pk])))[:2] == b"PK"
    assert client.post(reverse("sets:forget_export", args=[export.pk])).status_code == 302
    assert not Export.objects.exists()


def test_from_the_gallery_to_other_formats(client, alice, made):
    client.force_login(alice)
    sent = client.post(reverse("sets:act", args=[made.pk]), {"do": "forms", "numbers": "2-4"})
    assert sent["Location"] == reverse("sets:downloads", args=[made.pk]) + "?numbers=2-4"
