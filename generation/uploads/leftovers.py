"""What lies on the disk for this room and what of it may go: asked by the sweep and by the backup."""

from collections.abc import Callable, Iterator

from accounts.belongings import Leftover
from generation.uploads import selectors, services
from generation.uploads.models import Upload

FOLDER = "uploads"


def owned() -> Iterator[str]:
    """The files that rows need."""
    rows = Upload.objects.exclude(state=Upload.State.BROKEN).values_list("owner_id", "pk")
    return (f"{FOLDER}/{owner_id}/{pk}" for owner_id, pk in rows.iterator())


def leftovers() -> Iterator[Leftover]:
    """Uploads whose time is over."""
    for upload in selectors.expired().select_related("owner"):
        yield Leftover(f"upload {upload.pk}, past its time", upload.offset, _removal(upload))


def _removal(upload: Upload) -> Callable[[], object]:
    return lambda: services.discard(upload)
