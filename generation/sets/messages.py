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
NO_IMAGES = _("None of the images that were chosen is there any more. Choose others.")
OVER_QUOTA = _(
    "The file came out larger than your room allows. Delete what you no longer need, and make it again."
)

# Of models: mlcore writes it into their headers, and all that ship say it.
LICENCES = (
    _("weights: AGPL-3.0-or-later; their use also follows the terms of the pictures they learned from"),
)

# Webhooks
NO_ADDRESS = _("Write an address of at most %(most)s characters that begins with https:// or http://.")
PORT = _("Webhooks go to the ports 80 and 443 and to those from %(least)s on. Choose one of them.")
PRIVATE = _(
    "This address leads into a private network, where this site sends nothing. Take one of the open internet."
)
NO_NAME = _("The name %(host)s was not found.")
SILENT = _("No answer within %(seconds)s seconds.")
NO_TLS = _("The connection is not secure: %(reason)s.")
NO_ANSWER = _("The connection broke: %(reason)s.")
REDIRECTED = _("The answer was %(status)s; webhooks follow no redirects. Write the address it leads to.")
REFUSED = _("The answer was %(status)s.")
