"""What a data set is made of: an archive of its own, or synthetic sets against photos. Reads only.

A source is kept as JSON on the row and read by the job, so it names things and holds none.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.errors import InvalidInput, NotFound
from accounts.models import User
from generation.evaluation import selectors as references
from generation.sets import storage as set_files
from generation.sets.models import Image, ImageSet
from generation.uploads import selectors as uploads
from generation.uploads.models import Upload

ARCHIVE, SETS = "archive", "sets"
PURPOSE = "lab-dataset"


def archive_upload(user: User, upload_id: UUID) -> Upload:
    """The person's whole archive."""
    return uploads.complete_upload(user, upload_id, PURPOSE)


def of_archive(upload: Upload) -> dict[str, Any]:
    """An archive with the whole tree in it."""
    return {"kind": ARCHIVE, "upload": str(upload.pk), "file": upload.name}


def of_sets(
    user: User, sets: list[UUID], upload: Upload | None = None, reference: str = ""
) -> dict[str, Any]:
    """Synthetic sets as fake; as real an archive of photos, a reference whose photos were kept, or both."""
    if not sets:
        message = _("Choose at least one set.")
        raise InvalidInput(message, fields={"sets": message})
    if upload is None and not reference:
        message = _("Bring an archive of photographs, or choose a reference that keeps its own.")
        raise InvalidInput(message, fields={"file": message})
    found = {image_set.pk: image_set for image_set in sets_of(user).filter(pk__in=sets)}
    if set(sets) - set(found):
        raise NotFound(_("You have no such set."))
    source: dict[str, Any] = {
        "kind": SETS,
        "sets": [str(pk) for pk in dict.fromkeys(sets)],
        "names": [found[pk].name for pk in dict.fromkeys(sets)],
    }
    if upload is not None:
        source |= {"upload": str(upload.pk), "file": upload.name}
    if reference:
        chosen = references.reference_with_photos(user, reference)
        source |= {"reference": str(chosen.pk), "reference_name": chosen.name}
    return source


def references_of(user: User) -> Any:
    """The references whose kept photos this person can use as real."""
    return references.references_with_photos(user)


def sets_of(user: User) -> Any:
    """The sets that a person can use as fake: one's own with images in them."""
    return ImageSet.objects.present().filter(owner=user, count__gt=0)


def upload_of(source: dict[str, Any], owner_id: int) -> Upload | None:
    """The archive that a source names, if it names one and it is still there."""
    if "upload" not in source:
        return None
    return Upload.objects.filter(pk=source["upload"], owner_id=owner_id, state=Upload.State.COMPLETE).first()


def set_images(source: dict[str, Any], owner_id: int) -> Iterator[tuple[str, Path]]:
    """Name and file of every image of the sets that a source names."""
    images = Image.objects.filter(
        image_set__in=source["sets"], image_set__owner=owner_id, deleted_at__isnull=True
    )
    for image in images.select_related("image_set").order_by("image_set", "index").iterator():
        yield f"{image.image_set_id}/{image.file_name}", set_files.image_path(image.image_set, image.index)


def reference_photos(source: dict[str, Any], owner: User) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every kept photo of the reference that a source names; NotFound where there is none now."""
    if "reference" not in source:
        return
    photos = references.photos_of(UUID(source["reference"]), by=owner)
    if not photos:
        raise NotFound(_("There is no such reference."))
    for path in photos:
        yield f"{source['reference_name']}/{path.name}", path.read_bytes()
