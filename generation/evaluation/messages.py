"""Sentences that are kept in rows as msgids and shown in the reader's language."""

from django.utils.translation import gettext_noop as _

LOOKING = _("Looking at the images")
MEASURING = _("Measuring")
GONE = _("The set or its reference has been deleted meanwhile.")
FEW = _(
    "The set has %(n)s images; below %(least)s no measure means anything. "
    "Make 100 for a first look, 1,000 for a judgement."
)
LOST_IMAGE = _("The file of image %(index)s is not there. Delete it and measure again.")
STOPPED = _("Stopped. Nothing was measured; press the button to begin again.")
NO_WEIGHTS = _(
    "FID needs the standard Inception weights, and this site does not have them. An administrator can have them "
    "fetched on the page of references, or name their file in PALMSITE_INCEPTION. "
    "The offline measures answer the same question."
)
OTHER_WEIGHTS = _(
    "The file that PALMSITE_INCEPTION names holds other weights than the standard ones, and what it measures may not "
    "be called FID. Ask the operator to name the standard file. The offline measures answer the same question."
)
NO_INCEPTION_BANK = _(
    "The Inception weights are here, but no reference was measured with them: what ships holds no photographs. "
    "Add a reference from photographs of yours, or measure one anew that keeps its pictures."
)
FETCHING = _("Fetching the standard weights, in thousands of bytes")

# Of banks: mlcore writes them into its headers, and all that ships says one of them.
NOTES = (
    _("Features of a frozen network, rounded; no image can be had back from them."),
    _("Features of a frozen network, rounded to half precision; no image can be had back from them."),
)

# Of references that people add
READING_PHOTOS = _("Looking for hands: %(file)s")
MEASURING_PHOTOS = _("Measuring %(n)s pictures with %(network)s")
UPLOAD_GONE = _("The uploaded archive is not there any more. Choose it again.")
FOLDER_GONE = _("The folder %(folder)s is not there any more. Choose another one.")
FEW_PALMS = _(
    "%(n)s of %(seen)s files could be used, and a reference needs %(least)s photographs at least. "
    "The list says what was wrong with the others; add photographs and try again."
)
FEW_PALMS_ALL_GOOD = _(
    "All photographs could be used, %(n)s in all, and a reference needs %(least)s at least. "
    "Add photographs and try again."
)
NO_ROOM = _(
    "The reference takes %(size)s MB, and you have less room than that. Delete what you no longer need."
)
ARCHIVE_STOPPED = _("Stopped. The photographs were deleted; begin again with the same archive.")
FOLDER_STOPPED = _("Stopped. The photographs stay in their folder; begin again with the same one.")
