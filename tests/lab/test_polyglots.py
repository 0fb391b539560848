"""What is an image and something else, and what is only an image."""

import io
import struct
import time
import zipfile
import zlib

import pytest
from PIL import Image

from generation.lab import pixels
from generation.lab.polyglots import is_polyglot

from .conftest import picture, zipped
from .hostile import png_chunk

# Four letters of a page and a byte that no page has behind them, as noise throws them together.
BY_CHANCE = b"<SvG\xbc"
PAGE = b"<script>x"


def jpeg(seed="a", **how):
    """A JPEG of some kilobytes."""
    with Image.open(io.BytesIO(picture(seed, size=(200, 200)))) as image:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=95, **how)
    return buffer.getvalue()


def within(data, place, letters=BY_CHANCE):
    """The file with these letters in the place of as many others."""
    assert len(data) >= place + len(letters)
    return data[:place] + letters + data[place + len(letters) :]


def segment(code, body):
    """A segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, code, len(body) + 2) + body


def stored_png(letters, after=b""):
    """A PNG of one row of noise whose pixels are stored as they are, `after` them a chunk of anything."""
    row = bytes(1) + letters.ljust(3 * 32, b"\x80")
    header = struct.pack(">2I5B", 32, 1, 8, 2, 0, 0, 0)
    pixel_chunk = png_chunk(b"IDAT", zlib.compress(row, 0))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + pixel_chunk + after + png_chunk(b"IEND", b"")


def webp(*chunks, after=b""):
    """A WebP of these chunks."""
    body = b"".join(
        kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for kind, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body + after


def frame(*chunks):
    """A frame of an animated WebP."""
    return b"ANMF", bytes(16) + webp(*chunks)[12:]


def test_plain_images_pass():
    for kind in ("PNG", "JPEG", "WEBP"):
        assert not is_polyglot(picture("a", size=(200, 200), kind=kind))
    assert not is_polyglot(picture("a") + b"PK\x05\x06 and something that is no end of a zip")


@pytest.mark.parametrize("progressive", [False, True])
def test_letters_by_chance_among_the_pixels_of_a_jpeg_pass(progressive):
    data = jpeg(progressive=progressive, restart_marker_blocks=5)
    for scan in (data.index(b"\xff\xda"), data.rindex(b"\xff\xda")):
        chance = within(data, scan + 200)
        assert BY_CHANCE in chance
        assert not is_polyglot(chance)
    twofold = data + within(data, data.index(b"\xff\xda") + 200)
    assert not is_polyglot(twofold)
    assert is_polyglot(twofold + PAGE)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_page_beside_the_pixels_of_a_jpeg_is_found(progressive):
    data = jpeg(progressive=progressive)
    scan, last = data.index(b"\xff\xda"), data.rindex(b"\xff\xda")
    assert is_polyglot(data[:2] + segment(0xFE, PAGE) + data[2:])
    assert is_polyglot(data[:scan] + segment(0xE5, PAGE) + data[scan:])
    assert is_polyglot(data[:last] + segment(0xFE, PAGE) + data[last:])
    assert is_polyglot(data[:-2] + segment(0xFE, PAGE) + data[-2:])
    assert is_polyglot(data + PAGE)
    assert is_polyglot(data + segment(0xDA, PAGE))


def test_letters_by_chance_among_the_pixels_of_a_png_pass():
    data = stored_png(BY_CHANCE)
    assert BY_CHANCE in data
    with Image.open(io.BytesIO(data)) as image:
        image.load()
    assert not is_polyglot(data)
    assert not is_polyglot(stored_png(b"", png_chunk(b"fdAT", bytes(4) + BY_CHANCE)))


@pytest.mark.parametrize("kind", [b"tEXt", b"iTXt", b"zTXt", b"prVt"])
def test_a_page_beside_the_pixels_of_a_png_is_found(kind):
    assert is_polyglot(stored_png(BY_CHANCE, png_chunk(kind, b"Comment\0" + PAGE)))
    assert is_polyglot(stored_png(b"") + png_chunk(b"IDAT", PAGE))


@pytest.mark.parametrize("kind", [b"VP8 ", b"VP8L", b"ALPH"])
def test_letters_by_chance_among_the_pixels_of_a_webp_pass(kind):
    assert not is_polyglot(webp((kind, BY_CHANCE)))
    assert not is_polyglot(
        webp((b"VP8X", bytes(10)), frame((b"ALPH", BY_CHANCE), (kind, BY_CHANCE)), (b"EXIF", b"x"))
    )


def test_a_page_beside_the_pixels_of_a_webp_is_found():
    honest = picture("a", kind="WEBP")
    assert not is_polyglot(within(honest, 30))
    assert is_polyglot(honest + b"VP8 " + struct.pack("<I", len(PAGE)) + PAGE)
    assert is_polyglot(webp((b"VP8 ", BY_CHANCE), (b"EXIF", PAGE)))
    assert is_polyglot(webp(frame((b"VP8 ", BY_CHANCE), (b"XMP ", PAGE))))
    assert is_polyglot(webp((b"VP8 ", BY_CHANCE), after=PAGE))


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff" + b"\xff\x01" * 10**6,
        b"\xff\xd8" + b"\xff\xda\0\2" * 10**6,
        b"\x89PNG\r\n\x1a\n" + bytes(12 * 10**6),
    ],
)
def test_a_file_of_nothing_but_beginnings_takes_no_time_and_its_end_is_looked_at(data):
    began = time.process_time()
    assert is_polyglot(data + PAGE)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_what_is_cut_anywhere_is_walked_to_its_end(kind):
    data = picture("a", kind=kind)
    for end in range(len(data)):
        kept = b"".join(pixels.around(data[:end]))
        assert data[: min(end, 8)] == kept[:8]


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
    for kind in ("PNG", "JPEG", "WEBP"):
        assert is_polyglot(picture("a", kind=kind) + more)


def test_a_zip_with_a_comment_and_a_pdf():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", b"a")
        archive.comment = b"PK\x05\x06" * 50
    assert is_polyglot(picture("a") + buffer.getvalue())
    assert is_polyglot(b"\x89PNG\r\n\x1a\n%PDF-1.4")
