"""Reads zip files by their central directory (APPNOTE 6.3.10), one entry at a time.

Not Python's zipfile: that one builds an object for each of a million entries before a limit can be looked at.
"""

import stat
import struct
import zlib
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from mlcore.archive.limits import (
    CHUNK,
    BrokenArchive,
    Budget,
    DeviceRefused,
    EncryptedRefused,
    Limits,
    LinkRefused,
    Member,
    UnsupportedArchive,
    counted,
    parts_of,
    refuse_nested,
)

END = struct.Struct("<4s4H2LH")
END64_LOCATOR = struct.Struct("<4sLQL")
END64 = struct.Struct("<4sQ2H2L4Q")
CENTRAL = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")
MAX_COMMENT = 65_535
STORED, DEFLATED = 0, 8
ENCRYPTED = 0x0001 | 0x0040 | 0x2000
UTF8 = 0x0800
FULL16, FULL32, FULL64 = 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF


@dataclass(frozen=True)
class _Entry:
    parts: tuple[str, ...]
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    is_folder: bool


def iter_zip(path: Path, limits: Limits) -> Iterator[Member]:
    """Walk a zip file; the whole directory is checked before the first member is given out.

    It is read twice and never held: of each entry only where its bytes lie is remembered.
    """
    with path.open("rb") as stream:
        length = stream.seek(0, 2)
        budget = Budget(limits, length)
        count, start, end = _find_directory(stream, length)
        budget.check_entries(count)
        first, last = array("Q"), array("Q")
        for entry in _directory(stream, count, start, end, budget):
            first.append(entry.offset)
            last.append(min(entry.offset + LOCAL.size + entry.packed, FULL64))
        _refuse_overlaps(first, last, start)
        for entry in _directory(stream, count, start, end, Budget(limits, length)):
            if not entry.is_folder:
                yield Member(entry.parts, entry.size, partial(_content, stream, entry, budget))


def _find_directory(stream: BinaryIO, length: int) -> tuple[int, int, int]:
    """How many entries the directory has, where it starts and where it ends."""
    reach = min(length, END.size + MAX_COMMENT)
    stream.seek(length - reach)
    tail = stream.read(reach)
    place = tail.rfind(b"PK\x05\x06")
    while place >= 0:
        if place + END.size <= len(tail):
            _, disk, first, _, count, size, start, comment = END.unpack_from(tail, place)
            if place + END.size + comment == len(tail):
                break
        place = tail.rfind(b"PK\x05\x06", 0, place)
    if place < 0:
        raise BrokenArchive("The zip is cut off: its directory is missing. Copy or make it again.")
    end = length - reach + place
    if disk or first:
        raise UnsupportedArchive("The zip is one part of several. Join them into one file.")
    if count == FULL16 or FULL32 in (size, start):
        count, size, start, end = _find_directory64(stream, end)
    if start + size != end:
        raise BrokenArchive("The zip's directory is not where it should be. Make the archive again.")
    return count, start, end


def _find_directory64(stream: BinaryIO, end: int) -> tuple[int, int, int, int]:
    """The same of a large zip: entries, size, start, end."""
    place = end - END64_LOCATOR.size
    mark, _, where, _ = END64_LOCATOR.unpack(_at(stream, max(place, 0), END64_LOCATOR.size))
    if mark != b"PK\x06\x07":
        raise BrokenArchive("The zip's 64-bit directory is missing. Make the archive again.")
    fields = END64.unpack(_at(stream, where, END64.size))
    if fields[0] != b"PK\x06\x06" or fields[4] or fields[5]:
        raise BrokenArchive("The zip's 64-bit directory is damaged. Make the archive again.")
    return fields[7], fields[8], fields[9], where


def _directory(stream: BinaryIO, count: int, start: int, end: int, budget: Budget) -> Iterator[_Entry]:
    place, claimed = start, 0
    for _ in range(count):
        budget.entry()
        if place + CENTRAL.size > end:
            raise BrokenArchive(f"The zip's directory ends before its {count:,} entries. Make it again.")
        fields = CENTRAL.unpack(_at(stream, place, CENTRAL.size))
        if fields[0] != b"PK\x01\x02":
            raise BrokenArchive("The zip's directory is damaged. Make the archive again.")
        named, extra, comment = fields[10:13]
        if named > budget.limits.max_name_bytes:
            raise BrokenArchive(
                f"A name in the zip has {named:,} bytes, over {budget.limits.max_name_bytes:,}."
            )
        rest = stream.read(named + extra)
        place += CENTRAL.size + named + extra + comment
        if len(rest) != named + extra or place > end:
            raise BrokenArchive("The zip's directory is cut off. Make the archive again.")
        entry = _entry(fields, rest[:named], rest[named:], budget.limits)
        if not entry.is_folder:
            budget.check_member(entry.size, "/".join(entry.parts))
        claimed += entry.size
        budget.check_total(claimed)
        yield entry
    if place != end:
        raise BrokenArchive(f"The zip's directory goes on after its {count:,} entries. Make it again.")


def _entry(fields: tuple[int, ...], name: bytes, extra: bytes, limits: Limits) -> _Entry:
    made_by, _, flags, method, _, _, crc, packed, size = fields[1:10]
    mode, offset = fields[15] >> 16, fields[16]
    text = name.decode("utf-8" if flags & UTF8 else "cp437", errors="replace")
    parts = parts_of(text, limits)
    shown = "/".join(parts)
    if flags & ENCRYPTED:
        raise EncryptedRefused(f"{shown} is encrypted. Pack it without a password.", file=shown)
    kind = stat.S_IFMT(mode) if made_by >> 8 != 0 else 0
    if kind == stat.S_IFLNK:
        raise LinkRefused(f"{shown} is a link. Pack the files themselves.", file=shown)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise DeviceRefused(f"{shown} is a device or a pipe. Pack pictures only.", file=shown)
    packed, size, offset = _wide(extra, packed, size, offset)
    is_folder = text.endswith(("/", "\\")) or kind == stat.S_IFDIR
    if is_folder and size:
        raise BrokenArchive(f"{shown} says that it is a folder and has {size:,} bytes.")
    if not is_folder:
        refuse_nested(parts)
        if method not in (STORED, DEFLATED):
            raise UnsupportedArchive(
                f"{shown} is packed by method {method}; only store and deflate are read."
            )
        if method == STORED and packed != size:
            raise BrokenArchive(f"{shown} is stored and yet changes its size.")
    return _Entry(parts, method, crc, packed, size, offset, is_folder)


def _wide(extra: bytes, packed: int, size: int, offset: int) -> tuple[int, int, int]:
    """The 64-bit values of the extra field where the 32-bit ones are full."""
    if FULL32 not in (packed, size, offset):
        return packed, size, offset
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, place)
        if kind == 1:
            values = iter(
                struct.unpack_from(
                    f"<{length // 8}Q", extra[place + 4 : place + 4 + length].ljust(length, b"\0")
                )
            )
            try:
                size = next(values) if size == FULL32 else size
                packed = next(values) if packed == FULL32 else packed
                offset = next(values) if offset == FULL32 else offset
            except StopIteration:
                break
            return packed, size, offset
        place += 4 + length
    raise BrokenArchive("An entry of the zip lacks its 64-bit size. Make the archive again.")


def _refuse_overlaps(first: "array[int]", last: "array[int]", start: int) -> None:
    """Refuse entries that share bytes: a few kilobytes could otherwise be unpacked a million times."""
    before = 0
    for place in _in_order(first):
        if first[place] < before or last[place] > start:
            raise BrokenArchive("Entries of the zip overlap, which no honest packer does. Make it again.")
        before = last[place]


def _in_order(first: "array[int]") -> Iterable[int]:
    """Entries by where they begin, as packers write them; of any other order a list of all of them is made."""
    if all(one <= other for one, other in pairwise(first)):
        return range(len(first))
    return sorted(range(len(first)), key=first.__getitem__)


def _content(stream: BinaryIO, entry: _Entry, budget: Budget) -> Iterator[bytes]:
    shown = "/".join(entry.parts)
    fields = LOCAL.unpack(_at(stream, entry.offset, LOCAL.size))
    if fields[0] != b"PK\x03\x04" or fields[2] & ENCRYPTED or fields[3] != entry.method:
        raise BrokenArchive(f"{shown} is not what the zip's directory says. Make the archive again.")
    place = entry.offset + LOCAL.size + fields[9] + fields[10]
    pieces = _stored(stream, place, entry.packed)
    unpacked = pieces if entry.method == STORED else _inflated(pieces, shown)
    crc, size = 0, 0
    for chunk in counted(unpacked, budget, shown):
        crc, size = zlib.crc32(chunk, crc), size + len(chunk)
        if size > entry.size:
            raise BrokenArchive(f"{shown} has more bytes than the zip's directory says.")
        yield chunk
    if size != entry.size or crc != entry.crc:
        raise BrokenArchive(f"{shown} is damaged: its checksum differs. Make the archive again.")


def _stored(stream: BinaryIO, place: int, length: int) -> Iterator[bytes]:
    while length:
        chunk = _at(stream, place, min(CHUNK, length))
        place, length = place + len(chunk), length - len(chunk)
        yield chunk


def _inflated(pieces: Iterator[bytes], shown: str) -> Iterator[bytes]:
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for piece in pieces:
            while piece:
                chunk = machine.decompress(piece, CHUNK)
                piece = machine.unconsumed_tail
                if chunk:
                    yield chunk
                if machine.eof:
                    return
        if not machine.eof:
            raise BrokenArchive(f"{shown} is cut off. Make the archive again.")
    except zlib.error as error:
        raise BrokenArchive(f"{shown} cannot be unpacked: {error}.") from error


def _at(stream: BinaryIO, place: int, length: int) -> bytes:
    stream.seek(place)
    data = stream.read(length)
    if len(data) != length:
        raise BrokenArchive("The zip ends too early. Copy or make it again.")
    return data
