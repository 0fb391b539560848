"""Turns strings of the environment into values, or says precisely what is wrong with them.

Knows no Django and never reads `os.environ`: settings.py hands it the mapping, so that there is one reader.
"""

import difflib
import os
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

YES = {"1", "true", "yes", "on"}
NO = {"0", "false", "no", "off"}
DATABASE_SCHEMES = ("sqlite", "postgres", "postgresql")
MAIL_SCHEMES = ("console", "smtp", "smtps", "smtp+tls")


class EnvironmentProblem(SystemExit):
    """A variable holds something that cannot be used. Not caught, it ends the program with one line."""


@dataclass(frozen=True)
class Variable:
    """One row of the configuration table: the name, what stands when it is not set, and what it does."""

    name: str
    default: str
    meaning: str


class Environment:
    """Reads variables by name and remembers each, so that the table in the README can be compared with it."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.variables: dict[str, Variable] = {}

    def text(self, name: str, default: str, meaning: str) -> str:
        """The variable as it stands, without blanks around it; empty counts as not set."""
        self.variables[name] = Variable(name, default, meaning)
        return self._values.get(name, "").strip() or default

    def flag(self, name: str, default: str, meaning: str) -> bool:
        """Yes or no."""
        value = self.text(name, default, meaning)
        if value.lower() in YES:
            return True
        if value.lower() in NO:
            return False
        raise EnvironmentProblem(f"{name}: {value!r} is neither 1 nor 0. Write 1 for yes, 0 for no.")

    def number(self, name: str, default: str, meaning: str, *, least: int, most: int) -> int:
        """A whole number between two limits."""
        value = self.text(name, default, meaning)
        try:
            number = int(value)
        except ValueError:
            raise EnvironmentProblem(f"{name}: {value!r} is not a whole number.") from None
        if not least <= number <= most:
            raise EnvironmentProblem(f"{name}: {number} is not between {least} and {most}.")
        return number

    def choice(self, name: str, default: str, meaning: str, *, choices: tuple[str, ...]) -> str:
        """One of a few words."""
        value = self.text(name, default, meaning)
        if value not in choices:
            raise EnvironmentProblem(f"{name}: {value!r} is not one of {', '.join(choices)}.")
        return value

    def words(self, name: str, default: str, meaning: str) -> list[str]:
        """Several words with commas between them."""
        return [word.strip() for word in self.text(name, default, meaning).split(",") if word.strip()]

    def time_zone(self, name: str, default: str, meaning: str) -> str:
        """The name of a time zone."""
        value = self.text(name, default, meaning)
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise EnvironmentProblem(
                f"{name}: {value!r} is no time zone. Write one as Europe/Berlin."
            ) from None
        return value

    def folder(self, name: str, default: str, meaning: str, *, base: Path) -> Path:
        """A folder; a relative path starts at `base`."""
        path = base / Path(self.text(name, default, meaning)).expanduser()
        if path.exists() and not path.is_dir():
            raise EnvironmentProblem(f"{name}: {path} is a file. Name a folder.")
        return path.resolve()

    def refuse_unknown(self, prefix: str, *, of_others: Collection[str] = ()) -> None:
        """A misspelt name would be ignored in silence: say so instead. Names `of_others` are for other programs."""
        for name in sorted(self._values):
            if name.startswith(prefix) and name not in self.variables and name not in of_others:
                near = difflib.get_close_matches(name, self.variables, n=1)
                hint = f"Did you mean {near[0]}?" if near else "The README lists those there are."
                raise EnvironmentProblem(f"{name}: there is no such setting. {hint}")


def database(url: str, *, name: str = "DATABASE_URL", base: Path) -> dict[str, Any]:
    """Django's settings of the database behind an address such as postgres://user:password@host:5432/name."""
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in DATABASE_SCHEMES:
        raise EnvironmentProblem(
            f"{name}: {scheme!r} is not one of {', '.join(DATABASE_SCHEMES)}. "
            "Write postgres://user:password@host:5432/name or sqlite:///path."
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise EnvironmentProblem(f"{name}: {error}.") from None
    if scheme == "sqlite":
        return sqlite(base / unquote(parts.path.removeprefix("/") or "palmsite.sqlite3"))
    database_name = unquote(parts.path.removeprefix("/"))
    if not database_name:
        raise EnvironmentProblem(f"{name}: the name of the database is missing after the last '/'.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database_name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(port or ""),
        # Connecting anew for every task is seven times slower; psycopg's pool cannot be forked.
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


def sqlite(path: Path) -> dict[str, Any]:
    """Django's settings of a SQLite file that web and workers write at the same time."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {
            # A transaction that begins as a reader cannot wait to become a writer: it fails at once.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        },
    }


def mail(url: str, *, name: str = "PALMSITE_MAIL_URL") -> dict[str, Any]:
    """Django's mail settings for console:// or smtp://user:password@host:port (or smtps://, smtp+tls://)."""
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in MAIL_SCHEMES:
        raise EnvironmentProblem(f"{name}: {scheme!r} is not one of {', '.join(MAIL_SCHEMES)}.")
    if scheme == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise EnvironmentProblem(f"{name}: {error}.") from None
    if not parts.hostname:
        raise EnvironmentProblem(f"{name}: the name of the mail server is missing.")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or {"smtp": 25, "smtps": 465, "smtp+tls": 587}[scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": scheme == "smtps",
        "EMAIL_USE_TLS": scheme == "smtp+tls",
        "EMAIL_TIMEOUT": 20,
    }


def secret_key(path: Path) -> str:
    """The key in the file, made on the first start and readable by its owner alone."""
    try:
        # The database will lie beside it: what is made here is for nobody else.
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make_secret_key(path)
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        key = path.read_text("ascii").strip()
    except OSError as error:
        raise EnvironmentProblem(
            f"PALMSITE_DATA: cannot keep the secret key in {path} ({error.strerror}). "
            "Make the folder writable or name another."
        ) from None
    if len(key) < 50:
        raise EnvironmentProblem(
            f"{path}: the secret key is too short. Delete the file; the next start makes one."
        )
    return key


def _make_secret_key(path: Path) -> None:
    # Web and workers may start at once: each writes its own file, and the first link wins for all.
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(64) + "\n")
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass  # another process was first: its key is the key
    finally:
        draft.unlink()
