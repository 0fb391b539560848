"""The steps between a clone and an open door, each of them quick when there is nothing to do.

A step returns a few words for its progress line, or raises CommandError with one line that says what to do.
"""

import errno
import hashlib
import os
import secrets
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from accounts import belongings
from accounts.models import User
from generation.evaluation import extractors
from generation.sets.models import Checkpoint
from palmsite import serving, translation

LEAST_FREE_BYTES = 500 * 10**6
# What packages bring for pages that this site does not have: another reader of the API's description, DRF's own pages,
# a copy of htmx besides ours.
UNUSED_STATIC = ["redoc", "rest_framework", "django_htmx"]
ADMINISTRATOR = "admin"


def prepare(say: Callable[[str, str], None]) -> None:
    """All steps in their order, each with its progress line."""
    for name, step in (
        ("folders", folders),
        ("database", database),
        ("words", words),
        ("static", static_files),
        ("models", models),
        ("networks", networks),
        ("admin", administrator),
    ):
        say(name, step())


def port() -> socket.socket:
    """Take the port, before anything else is done for nothing."""
    host, number = settings.PALMSITE_LISTEN, settings.PORT
    try:
        return serving.open_socket(host, number)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CommandError(
                f"Port {number} is busy: another program listens there. Stop it, or take another: "
                f"make run PORT={number + 1}"
            ) from None
        if error.errno == errno.EACCES:
            raise CommandError(f"Port {number} is not for ordinary people. Take one above 1023.") from None
        raise CommandError(f"Cannot listen at {host}, port {number}: {error.strerror}.") from None


def folders() -> str:
    """See that the folders can be written and that the disks are not full."""
    free = []
    for name, folder in (("PALMSITE_DATA", settings.PALMSITE_DATA), ("PALMSITE_MEDIA", settings.MEDIA_ROOT)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CommandError(f"{name}: cannot make {folder}: {error.strerror}.") from None
        if not os.access(folder, os.W_OK | os.X_OK):
            raise CommandError(
                f"{name}: {folder} cannot be written. Change its owner or name another folder."
            )
        free.append(shutil.disk_usage(folder).free)
        if free[-1] < LEAST_FREE_BYTES:
            raise CommandError(
                f"The disk of {folder} is full: {free[-1] / 1e6:.0f} MB are free and palmsite needs "
                f"{LEAST_FREE_BYTES / 1e6:.0f} MB. Make room, or set {name} to a folder on another disk."
            )
    for name in belongings.folders():
        room = settings.MEDIA_ROOT / name
        room.mkdir(mode=0o750, exist_ok=True)
        # Of the media folder itself we do not know what else it is for.
        _shut_out(room, 0o007)
    return f"{min(free) / 1e9:.0f} GB free for {settings.MEDIA_ROOT}"


def database() -> str:
    """Bring the tables up to date."""
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if waiting:
            call_command("migrate", interactive=False, verbosity=0)
    except DatabaseError as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CommandError(f"The database does not answer ({reason}). Look at DATABASE_URL.") from None
    finally:
        connection.close()
    if connection.vendor == "sqlite":
        _shut_out(Path(connection.settings_dict["NAME"]), 0o077)
    kind = f"{connection.vendor}, {Path(connection.settings_dict['NAME']).name}"
    return f"{kind}: {len(waiting)} migrations done" if waiting else f"{kind}: up to date"


def _shut_out(path: Path, others: int) -> None:
    """Take these rights from other accounts of this machine; a web server of one's own may be in the group."""
    facts = path.stat()
    if facts.st_mode & others and facts.st_uid == os.geteuid():
        path.chmod(stat.S_IMODE(facts.st_mode) & ~others)


def words() -> str:
    """Compile the translations whose source is newer."""
    done = [path for path in _catalogues() if _is_older(path.with_suffix(".mo"), path)]
    if done:
        translation.compile_all(settings.BASE_DIR)
    return f"{len(done)} translations compiled" if done else "up to date"


def _catalogues() -> list[Path]:
    return [path for folder in settings.LOCALE_PATHS for path in Path(folder).glob("*/LC_MESSAGES/*.po")]


def _is_older(made: Path, source: Path) -> bool:
    return not made.exists() or made.stat().st_mtime < source.stat().st_mtime


def static_files() -> str:
    """Collect, hash and compress the static files, unless nothing about them has changed."""
    root = Path(settings.STATIC_ROOT)
    stamp, now = root / ".stamp", _static_signature()
    if stamp.exists() and stamp.read_text() == now:
        return "up to date"
    call_command("collectstatic", interactive=False, clear=True, verbosity=0, ignore_patterns=UNUSED_STATIC)
    stamp.write_text(now)
    return "collected"


def _static_signature() -> str:
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            facts = Path(storage.path(path)).stat()
            digest.update(f"{path} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def administrator() -> str:
    """Make the first administrator. A random password is in what this returns, and nowhere else."""
    if User.objects.filter(is_superuser=True).exists():
        connection.close()
        return "there is one already"
    given = settings.PALMSITE_ADMIN_PASSWORD
    password = given or secrets.token_urlsafe(12)
    User.objects.create_superuser(ADMINISTRATOR, password=password)
    connection.close()
    shown = "the password is PALMSITE_ADMIN_PASSWORD" if given else f"password {password} (shown only now)"
    return f"name {ADMINISTRATOR}, {shown}"


def models() -> str:
    """Register the trained models that ship, in a process of its own: reading weights takes torch, and we stay."""
    stamp, now = Path(settings.PALMSITE_DATA) / "models.stamp", _zoo_signature()
    has_some = Checkpoint.objects.exists()
    connection.close()
    if has_some and stamp.exists() and stamp.read_text() == now:
        return "up to date"
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "checkpoint", "sync"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise CommandError(f"The models that ship could not be registered: {ended.stderr.strip()[-500:]}")
    stamp.write_text(now)
    return "registered"


def networks() -> str:
    """Note what sets can be measured with: in containers, this is where the workers' packages are."""
    return ", ".join(network.title for network in extractors.note_installed()) or "none"


def _zoo_signature() -> str:
    digest = hashlib.sha256()
    for path in sorted((settings.BASE_DIR / "mlcore" / "zoo").rglob("*")):
        if path.is_file():
            facts = path.stat()
            digest.update(f"{path.name} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()
