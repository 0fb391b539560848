"""What a person takes along of their uploads, and how all of it goes when they leave."""

from collections.abc import Iterator

from accounts.models import User
from accounts.personal_data import Content
from generation.uploads import selectors, services
from generation.uploads.models import Upload

_FACTS = ("id", "purpose", "name", "size", "offset", "sha256", "state", "created_at", "expires_at")


def export(user: User) -> Iterator[tuple[str, Content]]:
    """The list, and the files that are whole but not yet used."""
    uploads = selectors.uploads_of(user)
    yield "uploads.json", list(uploads.values(*_FACTS))
    for upload in uploads.filter(state=Upload.State.COMPLETE):
        if upload.path.is_file():
            yield f"{upload.pk}.bin", upload.path


def erase(user: User) -> None:
    """Throw all of them away."""
    for upload in selectors.uploads_of(user):
        services.discard(upload)
