"""How much one reference may bring, and where its photographs are taken from. Reads only."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

PURPOSE = "reference-photos"
MOST_ADDED = 20
LEAST_PALMS = 20
LISTED_REFUSALS = 500
PEOPLE = ("unknown", "folders", "table")


@dataclass(frozen=True)
class Limits:
    """Bounds of one archive of photographs."""

    archive_bytes: int = 2 * 2**30
    unpacked_bytes: int = 4 * 2**30
    entries: int = 20_000
    image_bytes: int = 64 * 2**20


LIMITS = Limits()


def folders() -> list[str]:
    """Names of the folders of photographs that the operator has put into PALMSITE_DATA/photos."""
    root = photos_root()
    if not root.is_dir():
        return []
    return sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))


def photos_root() -> Path:
    """Where the operator puts folders of photographs; nothing below it is ever deleted here."""
    return Path(settings.PALMSITE_DATA) / "photos"
