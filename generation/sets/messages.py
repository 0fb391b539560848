"""Sentences that are kept in rows as msgids and shown in the reader's language."""

from django.utils.translation import gettext_noop as _

STOPPED = _("Stopped at %(done)s images. Keep them or go on.")
SHORT = _(
    "%(short)s images did not reach the least probability and are left out. Lower it, or allow more draws."
)
CHUNK_FAILED = _(
    "A part could not be made: %(reason)s What is made so far is kept; go on when the cause is mended."
)
MODEL_BROKEN = _("The model's file cannot be used: %(reason)s Ask an administrator to add it again.")
NO_ROOM = _("The disk is full or cannot be written. Ask the operator to make room; then go on.")
GONE = _("What this was about has been deleted meanwhile.")
FILE_BROKEN = _("The file %(file)s cannot be read. Delete that image, or ask the operator.")
