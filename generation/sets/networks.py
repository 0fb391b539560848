"""The feature networks that quality is measured in: their names for people, and whether a model was made with an eye
on one. Loads none of them.
"""

from collections.abc import Mapping
from typing import Any

LITE0, LITE2, INCEPTION = "efficientnet-lite0", "efficientnet-lite2", "inception-v3"
_TITLES = {LITE0: "EfficientNet-Lite0", LITE2: "EfficientNet-Lite2", INCEPTION: "Inception-v3"}
# What models are compared in, as mlcore does when it chooses the default: none that ships learns from it.
COMPARED_IN = LITE2

# How a model may have seen a network: trained against it, its best step chosen in it, or neither.
TRAINED, CHOSEN, UNSEEN, UNKNOWN = "trained", "chosen", "unseen", "unknown"
# What files from before their headers said so stand on, by the recipe in their header.
_ON_FROZEN_FEATURES = {"projected": LITE0, "enlarge": LITE0}


def title(name: str) -> str:
    """Its name as people write it."""
    return _TITLES.get(name, name)


def seen(header: Mapping[str, Any], network: str) -> str:
    """Whether a network can be flattered by a model, as the model's own header tells."""
    told = header.get("notes", {}).get("seen")
    if isinstance(told, dict):
        if network in told.get("trained", ()):
            return TRAINED
        return CHOSEN if network in told.get("chosen", ()) else UNSEEN
    recipe = header.get("recipe", "")
    if not recipe:
        return UNKNOWN
    if _ON_FROZEN_FEATURES.get(recipe) == network:
        return TRAINED
    # A run that keeps its best step says how that did on validation; runs have always measured in the default.
    is_chosen = network == LITE0 and "validation" in header.get("metrics", {})
    return CHOSEN if is_chosen else UNSEEN
