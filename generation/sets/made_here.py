"""Finds out whether an image was made here, by the hash of its pixels: a file saved anew without loss is known too.

The same rule as pipeline.pixels_sha256, in Pillow: the web process has no torch and no OpenCV.
"""

import hashlib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from PIL import Image as Pillow

from accounts.errors import InvalidInput
from accounts.models import User
from generation.sets import selectors
from generation.sets.models import Image

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

MOST_BYTES = 20 * 2**20
MOST_PIXELS = 4096 * 4096
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF")


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known: whether it was made here, and the image where this person may see it."""

    is_ours: bool
    image: Image | None
    pixels_sha256: str


def origin_of(file: "UploadedFile[Any] | None", user: User | None) -> Origin:
    """What this person may know of the picture in a file."""
    if file is None:
        raise _refusal(_("Choose an image first."))
    return origin(pixels_of(file), user)


def pixels_of(file: "UploadedFile[Any]") -> str:
    """The identity of the picture in a file, or InvalidInput."""
    size = file.size or 0
    if size > MOST_BYTES:
        raise _refusal(
            _("The file has %(size)s; at most %(most)s are looked at.")
            % {"size": filesizeformat(size), "most": filesizeformat(MOST_BYTES)}
        )
    try:
        with warnings.catch_warnings():
            # A picture that is too large is refused below, by our own limit.
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
            with Pillow.open(file, formats=FORMATS) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise _refusal(
                        _("The image has %(width)s × %(height)s pixels; at most 4096 × 4096 are looked at.")
                        % {"width": picture.width, "height": picture.height}
                    )
                rgb = picture.convert("RGB")
    except (OSError, SyntaxError, ValueError, EOFError, Pillow.DecompressionBombError) as error:
        raise _refusal(_("This is no image that can be read. Send a PNG, JPEG or WebP file.")) from error
    head = f"{rgb.width}x{rgb.height}:".encode()
    return hashlib.sha256(head + rgb.tobytes()).hexdigest()


def origin(pixels_sha256: str, user: User | None) -> Origin:
    """What this person may know of the picture."""
    found = Image.objects.filter(pixels_sha256=pixels_sha256)
    image = None
    if user is not None:
        visible = selectors.visible_sets(user)
        image = (
            found.filter(image_set__in=visible, deleted_at__isnull=True)
            .select_related("image_set", "image_set__checkpoint")
            .first()
        )
    return Origin(is_ours=image is not None or found.exists(), image=image, pixels_sha256=pixels_sha256)


def _refusal(message: str) -> InvalidInput:
    return InvalidInput(message, fields={"image": message})
