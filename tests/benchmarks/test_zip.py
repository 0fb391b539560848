"""The ZIP of ten thousand images from their rows into a pipe, beside `zip -0` of the same files into a pipe."""

import os
import resource
import shutil
import subprocess
import zlib
from hashlib import sha256

import pytest

from generation.sets import downloads, services, storage
from generation.sets.models import Image, ImageSet
from tests.benchmarks.turns import seconds_of
from tests.sets.rows import model  # noqa: F401  # fixture

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(1800)]
COUNT, SIZE, ROUNDS = 10_000, 20_000, 3
# What 10,000 members, their rows and one piece to send may take; the archive itself has 200 MB.
MOST_GROWTH = 80_000_000


def filled(owner, checkpoint):
    image_set = ImageSet.objects.create(owner=owner, name="palms", wanted=COUNT, checkpoint=checkpoint)
    rows = []
    noise = os.urandom(SIZE)
    storage.image_path(image_set, 0).parent.mkdir(parents=True)
    for index in range(COUNT):
        data = index.to_bytes(4, "big") + noise[4:]
        storage.image_path(image_set, index).write_bytes(data)
        rows.append(
            Image(
                image_set=image_set,
                index=index,
                seed=1,
                score=0.5,
                size=SIZE,
                crc32=zlib.crc32(data),
                sha256=sha256(data).hexdigest(),
                pixels_sha256=sha256(data).hexdigest(),
            )
        )
    Image.objects.bulk_create(rows, batch_size=1000)
    services.recount(image_set)
    image_set.refresh_from_db()
    return image_set


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_zip_of_ten_thousand_at_the_speed_of_zip(alice, model, keep):  # noqa: F811
    if shutil.which("zip") is None:
        pytest.skip("zip is not installed")
    image_set = filled(alice, model)
    grown = []

    def ours():
        before = peak()
        with subprocess.Popen(["wc", "-c"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as counter:
            archive = downloads.archive(image_set, downloads.Wish())
            for piece in archive.read(0, archive.size - 1):
                counter.stdin.write(piece)
            counter.stdin.close()
            assert int(counter.stdout.read()) == archive.size
        grown.append(peak() - before)

    def theirs():
        # Files are named on its input, as there are more than a command line holds.
        command = f"cd {storage.folder(image_set)} && ls | grep png | zip -0 -q - -@ | wc -c"
        assert int(subprocess.run(command, shell=True, capture_output=True, check=True).stdout) > COUNT * SIZE

    times = seconds_of([ours, theirs], ROUNDS)
    ratios = {clock: round(times[1][clock] / times[0][clock], 2) for clock in ("wall", "processor")}
    keep(
        "zip",
        images=COUNT,
        bytes=COUNT * SIZE,
        our_seconds=round(times[0]["wall"], 2),
        zip_seconds=round(times[1]["wall"], 2),
        our_processor_seconds=round(times[0]["processor"], 2),
        zip_processor_seconds=round(times[1]["processor"], 2),
        speed_against_zip=ratios,
        memory_grown=max(grown),
    )
    assert max(grown) < MOST_GROWTH
    # Of the processor: on the wall, three programs in a row get three shares of a busy machine, and we one.
    assert ratios["processor"] >= 1
