"""Downloads as people have them: every layout read by others, broken off and gone on with, from a real server."""

import csv
import hashlib
import io
import json
import subprocess
import tarfile
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from accounts import tokens
from generation.sets import card, storage, trash
from generation.sets.models import Image, Order
from tests.sets.problems import problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def palms(full_set, alice, model):
    return full_set(
        alice, 12, checkpoint=model, name="Left palms", recipe={"seed": 4711}, note="For a trial."
    )


@pytest.fixture
def at(palms):
    return f"/api/v1/sets/{palms.pk}/download"


def fetch(api, at, query=None, **headers):
    answer = api.get(
        at, query or {}, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    return answer, b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_the_zip_holds_pictures_at_the_top_and_all_that_describes_them(api, at, palms, tmp_path):
    answer, data = fetch(api, at)
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == 'attachment; filename="left-palms.zip"'
    assert int(answer["Content-Length"]) == len(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert names == [f"{n:06d}.png" for n in range(12)] + [
            "manifest.csv",
            "manifest.json",
            "README.md",
            "SHA256SUMS",
        ]
        for image in palms.images.all():
            assert archive.read(image.file_name) == storage.image_path(palms, image.index).read_bytes()
        rows = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode())))
        assert [(row["file"], row["seed"]) for row in rows] == [(f"{n:06d}.png", "4711") for n in range(12)]
        manifest = json.loads(archive.read("manifest.json"))
        assert (len(manifest["images"]), manifest["model"]["licence"]) == (12, "CC-BY-4.0")
        assert manifest["made_at"] == f"{palms.created_at:%Y-%m-%dT%H:%M:%SZ}"
        assert manifest["seconds"] is None, "no order made this set"
        card = archive.read("README.md").decode()
        for words in (
            "# Left palms",
            "12 synthetic images",
            "seed: 4711",
            "a" * 64,
            "Not measured yet",
            "Hands of nobody",
            "For a trial.",
        ):
            assert words in card
        assert "alice" not in card
        archive.extractall(tmp_path)
    checked = subprocess.run(
        ["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=tmp_path, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout


def test_another_room_says_in_the_card_how_good_the_set_is(api, at, palms, monkeypatch):
    monkeypatch.setattr(card, "_quality", [lambda image_set, count: f"{image_set.name}: {count} measured."])
    with zipfile.ZipFile(io.BytesIO(fetch(api, at)[1])) as archive:
        text = archive.read("README.md").decode()
    assert "## How good it is\n\nLeft palms: 12 measured.\n" in text and "Not measured" not in text


def test_the_same_set_is_the_same_bytes_and_a_changed_one_has_another_etag(api, at, palms, alice):
    answer, data = fetch(api, at)
    again, same = fetch(api, at)
    assert (again["ETag"], same) == (answer["ETag"], data)
    assert fetch(api, at, If_None_Match=answer["ETag"])[0].status_code == 304
    trash.delete_images(by=alice, image_set=palms, images=palms.images.filter(index=5))
    changed, less = fetch(api, at, If_None_Match=answer["ETag"])
    assert (changed.status_code, len(less) < len(data)) == (200, True)
    # A part of the new one must not be put behind a part of the old one.
    whole, body = fetch(api, at, Range="bytes=100-", If_Range=answer["ETag"])
    assert (whole.status_code, body) == (200, less)


@pytest.mark.parametrize("form", ["zip", "imagefolder", "webdataset", "webdataset-papers"])
def test_a_part_is_the_same_bytes_as_in_the_whole(api, at, form):
    answer, data = fetch(api, at, {"format": form})
    size = len(data)
    for first, last in (
        (0, 0),
        (0, 29),
        (5, size - 1),
        (29, 200),
        (size // 2, size // 2 + 999),
        (size - 1, size - 1),
        (7, size + 50),
    ):
        part, body = fetch(api, at, {"format": form}, Range=f"bytes={first}-{last}")
        end = min(last, size - 1)
        assert (part.status_code, part["Content-Range"]) == (206, f"bytes {first}-{end}/{size}")
        assert (body, part["ETag"], int(part["Content-Length"])) == (
            data[first : end + 1],
            answer["ETag"],
            len(body),
        )
    assert fetch(api, at, {"format": form}, Range="bytes=-10")[1] == data[-10:]
    beyond, _nothing = fetch(api, at, {"format": form}, Range=f"bytes={size}-")
    assert (beyond.status_code, beyond["Content-Range"]) == (416, f"bytes */{size}")
    head = api.head(at, {"format": form})
    assert (head.status_code, int(head["Content-Length"]), head.content, head["ETag"]) == (
        200,
        size,
        b"",
        answer["ETag"],
    )


def test_some_images_only(api, at, palms):
    Image.objects.filter(image_set=palms, index=9).update(is_starred=True)
    for query, numbers in (
        ({"numbers": "1,3-4"}, [1, 3, 4]),
        ({"starred": "1"}, [9]),
        ({"best": "2"}, [8, 9]),
    ):
        with zipfile.ZipFile(io.BytesIO(fetch(api, at, query)[1])) as archive:
            assert [name for name in archive.namelist() if name.endswith(".png")] == [
                f"{n:06d}.png" for n in numbers
            ]
            assert len(json.loads(archive.read("manifest.json"))["images"]) == len(numbers)


def test_image_folder_has_two_sides_and_a_table_in_each(api, at):
    _answer, data = fetch(api, at, {"format": "imagefolder", "val": "0.5"})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        pictures = {name for name in archive.namelist() if name.endswith(".png")}
        assert len(pictures) == 12
        listed = set()
        for side in ("train", "val"):
            table = csv.DictReader(io.StringIO(archive.read(f"{side}/metadata.csv").decode()))
            listed |= {f"{side}/{row['file_name']}" for row in table}
        assert listed == pictures
        manifest = csv.DictReader(io.StringIO(archive.read("manifest.csv").decode()))
        assert [row["file"] for row in manifest] == [name for name in archive.namelist() if name in pictures]
        assert {one["file"] for one in json.loads(archive.read("manifest.json"))["images"]} == pictures
        sums = dict(line.split("  ")[::-1] for line in archive.read("SHA256SUMS").decode().splitlines())
        assert sums.keys() == set(archive.namelist()) - {"SHA256SUMS"}
        assert all(hashlib.sha256(archive.read(name)).hexdigest() == digest for name, digest in sums.items())
    with zipfile.ZipFile(io.BytesIO(fetch(api, at, {"format": "imagefolder", "val": "0"})[1])) as archive:
        assert not any(name.startswith("val/") for name in archive.namelist())


def test_web_dataset_in_parts(api, at):
    names = []
    for shard in range(3):
        answer, data = fetch(api, at, {"format": "webdataset", "shard": shard, "per_shard": 5})
        assert answer["Content-Type"] == "application/x-tar"
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            names += archive.getnames()
            first = archive.getnames()[1]
            assert json.load(archive.extractfile(first))["index"] == shard * 5
    assert names == [f"{n:06d}.{kind}" for n in range(12) for kind in ("png", "json")]
    problem(fetch(api, at, {"format": "webdataset", "shard": 3, "per_shard": 5})[0], 409)


def test_the_shards_are_listed_with_their_sizes_and_the_papers_check_them_all(api, palms, tmp_path):
    listed = api.get(f"/api/v1/sets/{palms.pk}/shards", {"per_shard": 5, "numbers": "1-11"})
    body = listed.json()
    assert [(one["name"], one["count"]) for one in body["results"]] == [
        ("left-palms-000000.tar", 5), ("left-palms-000001.tar", 5), ("left-palms-000002.tar", 1),
    ]  # fmt: skip
    for part in (*body["results"], body["papers"]):
        answer, data = fetch(api, part["url"])
        assert part["name"] in answer["Content-Disposition"]
        assert len(data) == part["size"]
        half, rest = fetch(api, part["url"], Range=f"bytes={len(data) // 2}-")
        assert (half.status_code, rest) == (206, data[len(data) // 2 :])
        if part["name"].endswith(".tar"):
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                archive.extractall(tmp_path, filter="data")
        else:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                assert archive.namelist() == ["manifest.csv", "manifest.json", "README.md", "SHA256SUMS"]
                archive.extractall(tmp_path)
    checked = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout.count(": OK")) == (0, 2 * 11 + 3)
    same = api.get(
        f"/api/v1/sets/{palms.pk}/shards",
        {"per_shard": 5, "numbers": "1-11"},
        headers={"If-None-Match": listed["ETag"]},
    )
    assert same.status_code == 304
    problem(api.get(f"/api/v1/sets/{palms.pk}/shards", {"per_shard": 0}), 400, "per_shard")
    problem(api.get(f"/api/v1/sets/{palms.pk}/shards", {"numbers": "99"}), 409)


def test_a_manifest_says_how_long_the_orders_took(api, at, palms, alice, model):
    began = datetime(2026, 1, 31, 12, tzinfo=UTC)
    for seconds in (90, 30.5):
        order = Order.objects.create(
            owner=alice, image_set=palms, checkpoint=model, spec={}, state="done", ended_at=began
        )
        Order.objects.filter(pk=order.pk).update(created_at=began - timedelta(seconds=seconds))
    with zipfile.ZipFile(io.BytesIO(fetch(api, at)[1])) as archive:
        assert json.loads(archive.read("manifest.json"))["seconds"] == 120.5


def test_what_cannot_be_downloaded_says_why(api, at, palms):
    for field, value in (
        ("format", "rar"),
        ("val", "1"),
        ("val", "x"),
        ("shard", "-1"),
        ("per_shard", "0"),
        ("best", "0"),
    ):
        problem(fetch(api, at, {field: value})[0], 400, field)
    problem(fetch(api, at, {"numbers": "99"})[0], 409)
    storage.image_path(palms, 3).unlink()
    answer, _body = fetch(api, at)
    assert answer.json()["code"] == "files_missing"
    assert fetch(api, at, {"numbers": "0-2"})[0].status_code == 200


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.filterwarnings("ignore:No directory at")
def test_curl_goes_on_where_a_line_broke(live_server, full_set, alice, tmp_path):
    palms = full_set(alice, 60)
    _token, key = tokens.create(by=alice, name="curl")
    address = f"{live_server.url}/api/v1/sets/{palms.pk}/download"

    def curl(*more):
        run = ["curl", "-sS", "--fail", "-H", f"Authorization: Bearer {key}", *more, address]
        done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr

    curl("-o", "whole.zip")
    whole = (tmp_path / "whole.zip").read_bytes()
    for cut in (1, 40, len(whole) // 3, len(whole) - 1):
        (tmp_path / "cut.zip").write_bytes(whole[:cut])
        curl("-C", "-", "-o", "cut.zip")
        assert (tmp_path / "cut.zip").read_bytes() == whole
    tested = subprocess.run(["unzip", "-t", "-q", "whole.zip"], cwd=tmp_path, capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout
