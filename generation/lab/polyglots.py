"""Finds files that are an image and something else at once. Knows bytes alone.

A person who opens a picture must not be handed a page, a program or an archive; pictures never need to be one.
"""

import struct

from generation.lab import pixels

END_OF_ZIP = b"PK\x05\x06"
END_OF_ZIP_SIZE = 22
LONGEST_ZIP_COMMENT = 0xFFFF
PAGES = (b"<script", b"<!doctype html", b"<html", b"<?php", b"<svg")
PDF_WITHIN = 1024


def is_polyglot(data: bytes) -> bool:
    """Whether the bytes also are a zip, a PDF or hold a page outside of the pixels."""
    return _ends_as_zip(data) or b"%PDF-" in data[:PDF_WITHIN] or _holds_page(data)


def _ends_as_zip(data: bytes) -> bool:
    """A zip is read from its end: the record there must say rightly how long its comment is."""
    tail = data[-(END_OF_ZIP_SIZE + LONGEST_ZIP_COMMENT) :]
    place = tail.rfind(END_OF_ZIP)
    while place >= 0:
        comment = tail[place + 20 : place + END_OF_ZIP_SIZE]
        if len(comment) == 2 and place + END_OF_ZIP_SIZE + struct.unpack("<H", comment)[0] == len(tail):
            return True
        place = tail.rfind(END_OF_ZIP, 0, place)
    return False


def _holds_page(data: bytes) -> bool:
    """Pixels are passed over: in a MiB of them `<svg`, in any case, stands by chance once in five hundred times."""
    return any(page in piece for piece in map(bytes.lower, pixels.around(data)) for page in PAGES)
