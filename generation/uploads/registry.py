"""What files may be uploaded for. Rooms register their purposes in AppConfig.ready. Knows no rows."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise

from generation.uploads.errors import UnknownPurpose


@dataclass(frozen=True)
class Purpose:
    """One use of an uploaded file: how large it may be and on which page of the ledger it stands meanwhile.

    `max_bytes` may be a function, so that a limit of the settings is read when it is needed.
    """

    name: str
    max_bytes: int | Callable[[], int]
    ledger_kind: str = "uploads"
    title: str | Promise = ""

    @property
    def limit(self) -> int:
        """The most bytes of one file."""
        return self.max_bytes() if callable(self.max_bytes) else self.max_bytes


_purposes: dict[str, Purpose] = {}


def register(purpose: Purpose) -> None:
    """Make a purpose known; the same name twice is an error of the program."""
    known = _purposes.setdefault(purpose.name, purpose)
    if known is not purpose:
        raise ValueError(f"The purpose {purpose.name!r} is registered twice.")


def get(name: str) -> Purpose:
    """The purpose of this name."""
    try:
        return _purposes[name]
    except KeyError:
        raise UnknownPurpose(name, sorted(_purposes)) from None


def every() -> list[Purpose]:
    """All purposes, by name."""
    return sorted(_purposes.values(), key=lambda purpose: purpose.name)
