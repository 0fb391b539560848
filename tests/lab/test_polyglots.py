"""What is an image and something else, and what is only an image."""

import io
import zipfile

import pytest
from PIL import Image

from generation.lab.polyglots import is_polyglot

from .conftest import picture, zipped


def test_plain_images_pass():
    for kind in ("PNG", "JPEG", "WEBP"):
        assert not is_polyglot(picture("a", size=(200, 200), kind=kind))
    assert not is_polyglot(picture("a") + b"PK\x05\x06 and something that is no end of a zip")


def test_exif_is_no_reason():
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (8, 8)).save(buffer, "JPEG", exif=exif)
    assert not is_polyglot(buffer.getvalue())


@pytest.mark.parametrize(
    "more",
    [b"<ScRiPt>x", b"<?php x", b"<!DOCTYPE html>", b"<html lang=x>", b"<svg onload=x>", zipped({"a": b"a"})],
)
def test_what_follows_an_image_is_found(more):
    assert is_polyglot(picture("a") + more)


def test_a_zip_with_a_comment_and_a_pdf():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", b"a")
        archive.comment = b"PK\x05\x06" * 50
    assert is_polyglot(picture("a") + buffer.getvalue())
    assert is_polyglot(b"\x89PNG\r\n\x1a\n%PDF-1.4")
