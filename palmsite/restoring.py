"""Fill an empty site from a backup (backup_file.py): all rows or none.

Files first, for a row without its file is worse. What is not empty is refused and stays as it is.
"""

import io
import tarfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import serializers
from django.core.management.color import no_style
from django.db import connection, models, transaction

from palmsite import backup_file
from palmsite.backup_file import BackupProblemError, Manifest, Progress


def read(source: Path, progress: Progress) -> Manifest:
    """Verify the backup, then put back its files and its rows."""
    progress("verifying")
    manifest = backup_file.verify(source)
    if manifest.migrations != backup_file.migrations():
        raise BackupProblemError(
            "The backup was made by another version of palmsite. Check out that version, restore, then update."
        )
    _refuse_unless_empty()
    with backup_file.opened(source) as tar:
        _read_media(tar, progress)
    with backup_file.opened(source) as tar, transaction.atomic():
        _read_rows(tar, manifest, progress)
    return manifest


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
    chosen = backup_file.tables()
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
