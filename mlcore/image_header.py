"""Width and height from the first bytes of a PNG or JPEG file. Decodes nothing and judges nothing.

What is not plain here gets None and goes to an image library, which knows every odd file and says what is wrong.
"""

import struct

PNG_START = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
PNG_HEADER = 33
JPEG_START = b"\xff\xd8\xff"
# Start-of-frame markers (ITU-T T.81, table B.1): the other four of 0xC0 to 0xCF begin tables.
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xDA)})
FILL = 0xFF


def size_of(data: bytes) -> tuple[int, int] | None:
    """Width and height of a file that begins as it should."""
    if data.startswith(PNG_START) and len(data) >= PNG_HEADER:
        width, height = struct.unpack_from(">II", data, len(PNG_START))
        return (width, height) if width and height else None
    return _size_of_jpeg(data) if data.startswith(JPEG_START) else None


def _size_of_jpeg(data: bytes) -> tuple[int, int] | None:
    """Walk from marker to marker up to the frame; thumbnails lie inside other segments and are stepped over."""
    place = 2
    while place + 9 <= len(data):
        marker = data[place + 1]
        if data[place] != FILL or marker == 0 or marker in WITHOUT_LENGTH:
            return None
        if marker == FILL:
            place += 1
            continue
        if marker in FRAMES:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return (width, height) if width and height else None
        place += 2 + int.from_bytes(data[place + 2 : place + 4])
    return None
