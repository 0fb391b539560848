"""Zip and tar archives that are never made: every length and offset follows from the members' sizes, any range of
bytes is put together while it is sent, and it is the same whenever it is asked for.

Members are stored, for pictures do not shrink. Knows no rows, no requests and no layouts.
"""

import hashlib
import os
import struct
import tarfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

SEND = 256 * 1024
_MAX32, _MAX16 = 0xFFFFFFFF, 0xFFFF
# 1980-01-01 00:00, the first moment a zip can name: the same archive is the same bytes on any day.
_DOS_TIME, _DOS_DATE = 0, 0x21
_UNIX, _MODE = 3, 0o100644
_BLOCK = 512


class BrokenMemberError(Exception):
    """A file is not as its row says, or is gone: sending ends, and the client sees that it has not all."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive: its bytes, or the path where they lie."""

    name: str
    size: int
    crc32: int
    sha256: str
    source: bytes | str


class Archive:
    """The bytes of an archive, by place. `etag` is strong: it is made of all names and hashes."""

    def __init__(self, kind: str, members: list[Member], parts: list[bytes | Member]) -> None:
        self.members = members
        self._parts = parts
        self._ends = list(accumulate(part.size if isinstance(part, Member) else len(part) for part in parts))
        self.size = self._ends[-1]
        digest = hashlib.sha256(kind.encode())
        for member in members:
            digest.update(f"\n{member.name} {member.size} {member.sha256}".encode())
        self.etag = f'"{digest.hexdigest()[:40]}"'

    def read(self, first: int, last: int) -> Iterator[bytes]:
        """The bytes from `first` to `last`, both included, in pieces of at least 256 KiB but for the last."""
        waiting = bytearray()
        place = bisect_right(self._ends, first)
        while first <= last:
            begin = self._ends[place - 1] if place else 0
            stop = min(last + 1, self._ends[place])
            for piece in _piece(self._parts[place], first - begin, stop - begin):
                waiting += piece
                if len(waiting) >= SEND:
                    yield bytes(waiting)
                    waiting.clear()
            first, place = stop, place + 1
        if waiting:
            yield bytes(waiting)


def _piece(part: bytes | Member, start: int, stop: int) -> Iterator[bytes]:
    content = part.source if isinstance(part, Member) else part
    if isinstance(content, bytes):
        yield content[start:stop]
        return
    # By number, not as a file object: of ten thousand small files the objects would take half of the time.
    try:
        file = os.open(content, os.O_RDONLY | os.O_CLOEXEC)
        try:
            while start < stop:
                data = os.pread(file, min(SEND, stop - start), start)
                if not data:
                    raise BrokenMemberError(f"{content} ends after {start} bytes, before {stop}")
                start += len(data)
                yield data
        finally:
            os.close(file)
    except OSError as error:
        raise BrokenMemberError(f"{content} cannot be read: {error}") from error


def zip_of(members: Iterable[Member]) -> Archive:
    """A zip (APPNOTE 6.3.10), with the 64-bit records where sizes, places or the number of members need them."""
    kept = list(members)
    parts: list[bytes | Member] = []
    directory = bytearray()
    place = 0
    for member in kept:
        header = _local_header(member)
        parts += [header, member]
        directory += _directory_entry(member, place)
        place += len(header) + member.size
    parts.append(bytes(directory) + _end_of_zip(len(kept), len(directory), place))
    return Archive("zip", kept, parts)


def _local_header(member: Member) -> bytes:
    name, is_large = member.name.encode(), member.size >= _MAX32
    extra = struct.pack("<HHQQ", 1, 16, member.size, member.size) if is_large else b""
    size = _MAX32 if is_large else member.size
    fixed = struct.pack(
        "<4s5H3L2H",
        b"PK\x03\x04",
        45 if is_large else 20,
        _flags(member.name),
        0,
        _DOS_TIME,
        _DOS_DATE,
        member.crc32,
        size,
        size,
        len(name),
        len(extra),
    )
    return fixed + name + extra


def _directory_entry(member: Member, place: int) -> bytes:
    name = member.name.encode()
    large = [member.size, member.size] if member.size >= _MAX32 else []
    far = [place] if place >= _MAX32 else []
    wide = large + far
    extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    version, size = (45 if wide else 20), (_MAX32 if large else member.size)
    fixed = struct.pack(
        "<4s6H3L5H2L",
        b"PK\x01\x02",
        _UNIX << 8 | version,
        version,
        _flags(member.name),
        0,
        _DOS_TIME,
        _DOS_DATE,
        member.crc32,
        size,
        size,
        len(name),
        len(extra),
        0,
        0,
        0,
        _MODE << 16,
        _MAX32 if far else place,
    )
    return fixed + name + extra


def _flags(name: str) -> int:
    return 0 if name.isascii() else 0x800


def _end_of_zip(count: int, size: int, place: int) -> bytes:
    wide = b""
    if count >= _MAX16 or size >= _MAX32 or place >= _MAX32:
        wide = struct.pack(
            "<4sQ2H2L4Q", b"PK\x06\x06", 44, _UNIX << 8 | 45, 45, 0, 0, count, count, size, place
        ) + struct.pack("<4sLQL", b"PK\x06\x07", 0, place + size, 1)
    few = min(count, _MAX16)
    return wide + struct.pack(
        "<4s4H2LH", b"PK\x05\x06", 0, 0, few, few, min(size, _MAX32), min(place, _MAX32), 0
    )


def tar_size(sizes: Iterable[int]) -> int:
    """How long the tar of files of these sizes is."""
    return sum(_BLOCK + size + -size % _BLOCK for size in sizes) + 2 * _BLOCK


def tar_of(members: Iterable[Member]) -> Archive:
    """A tar (POSIX ustar)."""
    kept = list(members)
    parts: list[bytes | Member] = []
    for member in kept:
        info = tarfile.TarInfo(member.name)
        info.size, info.mode, info.mtime = member.size, 0o644, 0
        parts += [info.tobuf(tarfile.USTAR_FORMAT), member, bytes(-member.size % _BLOCK)]
    parts.append(bytes(2 * _BLOCK))
    return Archive("tar", kept, parts)
