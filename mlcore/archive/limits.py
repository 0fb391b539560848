"""What an archive may do to us, and the errors when it tries more. Knows no format."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PureWindowsPath

from mlcore.errors import MlcoreError

CHUNK = 64 * 1024
MIB = 2**20
RATIO_FROM = MIB  # small files of one colour pack very well and harm nobody
NESTED_SUFFIXES = (
    ".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".7z", ".rar", ".zst", ".lz4",
    ".cab", ".iso",
)  # fmt: skip
NESTED_MAGIC = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x28\xb5\x2f\xfd",
)


class ArchiveError(MlcoreError):
    """An archive is refused; says why. `file` is the member it is about, `limit` the bound that was broken."""

    def __init__(self, message: str, *, file: str = "", limit: float = 0) -> None:
        super().__init__(message)
        self.file = file
        self.limit = limit


class NotAnArchive(ArchiveError):
    """The file is something else."""


class BrokenArchive(ArchiveError):
    """The archive is cut off, damaged, or contradicts itself."""


class UnsupportedArchive(ArchiveError):
    """A kind of packing that is not read here."""


class EncryptedRefused(ArchiveError):
    """A member asks for a password."""


class LinkRefused(ArchiveError):
    """A member is a link: it could point anywhere."""


class DeviceRefused(ArchiveError):
    """A member is a device, a pipe or a socket."""


class NestedRefused(ArchiveError):
    """A member is an archive itself."""


class PathRefused(ArchiveError):
    """A member is stored under a path that leads out of the archive."""


class TooManyEntries(ArchiveError):
    """More entries than allowed."""


class MemberTooLarge(ArchiveError):
    """One member unpacks to more than allowed."""


class TotalTooLarge(ArchiveError):
    """All members together unpack to more than allowed."""


class RatioTooHigh(ArchiveError):
    """It unpacks to suspiciously much: a bomb, or something that is no picture."""


@dataclass(frozen=True)
class Limits:
    """Bounds of one archive; the defaults suit a data set of photos.

    Paths are labels, so most readers need not mind where they lead. `honest_paths` refuses those that lead out of the
    archive: nobody packs them so but to write where they should not.
    """

    max_entries: int = 100_000
    max_member_bytes: int = 256 * MIB
    max_total_bytes: int = 16 * 1024 * MIB
    max_ratio: float = 200.0
    max_name_bytes: int = 4096
    honest_paths: bool = False


@dataclass(frozen=True)
class Member:
    """One file of an archive. `parts` are its path's names made harmless: labels, no places."""

    parts: tuple[str, ...]
    size: int  # as the archive says; what is read is counted
    open: Callable[[], Iterator[bytes]] = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """The file's own name without folders."""
        return self.parts[-1]

    @property
    def path(self) -> str:
        """Folders and name, for people to read."""
        return "/".join(self.parts)

    def chunks(self) -> Iterator[bytes]:
        """The content in pieces, refused where it is an archive itself."""
        first = True
        for chunk in self.open():
            if first and (chunk.startswith(NESTED_MAGIC) or chunk[257:262] == b"ustar"):
                raise _nested(self.path)
            first = False
            yield chunk

    def read(self) -> bytes:
        """The whole content."""
        return b"".join(self.chunks())


class Budget:
    """Counts what an archive has used of its limits."""

    def __init__(self, limits: Limits, packed_bytes: int) -> None:
        """Begin for an archive that is so large on disk."""
        self.limits = limits
        self.packed_bytes = max(packed_bytes, 1)
        self.entries = 0
        self.unpacked = 0

    def entry(self) -> None:
        """Count an entry of any kind."""
        self.entries += 1
        self.check_entries(self.entries)

    def check_entries(self, count: int) -> None:
        """Refuse a number of entries."""
        if count > self.limits.max_entries:
            raise TooManyEntries(
                f"The archive has more than {self.limits.max_entries:,} entries. Split it into smaller ones.",
                limit=self.limits.max_entries,
            )

    def check_member(self, size: int, name: str) -> None:
        """Refuse a member by its size so far, or by what it claims."""
        if size > self.limits.max_member_bytes:
            raise MemberTooLarge(
                f"{name} unpacks to more than {_amount(self.limits.max_member_bytes)}. "
                "Take it out or shrink it.",
                file=name,
                limit=self.limits.max_member_bytes,
            )

    def check_total(self, total: int) -> None:
        """Refuse a sum of unpacked bytes, counted or claimed."""
        if total > self.limits.max_total_bytes:
            raise TotalTooLarge(
                f"The archive unpacks to more than {_amount(self.limits.max_total_bytes)}. "
                "Split it into smaller ones.",
                limit=self.limits.max_total_bytes,
            )
        if total > RATIO_FROM and total > self.limits.max_ratio * self.packed_bytes:
            raise RatioTooHigh(
                f"The archive unpacks to more than {self.limits.max_ratio:g} times its size, "
                "which pictures do not. Pack JPEG or PNG files.",
                limit=self.limits.max_ratio,
            )

    def spend(self, count: int) -> None:
        """Count unpacked bytes of whatever kind."""
        self.unpacked += count
        self.check_total(self.unpacked)


def parts_of(path: str, limits: Limits) -> tuple[str, ...]:
    """A stored path as harmless names: no roots, no dots that climb, no control characters."""
    shown = "".join(letter if letter.isprintable() else "_" for letter in path.replace("\\", "/"))
    if limits.honest_paths and _leads_out(shown):
        raise PathRefused(f"{shown} leads out of the archive. Pack the files of one folder.", file=shown)
    return tuple(part[:255] for part in shown.split("/") if part not in ("", ".", "..")) or ("unnamed",)


def _leads_out(path: str) -> bool:
    """Whether a path has a root, a drive or a step up; Windows paths know all that others have, and drives."""
    stored = PureWindowsPath(path)
    return bool(stored.anchor) or ".." in stored.parts


def refuse_nested(parts: tuple[str, ...]) -> None:
    """Refuse a member whose name says that it is an archive."""
    if parts[-1].lower().endswith(NESTED_SUFFIXES):
        raise _nested("/".join(parts))


def _nested(file: str) -> NestedRefused:
    return NestedRefused(f"{file} is an archive inside the archive. Pack its files directly.", file=file)


def counted(chunks: Iterator[bytes], budget: Budget, name: str) -> Iterator[bytes]:
    """Pass unpacked chunks on, each counted before it is given away."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        budget.check_member(size, name)
        budget.spend(len(chunk))
        yield chunk


def _amount(count: int) -> str:
    return f"{count / (1024 * MIB):g} GiB" if count >= 1024 * MIB else f"{count / MIB:g} MiB"
