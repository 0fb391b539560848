"""Where the pixels of an image file lie, so that the rest of it can be looked at. Knows bytes alone, decodes nothing.

Files are walked as decoders walk them. What cannot be walked counts as no pixels: better looked at than passed over.
"""

import re
from collections.abc import Iterator
from itertools import islice

Span = tuple[int, int]

MOST_STEPS = 100_000  # an honest PNG of 200 MiB has a quarter of that; behind it all is looked at
NO_PIXELS = (0, 0)

JPEG_START = b"\xff\xd8\xff"
# Any marker but a byte 0xFF of the pixels themselves (0xFF00) and the restarts among them (ITU-T T.81, B.1.1).
JPEG_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
JPEG_END, JPEG_SCAN = 0xD9, 0xDA
JPEG_WITHOUT_LENGTH = (0x01, 0xD8, JPEG_END)

PNG_START = b"\x89PNG\r\n\x1a\n"
PNG_PIXELS, PNG_END = (b"IDAT", b"fdAT"), b"IEND"

WEBP_PIXELS = (b"VP8 ", b"VP8L", b"ALPH")
WEBP_FRAME, WEBP_FRAME_HEADER = b"ANMF", 16


def around(data: bytes) -> Iterator[bytes]:
    """The file without its pixels, in pieces."""
    place = 0
    for start, end in spans(data):
        if start < end:
            yield data[place:start]
            place = end
    yield data[place:]


def spans(data: bytes) -> Iterator[Span]:
    """First byte of the pixels and the one behind them, in the file's order; a step without pixels is an empty one."""
    walk: Iterator[Span] = iter(())
    if data.startswith(JPEG_START):
        walk = _of_jpeg(data)
    elif data.startswith(PNG_START):
        walk = _of_png(data)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        walk = _of_webp(data)
    return islice(walk, MOST_STEPS)


def _of_jpeg(data: bytes) -> Iterator[Span]:
    """Between the header of each scan and the next marker; of photos with a second one behind them, that one's too."""
    place = 0
    while found := JPEG_MARKER.search(data, place):
        code, place = data[found.end() - 1], found.end()
        if code == JPEG_END and not data.startswith(JPEG_START, place):
            return
        if code not in JPEG_WITHOUT_LENGTH:
            place += int.from_bytes(data[place : place + 2])
        if code != JPEG_SCAN:
            yield NO_PIXELS
            continue
        following = JPEG_MARKER.search(data, place)
        end = following.start() if following else len(data)
        yield place, end
        place = end


def _of_png(data: bytes) -> Iterator[Span]:
    """The chunks that hold pixels; what follows the last chunk is none."""
    place, kind = len(PNG_START), b""
    while kind != PNG_END and place < len(data):
        length, kind = int.from_bytes(data[place : place + 4]), data[place + 4 : place + 8]
        start = place + 8
        yield (start, start + length) if kind in PNG_PIXELS else NO_PIXELS
        place = start + length + 4


def _of_webp(data: bytes) -> Iterator[Span]:
    """The chunks that hold pixels, those of an animation's frames too; what follows the RIFF is none."""
    place, end = 12, min(8 + int.from_bytes(data[4:8], "little"), len(data))
    while place < end:
        kind, length = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        start = place + 8
        yield (start, min(start + length, end)) if kind in WEBP_PIXELS else NO_PIXELS
        place = start + (WEBP_FRAME_HEADER if kind == WEBP_FRAME else length + length % 2)
