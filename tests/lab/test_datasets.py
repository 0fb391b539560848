"""Archives become data sets, or are refused with a reason and leave nothing on the disk."""

import gzip
import io
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.urls import reverse
from PIL import Image

from accounts import ledger
from accounts.errors import InvalidInput, NotFound
from generation.jobs import services as jobs
from generation.jobs import tasks
from generation.lab import answers, messages, reading, selectors, services
from generation.lab.errors import BadId, IdTaken
from generation.lab.models import Dataset
from generation.sets import storage as set_files
from generation.uploads.models import Upload

from .conftest import picture, tree, zipped

# Data sets are read and models fitted by their real handlers.
pytestmark = [pytest.mark.slow, pytest.mark.torch]


def lying():
    """Every file below the media folder."""
    return sorted(path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file())


def tarred(files, mode="w"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.mark.parametrize("pack", [zipped, tarred, lambda files: tarred(files, "w:gz")])
def test_finds_the_tree_at_any_depth_in_any_case(alice, read, pack):
    files = tree(prefix="Some/Where/", more={"README.txt": b"hello", "__MACOSX/._1": b"x"})
    files = {name.replace("train/real", "TRAIN/Real"): data for name, data in files.items()}
    dataset = read(alice, data=pack(files))
    assert (dataset.state, dataset.images, dataset.text) == ("ready", 24, "")
    eda = answers.of_eda(dataset)
    assert (eda["train"]["real_cnt"], eda["train"]["fake_cnt"]) == (8, 8)
    assert (eda["test"]["real_cnt"], eda["outside"]) == (4, 1)
    assert not Upload.objects.exists()
    use = ledger.usage(alice)
    assert (use["uploads"].used, use["datasets"].used, use["datasets"].size) == (0, 1, dataset.size)
    assert dataset.size == set_files.bytes_in(dataset.folder)


def test_numbers_are_those_of_the_pixels(alice, read):
    files = tree(more={"train/real/large.png": picture("large", light=True, size=(64, 48))})
    dataset = read(alice, files)
    pixels = {split: [] for split in ("train", "test")}
    for name, data in files.items():
        pixels[name.split("/")[0]].append(np.asarray(Image.open(io.BytesIO(data))) / 255)
    for split, found in pixels.items():
        numbers = dataset.eda[split]
        areas = [one.shape[0] * one.shape[1] for one in found]
        assert (numbers["min_size"], numbers["max_size"]) == (min(areas), max(areas))
        assert numbers["avg_size"] == round(sum(areas) / len(areas), 4)
        pooled = np.concatenate([one.reshape(-1, 3) for one in found])
        for place, colour in enumerate(("red", "green", "blue")):
            assert numbers[f"mean_{colour}"] == pytest.approx(pooled[:, place].mean(), abs=1e-4)
            assert numbers[f"std_{colour}"] == pytest.approx(pooled[:, place].std(), abs=1e-4)
    assert sorted(numbers) == sorted([
        "fake_cnt", "real_cnt", "avg_size", "min_size", "max_size",
        "mean_red", "std_red", "mean_green", "std_green", "mean_blue", "std_blue",
    ])  # fmt: skip


def test_numbers_stand_in_their_order_and_are_rounded_once():
    from mlcore.summary import Survey
    from mlcore.tally import Tally

    # Through six decimals the mean would become 0.12345, and that 0.1235.
    of_one = Tally(1, 10**8, np.full(3, 12_344_996.0), np.full(3, 10.0**7), Counter({"10000x10000": 1}))
    numbers = reading.numbers(Survey({"train/real": of_one}), "train")
    assert " ".join(numbers) == (
        "fake_cnt real_cnt avg_size min_size max_size mean_red mean_green mean_blue std_red std_green std_blue"
    )
    assert numbers["mean_red"] == 0.1234


def saved_again(data):
    """The same pixels in other bytes: another file, which the pages say is not found."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(data)) as image:
        image.save(buffer, "PNG", compress_level=1)
    assert buffer.getvalue() != data
    return buffer.getvalue()


def test_copies_and_leakage_are_counted(alice, read):
    files = tree()
    files["train/real/copy.png"] = files["train/real/0.png"]
    files["test/fake/leak.png"] = files["train/fake/1.png"]
    files["test/fake/again.png"] = saved_again(files["train/fake/2.png"])
    eda = read(alice, files).eda
    found = eda["duplicates"]
    assert (found["train"], found["test"], found["across"]) == (1, 0, 1)
    assert sorted(found["examples"][0]) == ["test/fake/leak.png", "train/fake/1.png"]
    assert eda["formats"]["train"] == {"PNG": 17}


def test_hostile_images_are_left_out_with_the_reason(alice, read, settings):
    settings.PALMSITE_LAB = settings.PALMSITE_LAB | {"image_pixels": 10_000}
    whole = picture("x")
    with_zip = whole + zipped({"a.txt": b"a"})
    bad = {
        "train/real/text.png": (b"no image", "NotAnImage"),
        "train/real/page.png": (whole + b"<script>alert(1)</script>", "Polyglot"),
        "train/real/zip.png": (with_zip, "Polyglot"),
        "train/fake/bomb.png": (picture("b", size=(200, 200)), "ImageTooLarge"),
        "train/fake/cut.png": (whole[: len(whole) // 2], "BrokenImage"),
        "test/fake/vector.svg": (b"<svg onload='x'/>", "NotAnImage"),
    }
    dataset = read(alice, tree(more={name: data for name, (data, _) in bad.items()}))
    corrupt = answers.of_eda(dataset)["corrupt"]
    assert {file["name"]: file["code"] for file in corrupt["files"]} == {
        name: code for name, (_, code) in bad.items()
    }
    assert (corrupt["count"], dataset.images) == (6, 24)
    assert all(file["reason"] == messages.IMAGE[file["code"]] for file in corrupt["files"])
    kept = [path.read_bytes() for path in lying()]
    assert not any(data in kept for data, _ in bad.values() if data != b"no image")


def encrypted():
    """A zip whose members say that they ask for a password."""
    data = bytearray(zipped(tree()))
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(magic)
        while at >= 0:
            data[at + place] |= 1
            at = data.find(magic, at + 4)
    return bytes(data)


def linked():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("train/real/1.png")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    return buffer.getvalue()


def bomb():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train/real/1.png", bytes(4_000_000))
    return buffer.getvalue()


HOSTILE = {
    "no archive": (lambda: b"hello there", "archive_refused", "no zip"),
    "password": (encrypted, "archive_refused", "password"),
    "link": (linked, "archive_refused", "link"),
    "bomb": (bomb, "archive_refused", "suspiciously"),
    "nested": (
        lambda: zipped(tree(more={"train/real/x.zip": zipped({"a": b"a"})})),
        "archive_refused",
        "inside",
    ),
    "truncated": (lambda: zipped(tree())[:4000], "archive_refused", ""),
    "entries": (lambda: zipped({f"train/real/{n}": b"" for n in range(60)}), "archive_refused", "60|50"),
    "no tree": (lambda: zipped({"a/1.png": picture("a")}), "no_tree", "train/real, train/fake"),
    "no test": (lambda: zipped(tree(test=0)), "no_tree", "test/real, test/fake"),
    "one": (lambda: zipped(tree(train=1)), "too_few", "at least two"),
    "slip": (
        lambda: zipped(tree(prefix="../../etc/")),
        "archive_refused",
        "../../etc/train/real/0.png leads",
    ),
    "root": (lambda: tarred(tree(prefix="/tmp/x/")), "archive_refused", "/tmp/x/train/real/0.png leads"),
    "drive": (lambda: zipped(tree(prefix="C:\\x\\")), "archive_refused", "C:/x/train/real/0.png leads"),
    "zeros": (lambda: gzip.compress(bytes(64 * 2**20)), "archive_refused", "suspiciously"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_archives_leave_nothing_and_the_next_job_runs(alice, bob, read, settings, kind):
    settings.PALMSITE_LAB = settings.PALMSITE_LAB | {"entries": 50}
    make, code, words = HOSTILE[kind]
    dataset = read(alice, data=make())
    assert (dataset.state, dataset.code) == ("failed", code)
    assert any(word in dataset.text for word in words.split("|"))
    assert lying() == []
    assert not Upload.objects.exists()
    assert ledger.usage(alice)["bytes"].used == 0
    assert read(bob).is_ready


def test_a_dot_before_every_path_is_no_slip(alice, read):
    assert read(alice, data=tarred(tree(prefix="./"))).is_ready


def cut(data):
    return data[: len(data) // 2]


SPOILT = {
    "NotAnImage": (lambda seed: picture(seed, kind="GIF"), "is no JPEG, PNG or WebP image"),
    "ImageTooLarge": (lambda seed: picture(seed, size=(200, 200)), "has too many pixels"),
    "BrokenImage": (lambda seed: cut(picture(seed)), "is cut off or damaged"),
    "Polyglot": (lambda seed: picture(seed) + b"<script>", "is an image and something else at once"),
}


@pytest.mark.parametrize("reason", SPOILT)
def test_where_no_file_of_a_part_can_be_used_the_first_ones_reason_is_said(alice, read, settings, reason):
    settings.PALMSITE_LAB = settings.PALMSITE_LAB | {"image_pixels": 10_000}
    make, words = SPOILT[reason]
    files = {name: make(name) if "/real/" in name else data for name, data in tree().items()}
    dataset = read(alice, files)
    assert (dataset.state, dataset.code) == ("failed", "none_usable")
    assert dataset.text.startswith(
        f"Files in train/real, test/real: 12, and none can be used. The first, train/real/0.png, {words}"
    )
    assert answers.of_dataset(dataset)["message"] == dataset.text
    assert lying() == []


@pytest.mark.parametrize(
    ("language", "words"), [("en", "and none can be used"), ("ru", "обрезан или повреждён")]
)
def test_page_and_api_say_why_nothing_could_be_used(client, alice, read, language, words):
    read(alice, {name: cut(data) for name, data in tree().items()})
    client.force_login(alice)
    asked = {"Accept-Language": language}
    page = client.get(reverse("lab:dataset", args=["palms"]), headers=asked)
    assert words in page.content.decode()
    (told,) = client.get("/api/v1/lab/datasets", headers=asked).json()["results"]
    assert (told["code"], words in told["message"]) == ("none_usable", True)


def test_reasons_for_none_are_those_for_one():
    assert messages.NONE_USABLE.keys() == messages.IMAGE.keys()


def test_a_part_without_files_is_missing_though_others_are_spoilt(alice, read):
    files = tree(test=0, more={"train/real/cut.png": cut(picture("x"))})
    assert read(alice, files).code == "no_tree"


def test_more_than_there_is_room_for_is_refused(alice, read):
    alice.quota_stored_bytes = len(zipped(tree())) + 5000
    alice.save()
    dataset = read(alice, tree())
    assert dataset.code in ("over_quota_bytes", "archive_refused")
    assert lying() == []
    assert ledger.usage(alice)["bytes"].used == 0


def test_ids_are_unique_per_owner_and_checked(alice, bob, read, upload):
    read(alice, name="palms")
    assert read(bob, name="palms").is_ready
    sent = upload(alice, b"x" * 10)
    with pytest.raises(IdTaken) as taken:
        services.create_dataset(by=alice, name="palms", upload_id=sent.pk)
    assert (taken.value.status, list(taken.value.fields)) == (409, ["id"])
    for name in ("a/b", "..", ".", "-x", "x" * 65, "a b"):
        with pytest.raises(BadId) as bad:
            services.create_dataset(by=alice, name=name, upload_id=sent.pk)
        assert bad.value.status == 422
    named = services.create_dataset(by=alice, name="", upload_id=sent.pk)
    assert named.name == "palms-2"
    with pytest.raises(NotFound):
        services.create_dataset(by=bob, name="other", upload_id=sent.pk)


def test_deleting_gives_all_back(alice, read):
    dataset = read(alice)
    services.delete_dataset(by=alice, dataset=dataset)
    services.delete_dataset(by=alice, dataset=dataset)
    assert lying() == []
    assert ledger.usage(alice)["datasets"].used == 0


def test_stopping_leaves_nothing(alice, upload, on_commit):
    sent = upload(alice, zipped(tree()))
    dataset = services.create_dataset(by=alice, name="palms", upload_id=sent.pk)
    jobs.cancel(by=alice, job=selectors.job_of(dataset))
    dataset.refresh_from_db()
    assert (dataset.state, dataset.code, dataset.text) == ("failed", "stopped", "Stopped, as you asked.")
    assert lying() == []


def test_what_breaks_on_our_side_claims_to_keep_nothing(alice, read, monkeypatch):
    monkeypatch.setattr(reading, "look", lambda *_: 1 // 0)
    dataset = read(alice)
    assert (dataset.state, dataset.code) == ("failed", "crashed")
    assert "kept" not in dataset.text
    assert lying() == []


def test_a_lost_worker_changes_nothing_and_the_next_makes_it_whole(alice, upload, on_commit, monkeypatch):
    from generation.jobs.errors import LeaseLost
    from generation.jobs.leases import Claim
    from generation.jobs.models import Job
    from generation.lab import reading

    sent = upload(alice, zipped(tree()))
    dataset = services.create_dataset(by=alice, name="palms", upload_id=sent.pk)

    def lose(*_arguments):
        job = Job.objects.get()
        assert jobs.release(Claim.of(job))
        raise LeaseLost

    with monkeypatch.context() as patch:
        patch.setattr(reading, "look", lose)
        tasks.run_next("long")
    dataset.refresh_from_db()
    assert dataset.is_waiting
    assert len(lying()) == 1
    tasks.run_next("long")
    dataset.refresh_from_db()
    assert dataset.is_ready
    assert not [path for path in lying() if ".part" in str(path)]


def test_sets_of_the_site_stand_against_photos(alice, charlie, upload, on_commit, made_set):
    image_set = made_set(alice)
    photos = {f"any/{n}.png": picture(f"photo {n}", light=True) for n in range(30)}
    sent = upload(alice, zipped(photos))
    with pytest.raises(NotFound):
        foreign = upload(charlie, zipped(photos))
        services.compose_dataset(by=charlie, name="x", sets=[image_set.pk], upload_id=foreign.pk)
    dataset = services.compose_dataset(by=alice, name="both", sets=[image_set.pk], upload_id=sent.pk)
    tasks.run_next("long")
    dataset.refresh_from_db()
    assert (dataset.state, dataset.images, dataset.text) == ("ready", 60, "")
    assert dataset.eda["train"]["fake_cnt"] + dataset.eda["test"]["fake_cnt"] == 30
    assert Dataset.objects.get().source["names"] == ["Made"]


@pytest.mark.parametrize("seed", range(5))
def test_few_images_are_parted_too_and_copies_stand_on_one_side(alice, upload, on_commit, made_set, seed):
    image_set = made_set(alice, count=3)
    photos = {f"any/{n}.png": picture(f"photo {n // 2}", light=True) for n in range(12)}
    sent = upload(alice, zipped(photos | {"any/made.png": picture("made 0")}))
    dataset = services.compose_dataset(
        by=alice, name="few", sets=[image_set.pk], upload_id=sent.pk, seed=seed
    )
    tasks.run_next("long")
    dataset.refresh_from_db()
    assert (dataset.state, dataset.text) == ("ready", "")
    test = dataset.eda["test"]
    assert test["fake_cnt"] in (1, 2)
    assert test["real_cnt"] in (2, 3)
    assert dataset.eda["duplicates"]["across"] == 0


def test_too_few_photos_are_said_as_such(alice, upload, on_commit, made_set):
    sent = upload(alice, zipped({f"{n}.png": picture("one") for n in range(6)} | {"notes.txt": b"words"}))
    dataset = services.compose_dataset(by=alice, name="few", sets=[made_set(alice).pk], upload_id=sent.pk)
    tasks.run_next("long")
    dataset.refresh_from_db()
    assert (dataset.state, dataset.code) == ("failed", "too_few")
    assert dataset.text.startswith("The photographs are too few")
    assert not dataset.folder.exists()


@pytest.fixture
def made_set():
    """A synthetic set, of thirty images where nothing else is said."""
    from generation.sets import storage as set_files
    from generation.sets.models import Image as SetImage
    from generation.sets.models import ImageSet

    def make(owner, count=30):
        image_set = ImageSet.objects.create(owner=owner, name="Made", count=count)
        for index in range(count):
            data = picture(f"made {index}")
            set_files.keep(set_files.image_path(image_set, index), data)
            SetImage.objects.create(
                image_set=image_set, index=index, seed=1, size=len(data), crc32=0, sha256="", pixels_sha256=""
            )
        return image_set

    return make


@pytest.fixture
def kept_reference():
    """A reference of one person, with its photographs."""
    from generation.evaluation.models import Bank, Reference

    def make(owner, count=25):
        reference = Reference.objects.create(
            owner=owner, name="hands", content="c" * 64, n=count, keeps_photos=True
        )
        Bank.objects.create(
            reference=reference,
            extractor="any",
            weights_sha256="w" * 64,
            source="upload",
            file="hands",
            size=1,
            sha256="d" * 64,
        )
        reference.photos_folder.mkdir(parents=True)
        for number in range(count):
            (reference.photos_folder / f"{number:06d}.png").write_bytes(picture(f"kept {number}", light=True))
        return reference

    return make


def test_kept_photos_of_a_reference_stand_as_real(alice, bob, upload, on_commit, made_set, kept_reference):
    image_set, reference = made_set(alice), kept_reference(alice)
    theirs = kept_reference(bob)
    for unknown in ("no such", str(theirs.pk)):
        with pytest.raises(InvalidInput):
            services.compose_dataset(by=alice, name="x", sets=[image_set.pk], reference=unknown)
    with pytest.raises(InvalidInput) as nothing:
        services.compose_dataset(by=alice, name="x", sets=[image_set.pk])
    assert list(nothing.value.fields) == ["file"]
    dataset = services.compose_dataset(by=alice, name="", sets=[image_set.pk], reference="hands")
    tasks.run_next("long")
    dataset.refresh_from_db()
    assert (dataset.state, dataset.images, dataset.name, dataset.text) == ("ready", 55, "Made", "")
    sent = upload(alice, zipped({f"any/{n}.png": picture(f"photo {n}", light=True) for n in range(5)}))
    both = services.compose_dataset(
        by=alice, name="both", sets=[image_set.pk], upload_id=sent.pk, reference=str(reference.pk)
    )
    tasks.run_next("long")
    both.refresh_from_db()
    assert (both.state, both.images) == ("ready", 60)


def test_photos_that_are_gone_are_said(alice, on_commit, made_set, kept_reference):
    image_set, reference = made_set(alice), kept_reference(alice)
    dataset = services.compose_dataset(by=alice, name="late", sets=[image_set.pk], reference="hands")
    reference.delete()
    tasks.run_next("long")
    dataset.refresh_from_db()
    assert (dataset.state, dataset.code) == ("failed", "reference_gone")
    assert not dataset.folder.exists()


def test_the_page_and_the_api_offer_references_that_keep_their_photos(
    client, alice, made_set, kept_reference
):
    from django.urls import reverse

    image_set = made_set(alice)
    client.force_login(alice)
    page = reverse("lab:compose")
    assert 'name="reference"' not in client.get(page).content.decode()
    reference = kept_reference(alice)
    assert 'name="reference"' in client.get(page).content.decode()
    sent = client.post(page, {"sets": [image_set.pk], "reference": reference.pk, "id": "one"})
    assert (sent.status_code, sent["Location"]) == (302, reverse("lab:dataset", args=["one"]))
    asked = {"sets": [str(image_set.pk)], "reference": "hands", "id": "two"}
    answer = client.post(reverse("api-lab-datasets"), asked, content_type="application/json")
    assert (answer.status_code, answer.json()["source"]) == (202, "sets")
    empty = client.post(page, {"sets": [image_set.pk], "reference": "", "id": "three"})
    assert empty.status_code == 400
