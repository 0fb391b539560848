"""Sets and models as rows and small files, without an engine: for tests that must not need torch."""

import hashlib
import zlib

import pytest

from accounts import ledger
from generation.sets import services, storage
from generation.sets.models import Checkpoint, Image, ImageSet


@pytest.fixture
def full_set(db):
    """A set as workers leave it, without an engine: `count` small files with their rows, charged."""

    def make(owner, count=10, scored=True, **fields):
        image_set = ImageSet.objects.create(
            owner=owner, name=fields.pop("name", "palms"), wanted=count, **fields
        )
        rows = []
        for index in range(count):
            data = b"\x89PNG\r\n\x1a\n" + hashlib.sha256(f"{image_set.pk} {index}".encode()).digest() * (
                index + 1
            )
            storage.keep(storage.image_path(image_set, index), data)
            storage.keep(storage.thumb_path(image_set, index), b"RIFF" + data)
            rows.append(
                Image(
                    image_set=image_set,
                    index=index,
                    seed=4711,
                    # Every score twice, so that equals are sorted too.
                    score=(index // 2 * 7 % 10) / 10 if scored else None,
                    size=len(data),
                    crc32=zlib.crc32(data),
                    sha256=hashlib.sha256(data).hexdigest(),
                    pixels_sha256=hashlib.sha256(data[::-1]).hexdigest(),
                )
            )
        Image.objects.bulk_create(rows)
        ledger.charge(user=owner, kind="images", count=count, size=sum(row.size for row in rows))
        services.recount(image_set)
        image_set.refresh_from_db()
        return image_set

    return make


@pytest.fixture
def model(db):
    """A published default model with its discriminator, as rows alone: it can be ordered from, not run."""
    judge = Checkpoint.objects.create(
        name="palm-d", kind="discriminator", state="published", source="upload", file="d", sha256="d" * 64
    )
    return Checkpoint.objects.create(
        name="palm-64",
        state="published",
        source="upload",
        file="g",
        sha256="a" * 64,
        partner=judge,
        is_default=True,
        seconds_per_image=0.01,
        bytes_per_image=9000,
        header={"licence": "CC-BY-4.0", "lineage": [{"source": "Hands of nobody", "images": 7}]},
    )
