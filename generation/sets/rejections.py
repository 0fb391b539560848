"""Why a model is refused, in words for every reader: by a code that its row keeps beside a detail.

A code is the class of mlcore's error, one that `headers` gives, or how the job of the verification ended. The detail
is quoted as it is: what mlcore says in English, or the part of the header that is meant.
"""

from django.utils.translation import gettext as translated
from django.utils.translation import gettext_noop as _

OTHERWISE = _("The worker cannot use this file.")
WORDS = {
    # mlcore.checkpoint
    "CheckpointMissing": _("The model's file is not there. Add it again."),
    "NotACheckpoint": _("This is no sound safetensors file. Make it again and add it once more."),
    "Truncated": _("The file is cut off. Send it once more."),
    "TrailingBytes": _("Something follows the tensors in the file. Make it again and add it once more."),
    "HeaderTooLarge": _("The header of the file is larger than any honest one."),
    "BadHeader": _("The header of the file does not say what it must."),
    "UnknownArchitecture": _("Its network is not known here."),
    "ArgumentsRefused": _("Its network does not take the arguments in the header."),
    "KeysDiffer": _("Its tensors are not those of its network: some are missing or unknown."),
    "ShapeDiffers": _("One of its tensors has another shape than its network's."),
    "DtypeDiffers": _("One of its tensors has another type than its network's."),
    "NotFinite": _("Its weights hold NaN or infinity: the training failed."),
    "WrongKind": _("A model makes images or judges them; this file is of another kind."),
    # generation.sets.headers
    "no_number": _("Its header holds NaN or infinity where a number must stand."),
    "bad_text": _("Its header holds letters that cannot be kept: a zero byte, or half of a character."),
    "bad_kid": _(
        "What its header's metrics call held_out must give a kid for each network, its interval kid_ci as two numbers, "
        "and the numbers of images n and n_ref. Mend them or leave held_out out."
    ),
    "bad_seen": _("In its header's notes, seen must hold lists of networks: trained and chosen."),
    "bad_subject": _("The subject in its header's notes must be a word of at most 16 letters, as palm."),
    "bad_size": _("The image_size in its header's arguments must be a whole number."),
    "not_runnable": _("Its network cannot be run as its header says."),
    # generation.jobs
    "crashed": _("The verification broke on our side. Verify it again, or ask the operator to read the log."),
    "lost": _("The worker was lost while verifying. Verify it again, or tell the operator."),
    "too_long": _("The verification took longer than it may. Take a smaller model, or tell the operator."),
    "stopped": _("The verification was stopped. Verify it again."),
}


def said(code: str, detail: str) -> str:
    """The reason in the reader's language; nothing where nothing is wrong."""
    if not code:
        return ""
    sentence = translated(WORDS.get(code, OTHERWISE))
    return f"{sentence} ({detail.rstrip('.')})" if detail else sentence
