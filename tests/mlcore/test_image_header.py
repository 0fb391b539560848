import io
import struct

import numpy as np
import pytest
from PIL import Image

from mlcore import image_header


def written(size: tuple[int, int], kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.RandomState(0).randint(0, 256, (size[1], size[0], 3)).astype(np.uint8)).save(
        buffer, kind, **options
    )
    return buffer.getvalue()


def exif_with_thumbnail() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif.tobytes() + written((5, 4), "JPEG")


@pytest.mark.parametrize("size", [(1, 1), (7, 3), (640, 20), (300, 301)])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("PNG", {"optimize": True}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True, "quality": 30}),
        ("JPEG", {"comment": b"\xff\xc0" + bytes(40)}),
        ("JPEG", {"exif": exif_with_thumbnail()}),
    ],
)
def test_it_says_what_the_library_says(size, kind, options) -> None:
    assert image_header.size_of(written(size, kind, **options)) == size


def test_fill_bytes_between_segments_are_stepped_over() -> None:
    data = written((9, 8), "JPEG")
    assert image_header.size_of(data[:2] + b"\xff\xff" + data[2:]) == (9, 8)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no image",
        written((9, 8), "PNG")[:30],
        written((9, 8), "PNG")[:16] + struct.pack(">II", 0, 8) + bytes(20),
        written((9, 8), "JPEG")[:40],
        b"\xff\xd8\xff\xd9" + bytes(40),
        b"\xff\xd8\xff\xe0\x00\x00" + bytes(40),
        b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x00\x00\x05" + bytes(40),
        written((9, 8), "WEBP"),
    ],
)
def test_what_is_not_plain_is_left_to_the_library(data) -> None:
    assert image_header.size_of(data) is None
