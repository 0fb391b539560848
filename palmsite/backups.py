"""Write the whole site into one tar (backup_file.py) while it runs.

Rows are of one moment, files are read after it. What a row needs and somebody deleted in between makes the rows be read
anew, so that no row in the tar lacks a file that the site had.
"""

import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from django.conf import settings
from django.core import serializers
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction
from django.utils import timezone

from accounts import belongings
from palmsite import backup_file
from palmsite.backup_file import BackupProblemError, Manifest, Progress

# How often the rows are read anew because files of theirs were deleted meanwhile.
ATTEMPTS = 4
NAMED = 10


class _Exact(DjangoJSONEncoder):
    """Django's own drops microseconds; a backup drops nothing."""

    def default(self, o: Any) -> Any:
        """Write times whole."""
        return o.isoformat() if isinstance(o, datetime | time) else super().default(o)


def write(target: Path, progress: Progress) -> Manifest:
    """Write the backup beside its place, verify it, then put it there: a file with this name is a whole one."""
    draft = target.with_name(f".{target.name}.part")
    manifest = Manifest(timezone.now().isoformat(), backup_file.migrations())
    try:
        with draft.open("xb") as file:
            os.fchmod(file.fileno(), 0o600)
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                _add_all(tar, manifest, progress)
                _add_bytes(tar, backup_file.MANIFEST, manifest.to_json())
            file.flush()
            os.fsync(file.fileno())
        progress("verifying")
        backup_file.verify(draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return manifest


@contextmanager
def _snapshot() -> Iterator[None]:
    """All that is read inside is of one moment, while others go on writing."""
    if connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
        return
    # Django would begin IMMEDIATE and so stop all writers; a reader of a WAL needs no lock.
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


@dataclass
class _Rows:
    """The rows of one moment, not yet in the tar, and the files that they need."""

    lines: dict[str, BinaryIO] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    owned: set[str] = field(default_factory=set)


def _add_all(tar: tarfile.TarFile, manifest: Manifest, progress: Progress) -> None:
    copied: dict[str, tuple[int, int]] = {}
    lost: set[str] = set()
    for _attempt in range(ATTEMPTS):
        with _rows_of_now() as rows:
            _add_media(tar, manifest, copied, progress)
            lost = _without_file(rows.owned, manifest)
            # What the site itself lacks is no fault of this backup, and no other attempt would find it.
            manifest.missing = sorted(lost & set(belongings.missing()))
            if lost == set(manifest.missing):
                _add_rows(tar, manifest, rows, progress)
                return
        progress(f"{len(lost)} files were deleted meanwhile: reading the rows anew")
    named = ", ".join(sorted(lost)[:NAMED])
    raise BackupProblemError(
        f"Files were deleted as fast as they could be read, {len(lost)} at last: {named}. "
        "Make the backup when less is deleted."
    )


@contextmanager
def _rows_of_now() -> Iterator[_Rows]:
    rows = _Rows()
    with ExitStack() as files:
        with _snapshot():
            for model in backup_file.tables():
                label = model._meta.label_lower
                rows.lines[label] = files.enter_context(tempfile.TemporaryFile("w+b"))
                rows.counts[label] = _write_lines(model, rows.lines[label])
            rows.owned.update(belongings.owned())
        yield rows


def _without_file(owned: set[str], manifest: Manifest) -> set[str]:
    """Which of these paths the tar does not hold; an empty folder that is there holds all it had."""
    root = Path(settings.MEDIA_ROOT)
    held = {name.removeprefix("media/") for name in manifest.members}
    folders = {f"{parent}/" for name in held for parent in PurePosixPath(name).parents}
    absent = owned - held - folders
    return {path for path in absent if not (path.endswith("/") and (root / path).is_dir())}


def _add_rows(tar: tarfile.TarFile, manifest: Manifest, rows: _Rows, progress: Progress) -> None:
    manifest.rows = rows.counts
    for label, lines in rows.lines.items():
        _add_file(tar, manifest, f"rows/{label}.jsonl", lines)
    progress(f"{sum(manifest.rows.values())} rows of {len(manifest.rows)} tables")


def _write_lines(model: type[models.Model], lines: BinaryIO) -> int:
    count = 0
    text = io.TextIOWrapper(lines, "utf-8", write_through=True)
    for row in model._base_manager.order_by("pk").iterator(chunk_size=1000):
        serializers.serialize("jsonl", [row], stream=text, cls=_Exact, ensure_ascii=False)
        count += 1
    text.detach()
    lines.seek(0)
    return count


def _add_media(
    tar: tarfile.TarFile, manifest: Manifest, copied: dict[str, tuple[int, int]], progress: Progress
) -> None:
    """Add all files, and another time those that changed since; of two with one name the later one counts."""
    root = Path(settings.MEDIA_ROOT)
    count = size = 0
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.name == ".gitkeep":
            continue
        name = f"media/{path.relative_to(root).as_posix()}"
        try:
            with path.open("rb") as file:
                facts = os.fstat(file.fileno())
                if copied.get(name) == (facts.st_size, facts.st_mtime_ns):
                    continue
                copied[name] = (facts.st_size, facts.st_mtime_ns)
                size += _add_file(tar, manifest, name, file)
        except FileNotFoundError:
            continue  # somebody deleted it meanwhile; if a row needs it, the rows will be read anew
        count += 1
        if count % 1000 == 0:
            progress(f"{count} files, {size / 1e6:.0f} MB")
    progress(f"{count} files, {size / 1e6:.0f} MB")


def _add_file(tar: tarfile.TarFile, manifest: Manifest, name: str, file: BinaryIO) -> int:
    info = tarfile.TarInfo(name)
    # As long as it is now: an upload may grow while it is read.
    info.size = os.fstat(file.fileno()).st_size
    info.mtime, info.mode = int(os.fstat(file.fileno()).st_mtime), 0o640
    source = backup_file.Hashing(file)
    tar.addfile(info, source)
    manifest.members[name] = source.sha256
    return info.size


def _add_bytes(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))
