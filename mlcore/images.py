"""Pixels: [-1, 1] NCHW float <-> uint8 NHWC RGB, image files to arrays, arrays to PNG with its metadata.

The one place that converts. What is written into a PNG holds no time, owner, set or count.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from PIL import WebPImagePlugin as WebPImagePlugin  # Pillow finds WebP only once imported

from mlcore import image_header
from mlcore.errors import BrokenImage, ImageTooLarge, NotAnImage

if TYPE_CHECKING:  # who only reads files starts in a tenth of the time
    import torch

Pixels = NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "WEBP", "BMP")  # JPEG includes the MPO of phones
SUFFIXES = (".bmp", ".jfif", ".jpe", ".jpeg", ".jpg", ".png", ".webp")
MAX_PIXELS = 50_000_000
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
SYNTHETIC = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
SOFTWARE = "palmsite"


@dataclass(frozen=True, slots=True)
class Normalisation:
    """What a network's numbers mean: their range and the order of the colour channels."""

    low: float = -1.0
    high: float = 1.0
    channels: str = "RGB"


STANDARD = Normalisation()


def to_uint8(batch: "torch.Tensor", normalisation: Normalisation = STANDARD) -> Pixels:
    """NCHW float in the network's range -> NHWC uint8 RGB, rounded to the nearest."""
    scale = 255.0 / (normalisation.high - normalisation.low)
    # Written out as subtract, multiply, round so that a batch gives the same bytes whatever its memory
    # format.
    values = batch.detach().float().sub(normalisation.low).mul(scale).round().clamp(0, 255)
    pixels: Pixels = values.byte().permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return np.ascontiguousarray(pixels[..., ::-1]) if normalisation.channels == "BGR" else pixels


def from_uint8(pixels: "Pixels | torch.Tensor", normalisation: Normalisation = STANDARD) -> "torch.Tensor":
    """NHWC uint8 RGB -> NCHW float in the network's range."""
    import torch

    tensor = pixels if isinstance(pixels, torch.Tensor) else torch.from_numpy(np.ascontiguousarray(pixels))
    if normalisation.channels == "BGR":
        tensor = tensor.flip(-1)
    scale = (normalisation.high - normalisation.low) / 255.0
    return tensor.permute(0, 3, 1, 2).contiguous().float().mul(scale).add(normalisation.low)


def decode(data: bytes, max_pixels: int = MAX_PIXELS) -> Pixels:
    """An image file's bytes -> RGB uint8 HWC, turned as its EXIF says; its size is checked before it is
    decoded.
    """
    width, height = size_of(data)
    if width * height > max_pixels:
        raise ImageTooLarge(
            f"The image has {width} x {height} pixels, over the limit of {max_pixels:,}; shrink it first."
        )
    if (
        data[:2] == b"\xff\xd8"
        and b"\xff\xd9" not in data[-4096:]
        and b"\xff\xd9" not in data[len(data) // 2 :]
    ):
        raise BrokenImage("The JPEG file ends early; fetch it again.")
    if data[:8] == PNG_SIGNATURE and b"IEND" not in data[-4096:]:
        raise BrokenImage("The PNG file ends early; fetch it again.")
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise BrokenImage("The image begins well but cannot be decoded; fetch it again.")
    return np.ascontiguousarray(image, dtype=np.uint8)


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height as the file's first bytes say, without decoding a pixel."""
    if (plain := image_header.size_of(data)) is not None:
        return plain
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own limit speaks below, Pillow's bomb warning need not
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                return image.size
    except Image.DecompressionBombError as error:
        raise ImageTooLarge(f"The image is far too large: {error}.") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, struct.error) as error:
        if data.startswith((PNG_SIGNATURE, b"\xff\xd8\xff")) or data[8:12] == b"WEBP":
            raise BrokenImage("The image file ends early; fetch it again.") from error
        raise NotAnImage("This is no image of a kind that is read here (JPEG, PNG, WebP or BMP).") from error


def resize(image: Pixels, size: int) -> Pixels:
    """A square of `size` pixels: by area when it shrinks, cubic when it grows."""
    if image.shape[:2] == (size, size):
        return image
    shrinks = min(image.shape[:2]) >= size
    resized = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    return np.asarray(resized, dtype=np.uint8)


def encode_png(image: Pixels, text: Mapping[str, str] | None = None, *, synthetic: bool = False) -> bytes:
    """RGB uint8 HWC -> a PNG file; `text` becomes iTXt chunks, `synthetic` adds the IPTC mark of generated
    media.
    """
    done, buffer = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    if not done:
        raise BrokenImage(f"An array of shape {image.shape} cannot be written as PNG.")
    data = buffer.tobytes()
    entries = dict(text or {})
    if synthetic:
        entries["XML:com.adobe.xmp"] = _xmp()
    # After the signature (8) and the IHDR chunk (25): metadata that readers meet before the pixels.
    chunks = b"".join(_itxt(keyword, value) for keyword, value in entries.items())
    return data[:33] + chunks + data[33:]


def encode_webp(image: Pixels, quality: int = 75) -> bytes:
    """RGB uint8 HWC -> a WebP file that says it is generated; for sheets of samples, where a PNG would be heavy."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "WEBP", quality=quality, method=6, xmp=_xmp().encode())
    return buffer.getvalue()


def png_text(data: bytes) -> dict[str, str]:
    """The iTXt entries of a PNG file, as `encode_png` writes them."""
    if data[:8] != PNG_SIGNATURE:
        raise NotAnImage("This is no PNG file.")
    found: dict[str, str] = {}
    position = 8
    while position + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[position : position + 8])
        body = data[position + 8 : position + 8 + length]
        if kind == b"iTXt" and b"\0\0\0\0\0" in body:
            keyword, value = body.split(b"\0\0\0\0\0", 1)
            found[keyword.decode("latin-1")] = value.decode("utf-8", "replace")
        position += length + 12
    return found


def grid(pictures: Pixels, columns: int) -> Pixels:
    """NHWC pictures side by side in rows of `columns`; a last row is filled up with white."""
    count, height, width, channels = pictures.shape
    rows = -(-count // columns)
    sheet = np.full((rows * columns, height, width, channels), 255, np.uint8)
    sheet[:count] = pictures
    shaped = sheet.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(shaped.reshape(rows * height, columns * width, channels))


def _itxt(keyword: str, value: str) -> bytes:
    """One uncompressed iTXt chunk without language (PNG specification, 11.3.3.4)."""
    body = b"iTXt" + keyword.encode("latin-1") + b"\0\0\0\0\0" + value.encode()
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def _xmp() -> str:
    """XMP that says: made by a trained model (IPTC Photo Metadata Standard, Digital Source Type)."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/">'
        f"<Iptc4xmpExt:DigitalSourceType>{escape(SYNTHETIC)}</Iptc4xmpExt:DigitalSourceType>"
        f"<xmp:CreatorTool>{SOFTWARE}</xmp:CreatorTool>"
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    )
