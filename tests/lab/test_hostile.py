"""Archives and images that mean harm: refused with a reason, nothing left on the disk, and the next job runs."""

import io
import resource

import numpy as np
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts import ledger
from accounts.models import AuditEvent
from generation.jobs import tasks
from generation.lab import answers, messages, services
from generation.uploads.models import Upload

from . import hostile
from .conftest import picture

# Data sets are read and models asked by their real handlers.
pytestmark = [pytest.mark.slow, pytest.mark.torch]

MIB = 2**20


def lying():
    """Every file below the media folder."""
    return sorted(path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file())


def most_memory():
    """The most that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (hostile.million_entries, "archive_refused", "500,000|500000|overlap|damaged"),
        (hostile.million_files_of_a_tar, "archive_refused", "suspiciously"),
        (hostile.linked_zip, "archive_refused", "link"),
        (hostile.device, "archive_refused", "device"),
        (hostile.slipping_tar, "archive_refused", "/../../../train/real/0.png leads out"),
        (hostile.cut_gzip, "archive_refused", "damaged"),
    ],
)
def test_archives_leave_nothing_and_the_next_job_runs(alice, bob, read, make, code, words):
    data, before = make(), most_memory()
    dataset = read(alice, data=data)
    assert (dataset.state, dataset.code) == ("failed", code)
    assert any(word in dataset.text for word in words.split("|")), dataset.text
    assert lying() == []
    assert not Upload.objects.exists()
    assert ledger.usage(alice)["bytes"].used == 0
    assert most_memory() - before < 100 * MIB
    assert read(bob).is_ready


REFUSED = {
    "huge.png": (hostile.huge_png, "ImageTooLarge"),
    "huge.jpg": (hostile.huge_jpeg, "ImageTooLarge"),
    "page.jpg": (hostile.page_in_exif, "Polyglot"),
}
TAKEN = {
    "turned.jpg": hostile.turned,
    "looping.jpg": hostile.looping_exif,
    "thumbnail.jpg": hostile.thumbnail_of_another,
    "text.png": hostile.text_bomb,
}


def test_images_are_refused_or_read_as_what_they_show(alice, read):
    files = {f"train/real/{name}": make() for name, (make, _code) in REFUSED.items()}
    files |= {f"test/real/{name}": make() for name, make in TAKEN.items()}
    before = most_memory()
    dataset = read(alice, data=hostile.archive_with(files))
    assert dataset.is_ready, dataset.text
    assert most_memory() - before < 150 * MIB
    eda = answers.of_eda(dataset)
    told = {file["name"].rpartition("/")[2]: file["code"] for file in eda["corrupt"]["files"]}
    assert told == {name: code for name, (_make, code) in REFUSED.items()}
    assert eda["test"]["real_cnt"] == 4 + len(TAKEN)
    # Sizes are those of the image, not of its thumbnail; a turned one is as large as before.
    assert (eda["test"]["min_size"], eda["test"]["max_size"]) == (32 * 24, 32 * 32)
    assert (eda["sizes"]["24x32"], eda["sizes"]["32x24"]) == (1, 2)


def test_asking_about_hostile_images_answers_with_the_reason_and_keeps_none_of_them(alice, fitted):
    services.set_fit(by=alice, fit=fitted(alice))
    sent = {name: make() for name, (make, _code) in REFUSED.items()} | {"text.svg": b"<svg onload='x'/>"}
    sent |= {name: make() for name, make in TAKEN.items()}
    files = [SimpleUploadedFile(name, data) for name, data in sent.items()]
    prediction, _job = services.predict(by=alice, files=files)
    tasks.run_next("short")
    prediction.refresh_from_db()
    said = {result["name"]: result.get("error", "") for result in prediction.results}
    wanted = {name: code for name, (_make, code) in REFUSED.items()} | dict.fromkeys(TAKEN, "")
    assert said == wanted | {"text.svg": "NotAnImage"}
    assert all(result["error"] in messages.IMAGE for result in prediction.results if "error" in result)
    kept = list(prediction.folder.iterdir())
    assert {path.suffix for path in kept} == {".png"}
    for path in kept:
        with Image.open(io.BytesIO(path.read_bytes())) as image:
            assert not image.getexif()
            assert not image.info
    services.delete_prediction(by=alice, prediction=prediction)
    assert AuditEvent.objects.filter(by=alice, action="lab.prediction.delete").exists()
    assert not prediction.folder.exists()


def test_nothing_of_an_images_metadata_is_shown(alice, read):
    exif = Image.Exif()
    exif[0x010E] = "where it was taken"
    dataset = read(alice, data=hostile.archive_with({"train/real/place.jpg": hostile.jpeg(exif.tobytes())}))
    for path in dataset.folder.glob("mosaic-*.png"):
        assert b"where it was taken" not in path.read_bytes()
        with Image.open(path) as image:
            assert np.asarray(image).shape[2] == 3
            assert not image.info


def test_a_picture_made_for_the_tests_is_no_polyglot():
    from generation.lab.polyglots import is_polyglot

    assert not is_polyglot(picture("a"))
    assert is_polyglot(hostile.page_in_exif())
