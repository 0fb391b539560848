"""Reads tar and tar.gz (POSIX pax and GNU) block by block.

Not Python's tarfile: that one reads a header's extension into memory whole, however large it says it is.
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from mlcore.archive.limits import (
    CHUNK,
    BrokenArchive,
    Budget,
    DeviceRefused,
    Limits,
    LinkRefused,
    Member,
    UnsupportedArchive,
    parts_of,
    refuse_nested,
)

BLOCK = 512
MAX_EXTENSION = 64 * 1024
FILE_KINDS = (b"0", b"\0", b"7")


def iter_tar(path: Path, limits: Limits, *, packed: bool) -> Iterator[Member]:
    """Walk a tar file; what a caller leaves unread of a member is read over, and counted."""
    budget = Budget(limits, path.stat().st_size)
    with path.open("rb") as raw:
        source = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw
        yield from _walk(_Blocks(source, budget), budget)


class _Blocks:
    """A stream that counts every byte it gives, headers and padding too."""

    def __init__(self, stream: BinaryIO, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget

    def take(self, length: int) -> bytes:
        """Exactly so many bytes; callers keep it small."""
        data = self._read(length)
        if len(data) != length:
            raise BrokenArchive("The tar ends too early. Copy or make it again.")
        return data

    def rest(self) -> None:
        """Read over all that is left."""
        while self._read(CHUNK):
            pass

    def _read(self, length: int) -> bytes:
        try:
            data = self._stream.read(length)
        except (EOFError, OSError, zlib.error) as error:
            raise BrokenArchive(f"The archive cannot be unpacked: {error}. Make it again.") from error
        self._budget.spend(len(data))
        return data


def _walk(blocks: _Blocks, budget: Budget) -> Iterator[Member]:
    name, size = "", None
    while True:
        header = blocks.take(BLOCK)
        if not any(header):
            if not budget.entries:
                blocks.rest()  # zeros without end are a bomb, and not an archive that somebody left empty
            return
        _check_sum(header)
        budget.entry()
        kind, length = header[156:157], _number(header[124:136])
        if kind in (b"x", b"L", b"g"):
            content = _extension(blocks, length, kind)
            if kind == b"L":
                name = content.rstrip(b"\0").decode("utf-8", "replace")
            elif kind == b"x":
                told = _pax(content)
                if any(key.startswith("GNU.sparse") for key in told):
                    raise UnsupportedArchive("The tar holds a sparse file. Pack it again without --sparse.")
                name, size = told.get("path", name), _told_size(told)
            continue
        length = length if size is None else size
        parts = parts_of(name or _name(header), budget.limits)
        name, size = "", None
        _refuse_kind(kind, "/".join(parts))
        if kind == b"5":
            _pass_over(blocks, length)
            continue
        refuse_nested(parts)
        budget.check_member(length, "/".join(parts))
        left = _Left(blocks, length)
        yield Member(parts, length, left.chunks)
        left.finish()


class _Left:
    """The content of the member at hand and what of it is still to be read."""

    def __init__(self, blocks: _Blocks, length: int) -> None:
        self._blocks = blocks
        self._left = length
        self._padding = -length % BLOCK
        self._begun = self._finished = False

    def chunks(self) -> Iterator[bytes]:
        """The content; a stream gives it once."""
        if self._begun or self._finished:
            raise BrokenArchive("A member of a tar can be read only once, before the next one.")
        self._begun = True
        while self._left or self._finished:
            if self._finished:
                raise BrokenArchive("A member of a tar can be read only before the next one.")
            chunk = self._blocks.take(min(CHUNK, self._left))
            self._left -= len(chunk)
            yield chunk

    def finish(self) -> None:
        """Read over what nobody wanted and close the member."""
        if self._left:
            self._finished = True
        _pass_over(self._blocks, self._left, self._padding)
        self._left = 0


def _pass_over(blocks: _Blocks, length: int, padding: int | None = None) -> None:
    length += -length % BLOCK if padding is None else padding
    while length:
        length -= len(blocks.take(min(CHUNK, length)))


def _refuse_kind(kind: bytes, shown: str) -> None:
    if kind in (b"1", b"2", b"K"):
        raise LinkRefused(f"{shown} is a link. Pack the files themselves.", file=shown)
    if kind in (b"3", b"4", b"6"):
        raise DeviceRefused(f"{shown} is a device or a pipe. Pack pictures only.", file=shown)
    if kind not in (*FILE_KINDS, b"5"):
        raise UnsupportedArchive(f"{shown} is an entry of the unknown kind {kind!r}. Pack plain files.")


def _extension(blocks: _Blocks, length: int, kind: bytes) -> bytes:
    if length > MAX_EXTENSION:
        raise BrokenArchive(
            f"A header of the tar ({kind.decode()}) has {length:,} bytes, over {MAX_EXTENSION:,}."
        )
    content = blocks.take(length)
    blocks.take(-length % BLOCK)
    return content


def _pax(content: bytes) -> dict[str, str]:
    """Records of a pax header: `length key=value` and a line's end, the length counting all of it."""
    told: dict[str, str] = {}
    place = 0
    while place < len(content):
        digits, blank, _ = content[place : place + 20].partition(b" ")
        if not blank or not digits.isdigit() or not len(digits) + 2 < int(digits) <= len(content) - place:
            raise BrokenArchive("A header of the tar is damaged. Make the archive again.")
        record = content[place + len(digits) + 1 : place + int(digits) - 1]
        key, _, value = record.partition(b"=")
        told[key.decode("utf-8", "replace")] = value.decode("utf-8", "replace")
        place += int(digits)
    return told


def _told_size(told: dict[str, str]) -> int | None:
    text = told.get("size")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise BrokenArchive("A size in the tar is no number. Make the archive again.")
    return int(text)


def _number(raw: bytes) -> int:
    """An octal number, or GNU's base 256."""
    if raw[0] & 0x80:
        return int.from_bytes(bytes([raw[0] & 0x7F]) + raw[1:])
    text = raw.rstrip(b"\0 ").lstrip(b" ")
    try:
        return int(text or b"0", 8) if b"_" not in text and b"-" not in text else _refuse_number()
    except ValueError:
        return _refuse_number()


def _refuse_number() -> int:
    raise BrokenArchive("A number in the tar is damaged. Make the archive again.")


def _name(header: bytes) -> str:
    name = header[:100].split(b"\0")[0]
    prefix = header[345:500].split(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return (prefix + b"/" + name if prefix else name).decode("utf-8", "replace")


def _check_sum(header: bytes) -> None:
    """A header's checksum is the sum of its bytes with the sum's own field blank."""
    if _number(header[148:156]) != sum(header[:148]) + sum(header[156:]) + 8 * 32:
        raise BrokenArchive("A header of the tar is damaged. Make the archive again.")
