import io
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from mlcore import images
from mlcore.errors import BrokenImage, ImageTooLarge, NotAnImage

RANDOM = np.random.RandomState(0).randint(0, 256, (2, 20, 30, 3)).astype(np.uint8)


def encoded(kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(RANDOM[0]).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "scale", [images.Normalisation(), images.Normalisation(0.0, 1.0, "BGR"), images.Normalisation(-2.0, 3.0)]
)
def test_pixels_survive_the_way_there_and_back(scale: images.Normalisation) -> None:
    floats = images.from_uint8(RANDOM, scale)
    assert floats.shape == (2, 3, 20, 30)
    assert floats.min() >= scale.low and floats.max() <= scale.high + 1e-6
    assert (images.to_uint8(floats, scale) == RANDOM).all()


def test_the_range_is_the_whole_of_eight_bits() -> None:
    batch = torch.tensor([-9.0, -1.0, 0.0, 1.0, 9.0]).view(1, 1, 1, 5).expand(1, 3, 1, 5)
    assert images.to_uint8(batch)[0, 0, :, 0].tolist() == [0, 0, 128, 255, 255]


def test_bgr_swaps_channels() -> None:
    blue = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    assert images.to_uint8(blue, images.Normalisation(0.0, 1.0, "BGR")).ravel().tolist() == [0, 0, 255]


def test_memory_format_changes_nothing() -> None:
    batch = torch.randn(4, 3, 8, 8)
    there = images.to_uint8(batch.to(memory_format=torch.channels_last))
    assert (there == images.to_uint8(batch)).all()


def test_png_is_exact_and_says_what_it_is() -> None:
    data = images.encode_png(RANDOM[0], {"palmsite": '{"seed": 1, "é": 2}'}, synthetic=True)
    assert (images.decode(data) == RANDOM[0]).all()
    with Image.open(io.BytesIO(data)) as other:
        other.load()
        assert other.text["palmsite"] == '{"seed": 1, "é": 2}'
        assert images.SYNTHETIC in other.text["XML:com.adobe.xmp"]
        assert (np.asarray(other) == RANDOM[0]).all()
        assert "2" not in (other.info.get("Creation Time") or "")
    assert set(images.png_text(data)) == {"palmsite", "XML:com.adobe.xmp"}
    assert images.encode_png(RANDOM[0], {"a": "b"}) == images.encode_png(RANDOM[0], {"a": "b"})


def test_every_chunk_of_a_png_is_sound() -> None:
    data = images.encode_png(RANDOM[0], {"palmsite": "x"}, synthetic=True)
    position, kinds = 8, []
    while position < len(data):
        length, kind = struct.unpack(">I4s", data[position : position + 8])
        body = data[position + 4 : position + 8 + length]
        assert struct.unpack(">I", data[position + 8 + length : position + 12 + length])[0] == zlib.crc32(
            body
        )
        kinds.append(kind)
        position += length + 12
    assert kinds[0] == b"IHDR" and kinds[-1] == b"IEND" and b"tIME" not in kinds


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP"])
def test_the_usual_kinds_are_read(kind: str) -> None:
    assert images.decode(encoded(kind)).shape == (20, 30, 3)


def test_exif_turns_the_picture() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert images.decode(encoded("JPEG", exif=exif)).shape == (30, 20, 3)


def test_pixels_are_counted_before_decoding() -> None:
    with pytest.raises(ImageTooLarge, match="30 x 20 pixels, over the limit of 599"):
        images.decode(encoded("PNG"), max_pixels=599)
    # A header that promises a giant, with nothing behind it, is refused by the promise.
    chunks = (b"IHDR" + struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0), b"IDAT", b"IEND")
    parts = [struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)) for body in chunks]
    with pytest.raises(ImageTooLarge):
        images.decode(images.PNG_SIGNATURE + b"".join(parts))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_torn_file_is_told(kind: str, share: float) -> None:
    data = encoded(kind)
    with pytest.raises(BrokenImage):
        images.decode(data[: max(12, int(len(data) * share))])


@pytest.mark.parametrize("data", [b"", b"hello", b"GIF89a" + b"\0" * 50, b"<svg xmlns='x'/>", b"%PDF-1.7"])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(NotAnImage):
        images.decode(data)


def test_a_grid_lays_pictures_in_rows() -> None:
    pictures = np.stack([np.full((2, 2, 3), value, np.uint8) for value in (10, 20, 30)])
    sheet = images.grid(pictures, 2)
    assert sheet.shape == (4, 4, 3)
    assert [sheet[0, 0, 0], sheet[0, 2, 0], sheet[2, 0, 0], sheet[2, 2, 0]] == [10, 20, 30, 255]


def test_resize_keeps_a_square_of_the_right_size() -> None:
    assert images.resize(RANDOM[0], 8).shape == (8, 8, 3)
    assert images.resize(RANDOM[0], 64).shape == (64, 64, 3)
    square = RANDOM[0, :20, :20]
    assert images.resize(square, 20) is square


def test_a_webp_sheet_says_that_it_is_generated():
    data = images.encode_webp(np.full((16, 16, 3), 120, np.uint8))
    assert images.SYNTHETIC.encode() in data
    assert images.decode(data).shape == (16, 16, 3)
