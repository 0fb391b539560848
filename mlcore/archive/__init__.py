"""The only unpacker of anything: zip, tar and tar.gz from strangers, member by member, on no disk.

Standard library only. What an archive says of itself is never believed: bytes are counted while they are
unpacked, and paths are labels, never places.
"""

from collections.abc import Iterator
from pathlib import Path

from mlcore.archive.limits import (
    ArchiveError,
    BrokenArchive,
    DeviceRefused,
    EncryptedRefused,
    Limits,
    LinkRefused,
    Member,
    MemberTooLarge,
    NestedRefused,
    NotAnArchive,
    PathRefused,
    RatioTooHigh,
    TooManyEntries,
    TotalTooLarge,
    UnsupportedArchive,
)
from mlcore.archive.tar import iter_tar
from mlcore.archive.zip import iter_zip

__all__ = [
    "ArchiveError",
    "BrokenArchive",
    "DeviceRefused",
    "EncryptedRefused",
    "Limits",
    "LinkRefused",
    "Member",
    "MemberTooLarge",
    "NestedRefused",
    "NotAnArchive",
    "PathRefused",
    "RatioTooHigh",
    "TooManyEntries",
    "TotalTooLarge",
    "UnsupportedArchive",
    "check",
    "is_archive",
    "iter_members",
    "list_members",
]

TAR_MAGIC = slice(257, 262)


def kind_of(path: Path) -> str:
    """`zip`, `tar` or `tar.gz` by the file's first bytes, empty for anything else; names are not trusted."""
    with path.open("rb") as stream:
        start = stream.read(512)
    if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return "zip"
    if start[:2] == b"\x1f\x8b":
        return "tar.gz"
    if start[TAR_MAGIC] == b"ustar":
        return "tar"
    return ""


def is_archive(path: str | Path) -> bool:
    """Whether this file begins as an archive that can be read here."""
    path = Path(path)
    return path.is_file() and bool(kind_of(path))


def iter_members(path: str | Path, limits: Limits | None = None) -> Iterator[Member]:
    """Walk the files of an archive in the order they are stored; folders are passed over.

    A member can be read until the next one is asked for. Every refusal is an ArchiveError; it can come late,
    with the member that breaks a limit, so act on what was read only when the walk has ended.
    """
    path = Path(path)
    limits = limits or Limits()
    try:
        kind = kind_of(path)
        if kind == "zip":
            yield from iter_zip(path, limits)
        elif kind:
            yield from iter_tar(path, limits, packed=kind == "tar.gz")
        else:
            raise NotAnArchive(f"{path.name} is no zip, tar or tar.gz archive. Pack the pictures as a zip.")
    except OSError as error:
        raise BrokenArchive(f"{path.name} cannot be read: {error}. Make the archive again.") from error


def list_members(path: str | Path, limits: Limits | None = None) -> list[Member]:
    """All files of an archive, unread; to read them walk it with `iter_members`."""
    return list(iter_members(path, limits))


def check(path: str | Path, limits: Limits | None = None) -> int:
    """Unpack everything into nothing and return how many bytes it was; raises what the walk would raise."""
    return sum(len(chunk) for member in iter_members(path, limits) for chunk in member.chunks())
