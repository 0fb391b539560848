"""One tar that holds the whole site: the rows of every table as JSON lines, the media, and a manifest of hashes.

Rows are written the same way from SQLite and PostgreSQL and read into either. The secret key and the caches stay
out of it: people sign in anew after a restore.

Rows are of one moment, files are read after it. What a row needs and somebody deleted in between makes the rows be read
anew, so that no row in the tar lacks a file that the site had.
"""

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import serializers
from django.core.management.color import no_style
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from accounts import belongings

VERSION = 1
MANIFEST = "manifest.json"
CHUNK = 1024 * 1024
# How often the rows are read anew because files of theirs were deleted meanwhile.
ATTEMPTS = 4
NAMED = 10
# Of no use tomorrow.
LEFT_OUT = frozenset({"sessions.session"})
LEFT_OUT_APPS = frozenset({"django_q"})

Progress = Callable[[str], None]


class BackupProblemError(Exception):
    """Why a backup cannot be made or read, in one line."""


@dataclass
class Manifest:
    """What is in the tar: rows by table, and the hash of each member."""

    made_at: str
    migrations: list[str]
    version: int = VERSION
    rows: dict[str, int] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def to_json(self) -> bytes:
        """The manifest as it lies in the tar."""
        return json.dumps(vars(self), indent=1, ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "Manifest":
        """Read one; a version of tomorrow is refused."""
        try:
            values = json.loads(text)
            if values["version"] != VERSION:
                raise BackupProblemError(
                    f"The backup has version {values['version']}; this site reads {VERSION}."
                )
            return cls(**values)
        except (ValueError, KeyError, TypeError):
            raise BackupProblemError("The manifest cannot be read: this is no backup of palmsite.") from None


class _Exact(DjangoJSONEncoder):
    """Django's own drops microseconds; a backup drops nothing."""

    def default(self, o: Any) -> Any:
        """Write times whole."""
        return o.isoformat() if isinstance(o, datetime | time) else super().default(o)


class _Hashing:
    """Reads a file and remembers the hash of what was read."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self._source.read(size)
        self._digest.update(data)
        return data

    @property
    def sha256(self) -> str:
        """The hash of all that was read."""
        return self._digest.hexdigest()


def write(target: Path, progress: Progress) -> Manifest:
    """Write the backup beside its place, verify it, then put it there: a file with this name is a whole one."""
    draft = target.with_name(f".{target.name}.part")
    manifest = Manifest(timezone.now().isoformat(), _migrations())
    try:
        with draft.open("xb") as file:
            os.fchmod(file.fileno(), 0o600)
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                _add_all(tar, manifest, progress)
                _add_bytes(tar, MANIFEST, manifest.to_json())
            file.flush()
            os.fsync(file.fileno())
        progress("verifying")
        verify(draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def verify(source: Path) -> Manifest:
    """Read every byte and compare it with the manifest."""
    with _opened(source) as tar:
        manifest = _manifest_of(tar)
        found = {member.name: _sha256(tar, member) for member in tar if member.name != MANIFEST}
    for name in sorted(found.keys() | manifest.members.keys()):
        if found.get(name) != manifest.members.get(name):
            raise BackupProblemError(f"The backup is damaged: {name} is not what the manifest says.")
    return manifest


def read(source: Path, progress: Progress) -> Manifest:
    """Fill an empty site from a backup: all rows or none; files first, for a row without its file is worse."""
    progress("verifying")
    manifest = verify(source)
    if manifest.migrations != _migrations():
        raise BackupProblemError(
            "The backup was made by another version of palmsite. Check out that version, restore, then update."
        )
    _refuse_unless_empty()
    with _opened(source) as tar:
        _read_media(tar, progress)
    with _opened(source) as tar, transaction.atomic():
        _read_rows(tar, manifest, progress)
    return manifest


def _models() -> list[type[models.Model]]:
    chosen = [
        model
        for model in apps.get_models()
        if model._meta.label_lower not in LEFT_OUT
        and model._meta.app_label not in LEFT_OUT_APPS
        and model._meta.managed
        and not model._meta.proxy
    ]
    return sorted(chosen, key=lambda model: model._meta.label_lower)


def _migrations() -> list[str]:
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied)


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
            for model in _models():
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
    source = _Hashing(file)
    tar.addfile(info, source)
    manifest.members[name] = source.sha256
    return info.size


def _add_bytes(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


@contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(source, "r:") as tar:
            yield tar
    except FileNotFoundError:
        raise BackupProblemError(f"There is no file {source}.") from None
    except (tarfile.TarError, EOFError) as error:
        raise BackupProblemError(f"{source} is damaged or no backup: {error}.") from None


def _manifest_of(tar: tarfile.TarFile) -> Manifest:
    try:
        member = tar.extractfile(MANIFEST)
    except KeyError:
        member = None
    if member is None:
        raise BackupProblemError(
            "There is no manifest inside: this is no backup of palmsite, or not all of it."
        )
    return Manifest.from_json(member.read())


def _sha256(tar: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    file = tar.extractfile(member) if member.isreg() else None
    if file is None:
        raise BackupProblemError(f"The backup holds {member.name}, which is no plain file.")
    source = _Hashing(file)  # type: ignore[arg-type]  # only read is called
    while source.read(CHUNK):
        pass
    return source.sha256


def _refuse_unless_empty() -> None:
    # What migrate itself fills, and the rooms with it, gives way to the backup; a person's things never do.
    if get_user_model()._base_manager.exists():
        raise BackupProblemError(
            "This site is not empty: people have accounts here. Restore into a new one: set DATABASE_URL or "
            "PALMSITE_DATA, and PALMSITE_MEDIA, run `manage.py migrate`, then restore."
        )
    root = Path(settings.MEDIA_ROOT)
    if any(path.is_file() and path.name != ".gitkeep" for path in root.rglob("*")):
        raise BackupProblemError(f"The media folder {root} is not empty. Set PALMSITE_MEDIA to a new one.")


def _read_media(tar: tarfile.TarFile, progress: Progress) -> None:
    root, count = Path(settings.MEDIA_ROOT), 0
    for member in tar:
        if member.name.startswith("media/"):
            member.name = member.name.removeprefix("media/")
            tar.extract(member, root, filter="data")
            count += 1
    progress(f"{count} files")


def _read_rows(tar: tarfile.TarFile, manifest: Manifest, progress: Progress) -> None:
    chosen = _models()
    with connection.constraint_checks_disabled():
        for model in chosen:
            model._base_manager.all()._raw_delete(connection.alias)
        for model in chosen:
            label = model._meta.label_lower
            lines = tar.extractfile(f"rows/{label}.jsonl") if label in manifest.rows else None
            if lines is not None:
                for row in serializers.deserialize("jsonl", io.TextIOWrapper(lines, "utf-8")):
                    row.save()
    connection.check_constraints()
    _continue_numbers(chosen)
    counted = {model._meta.label_lower: model._base_manager.count() for model in chosen}
    for label, count in manifest.rows.items():
        if counted.get(label) != count:
            raise BackupProblemError(f"{label}: {counted.get(label)} rows were read, {count} expected.")
    progress(f"{sum(counted.values())} rows of {len(counted)} tables")


def _continue_numbers(chosen: list[type[models.Model]]) -> None:
    """Tell PostgreSQL which numbers are taken; SQLite looks for itself."""
    statements: list[Any] = connection.ops.sequence_reset_sql(no_style(), chosen)
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
