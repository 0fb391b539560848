"""What a backup is: one tar with the rows of every table as JSON lines, the media, and a manifest of hashes.

Knows its parts and whether one is whole; backups.py writes it, restoring.py reads it back. Rows are written the same
way from SQLite and PostgreSQL and read into either. The secret key and the caches stay out of it: people sign in anew
after a restore.
"""

import hashlib
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from django.apps import apps
from django.db import connection, models
from django.db.migrations.recorder import MigrationRecorder

VERSION = 1
MANIFEST = "manifest.json"
CHUNK = 1024 * 1024
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


class Hashing:
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


def verify(source: Path) -> Manifest:
    """Read every byte and compare it with the manifest."""
    with opened(source) as tar:
        manifest = _manifest_of(tar)
        found = {member.name: _sha256(tar, member) for member in tar if member.name != MANIFEST}
    for name in sorted(found.keys() | manifest.members.keys()):
        if found.get(name) != manifest.members.get(name):
            raise BackupProblemError(f"The backup is damaged: {name} is not what the manifest says.")
    return manifest


@contextmanager
def opened(source: Path) -> Iterator[tarfile.TarFile]:
    """The tar, to be read; what cannot be opened as one is a problem of the backup."""
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
    source = Hashing(file)  # type: ignore[arg-type]  # only read is called
    while source.read(CHUNK):
        pass
    return source.sha256


def tables() -> list[type[models.Model]]:
    """Whose rows a backup holds, in the order of their names."""
    chosen = [
        model
        for model in apps.get_models()
        if model._meta.label_lower not in LEFT_OUT
        and model._meta.app_label not in LEFT_OUT_APPS
        and model._meta.managed
        and not model._meta.proxy
    ]
    return sorted(chosen, key=lambda model: model._meta.label_lower)


def migrations() -> list[str]:
    """What this site's database has been through; rows fit only into tables of the same shape."""
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied)
