"""Why something cannot be measured, in words for every reader: by the class of mlcore's error.

mlcore says it in English, for its command line; that goes into the log, for the operator. The web knows no more of
mlcore than its errors, so they are told apart by name; a test holds that none that reaches a page lacks words.
"""

import logging
from typing import Any

from django.utils.translation import gettext_noop as _

from mlcore.errors import MlcoreError

log = logging.getLogger(__name__)

OTHERWISE = _("This cannot be measured. The operator finds the reason in the log.")
WORDS = {
    # mlcore.metrics
    "TooFewImages": _(
        "There are %(n)s images and the measure needs %(least)s at least. Add images and measure again."
    ),
    "TooFewReal": _(
        "Real ones measured against real ones need more than %(least)s on each side; there are %(n)s and %(n_ref)s. "
        "Choose a larger reference."
    ),
    "NotFiniteFeatures": _(
        "The features of %(bad)s of %(n)s images are no numbers. Measure again; if it stays so, ask the operator to "
        "clear the feature cache."
    ),
    "NotFiniteScores": _("%(bad)s of %(n)s probabilities are no numbers. Have the set judged again."),
    "FeaturesDiffer": _(
        "The reference was measured with another network, or with other weights of it. Choose another reference, or "
        "have it measured anew."
    ),
    "BankError": _(
        "The features of the reference cannot be read: their file is gone, damaged or of another kind. Choose another "
        "reference, or ask the operator to put it back."
    ),
    "PhotosLost": _(
        "Only %(kept)s of the reference's %(n)s photographs are left. Add the reference again, with all of them."
    ),
    # Networks
    "ExtractorError": _(
        "The feature network cannot be loaded: its weights are missing, damaged or of another network. Ask the "
        "operator to install them."
    ),
    "CheckpointError": _(
        "The network that finds palms cannot be loaded: its file is missing or damaged. Ask the operator to put it "
        "back."
    ),
    # One image of a set
    "NotAnImage": _("Image %(index)s is no image that can be read. Delete it and measure again."),
    "ImageTooLarge": _("Image %(index)s has too many pixels. Delete it and measure again."),
    "BrokenImage": _("Image %(index)s is cut off or damaged. Delete it and measure again."),
    # mlcore.sources
    "Unreachable": _(
        "The server that keeps the weights cannot be reached, or the line broke. What came is kept; try again."
    ),
    "Refused": _(
        "The server that keeps the weights answered %(status)s. What came is kept; try again later, or name the file "
        "in PALMSITE_INCEPTION."
    ),
    "HashDiffers": _(
        "What came is not the file that was expected, and was thrown away. Try again, or name a file that you trust in "
        "PALMSITE_INCEPTION."
    ),
}


def of(error: MlcoreError, **known: Any) -> tuple[str, dict[str, Any]]:
    """The msgid and its values; `known` adds what the error itself does not know."""
    log.warning("cannot measure: %s: %s", type(error).__name__, error)
    kinds = (kind.__name__ for kind in type(error).__mro__)
    message = next((WORDS[kind] for kind in kinds if kind in WORDS), OTHERWISE)
    numbers = {**known, **getattr(error, "numbers", {})}
    return message, {name: value for name, value in numbers.items() if f"%({name})s" in message}
