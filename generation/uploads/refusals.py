"""Why files that somebody sent cannot be taken, in words for every reader: by the class of mlcore's error.

mlcore says it in English, for its command line. The web knows no more of mlcore than its errors, so they are told apart
by name; a test holds that none is left without words.
"""

from typing import Any

from django.utils.translation import gettext_noop as _

from mlcore.errors import MlcoreError

MEGABYTE = 2**20
LONGEST_FILE = 120

OTHERWISE = _("The archive cannot be taken: %(reason)s")
WORDS = {
    # mlcore.archive
    "NotAnArchive": _("This is no zip, tar or tar.gz archive. Pack the images as a zip."),
    "BrokenArchive": _("The archive is cut off or damaged. Make it again and send it once more."),
    "UnsupportedArchive": _("The archive is packed in a way that is not read here. Pack it as a plain zip."),
    "EncryptedRefused": _("%(file)s in the archive asks for a password. Pack it without one."),
    "LinkRefused": _("%(file)s in the archive is a link. Pack the files themselves."),
    "DeviceRefused": _("%(file)s in the archive is a device or a pipe. Pack only images."),
    "NestedRefused": _("%(file)s is an archive inside the archive. Pack its files directly."),
    "PathRefused": _(
        "%(file)s leads out of the archive. Pack the files of one folder, without the way to it."
    ),
    "TooManyEntries": _("The archive has more than %(entries)s entries. Split it into smaller ones."),
    "MemberTooLarge": _("%(file)s in the archive is larger than %(image_mb)s MB. Take it out or shrink it."),
    "TotalTooLarge": _(
        "The archive unpacks to more than %(unpacked_mb)s MB. Send a smaller one, or delete what you no longer need."
    ),
    "RatioTooHigh": _(
        "The archive unpacks to suspiciously many times its size, which images do not. Pack JPEG or PNG files."
    ),
    # mlcore.preparation and mlcore.gathering
    "NotPhotographs": _("This is no zip, tar or tar.gz archive. Pack the images as a zip."),
    "NoPhotographs": _("There is no photograph in it. JPEG, PNG, WebP and BMP files are read."),
    "NoTable": _("There is no people.csv. Put one beside the photographs, with the columns file and person."),
    "BadTable": _("people.csv has no columns file and person. Its first line must name them."),
    "TableTooLarge": _("people.csv is too large. Leave in it what is needed: file and person."),
}


def of_files(error: MlcoreError) -> tuple[str, dict[str, Any]]:
    """The msgid and its values; an error that has no words here is quoted."""
    message = WORDS.get(type(error).__name__)
    if message is None:
        return OTHERWISE, {"reason": str(error)}
    limit = getattr(error, "limit", 0)
    known = {
        "file": getattr(error, "file", "")[-LONGEST_FILE:],
        "entries": limit,
        "image_mb": limit // MEGABYTE,
        "unpacked_mb": limit // MEGABYTE,
    }
    return message, {name: value for name, value in known.items() if f"%({name})s" in message}
