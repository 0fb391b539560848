"""Banks of features: what a reference or a training set leaves behind when its photos are gone.

A bank is a safetensors file with features, anonymous groups (which images show one person) and a JSON header with
lineage and terms. It never holds an image, a file name or a person's name. References keep features in half precision;
training banks, which only say what is nearest, in half a byte each: docs/measures.md says how little that moves.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
from numpy.typing import NDArray
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from mlcore.checkpoint import write_atomically
from mlcore.metrics.errors import BankError, FeaturesDiffer
from mlcore.metrics.features import checked
from mlcore.models.features import Extractor

FORMAT = "palmsite-bank-1"
KEY = "palmsite"
TRAINING = "training"
ZOO = Path(__file__).parent / "zoo"
# By subject, role and network.
BUILT_IN = {
    ("palm", "reference", "efficientnet-lite0"): ZOO / "palm-reference.safetensors",
    ("palm", "reference", "efficientnet-lite2"): ZOO / "palm-reference-lite2.safetensors",
    ("palm", "training", "efficientnet-lite0"): ZOO / "palm-training.safetensors",
    ("palm", "training", "efficientnet-lite2"): ZOO / "palm-training-lite2.safetensors",
    ("hand", "reference", "efficientnet-lite2"): ZOO / "hand-reference-lite2.safetensors",
    ("hand", "training", "efficientnet-lite2"): ZOO / "hand-training-lite2.safetensors",
}
LEVELS = 16  # of half a byte
ROUNDS = 25  # after which levels hardly move


@dataclass(frozen=True)
class BankHeader:
    """What a bank says of itself; `content` is a hash over the images' hashes, the same for the same."""

    name: str
    role: str
    extractor: str
    weights_sha256: str
    size: int
    n: int
    dim: int
    content: str
    split: str = ""
    lineage: list[dict[str, Any]] = field(default_factory=list)
    notes: str = ""
    subject: str = "palm"
    format: str = FORMAT


@dataclass(frozen=True, eq=False)
class Bank:
    """Features of n real images with their groups; `sha256` is the file's, empty before it is saved."""

    header: BankHeader
    features: NDArray[np.float32]
    groups: NDArray[np.int64]
    sha256: str = ""

    def check_same_network(self, extractor: Extractor) -> None:
        """Refuse to compare features of different networks or weights."""
        if (self.header.extractor, self.header.weights_sha256) != (extractor.name, extractor.sha256):
            raise FeaturesDiffer(
                f"The bank {self.header.name} holds features of {self.header.extractor} "
                f"(weights {self.header.weights_sha256[:8]}), not of {extractor.name} "
                f"({extractor.sha256[:8]}). Measure with that network, or build the bank again."
            )


def build(
    features: NDArray[np.floating],
    hashes: Sequence[str],
    extractor: Extractor,
    *,
    name: str,
    role: str = "reference",
    groups: Sequence[str] | None = None,
    split: str = "",
    lineage: Sequence[dict[str, Any]] = (),
    notes: str = "",
    subject: str = "palm",
) -> Bank:
    """Make a bank; `groups` names who is on each image ('' unknown: that image is its own group)."""
    rows = checked(features, minimum=2, what="The bank").astype(np.float32)
    if len(hashes) != len(rows) or (groups is not None and len(groups) != len(rows)):
        raise BankError(f"{len(rows)} rows of features need as many image hashes and groups.")
    header = BankHeader(
        name=name,
        role=role,
        extractor=extractor.name,
        weights_sha256=extractor.sha256,
        size=extractor.size,
        n=len(rows),
        dim=int(rows.shape[1]),
        content=hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest(),
        split=split,
        lineage=list(lineage),
        notes=notes,
        subject=subject,
    )
    return Bank(header, rows, numbered(groups if groups is not None else [""] * len(rows)))


def numbered(groups: Sequence[str]) -> NDArray[np.int64]:
    """Names to numbers in order of appearance; each unknown one gets a number of its own."""
    known: dict[str, int] = {}
    return np.array(
        [known.setdefault(group or f"\0{position}", len(known)) for position, group in enumerate(groups)],
        dtype=np.int64,
    )


def save(bank: Bank, path: str | Path) -> str:
    """Write a bank atomically; its sha256 comes back."""
    stored = _in_half_bytes(bank.features) if bank.header.role == TRAINING else _in_halves(bank.features)
    data = save_tensors(
        {**stored, "groups": bank.groups.astype(np.int32)},
        metadata={KEY: json.dumps(asdict(bank.header), sort_keys=True, allow_nan=False)},
    )
    write_atomically(Path(path), data)
    return hashlib.sha256(data).hexdigest()


def load(path: str | Path) -> Bank:
    """Read a bank that is wholly what it should be, or say why it is not."""
    path = Path(path)
    if not path.is_file():
        raise BankError(f"There is no bank at {path}.")
    data = path.read_bytes()
    try:
        with safetensors.safe_open(path, framework="numpy") as opened:
            metadata = opened.metadata() or {}
        tensors = load_tensors(data)
        header = _header(json.loads(metadata[KEY]))
        features = tensors["features"]
        if "levels" in tensors:
            features = _from_half_bytes(features, tensors["levels"])
        features = features.astype(np.float32)
        groups = tensors["groups"].astype(np.int64)
    except (safetensors.SafetensorError, KeyError, ValueError, TypeError) as error:
        raise BankError(f"{path} is no bank of features: {error}") from error
    if features.shape != (header.n, header.dim) or groups.shape != (header.n,):
        raise BankError(f"{path} holds {features.shape} features; its header says {header.n} x {header.dim}.")
    checked(features, what=f"The bank {path.name}")
    return Bank(header, features, groups, hashlib.sha256(data).hexdigest())


def are_twins(training: Bank, held: Bank) -> bool:
    """Whether two banks are the two parts of one split, in one network: nobody of the second is in the first.

    Pictures of hands and of palms may come from the same photographs.
    """
    sources = [{entry.get("source") for entry in bank.header.lineage} for bank in (training, held)]
    networks = [(bank.header.extractor, bank.header.weights_sha256) for bank in (training, held)]
    parts = (training.header.split, held.header.split)
    return (
        parts == ("train", "validation")
        and training.header.subject == held.header.subject
        and bool(sources[0])
        and sources[0] == sources[1]
        and networks[0] == networks[1]
    )


def built_in(role: str, extractor: str, subject: str = "palm") -> Path | None:
    """The bank that ships for this network, if there is one."""
    path = BUILT_IN.get((subject, role, extractor))
    return path if path is not None and path.is_file() else None


def _in_halves(features: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    rounded = features.astype(np.float16)
    if not np.isfinite(rounded).all():
        raise BankError("Features that do not fit half precision cannot be kept in a bank.")
    return {"features": rounded}


def _in_half_bytes(features: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """Each column in sixteen levels that lie where its values do (Lloyd 1982, Least squares quantization in PCM)."""
    ordered = np.sort(features.astype(np.float64), axis=0)
    levels = np.stack([_levels(column) for column in ordered.T], axis=1).astype(np.float16)
    if not np.isfinite(levels).all():
        raise BankError("Features that do not fit half precision cannot be kept in a bank.")
    borders = _borders(levels.astype(np.float64))
    codes = np.stack(
        [np.searchsorted(border, column) for border, column in zip(borders.T, features.T, strict=True)],
        axis=1,
    ).astype(np.uint8)
    if codes.shape[1] % 2:
        codes = np.pad(codes, ((0, 0), (0, 1)))
    return {"features": codes[:, ::2] << 4 | codes[:, 1::2], "levels": levels}


def _levels(ordered: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each level the mean of the values that are nearest to it."""
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    # Between the places where equally many values lie and equal steps: outliers keep a level.
    shares = (np.arange(LEVELS) + 0.5) / LEVELS
    levels = (np.quantile(ordered, shares) + np.linspace(ordered[0], ordered[-1], LEVELS)) / 2
    for _ in range(ROUNDS):
        cuts = np.concatenate([[0], np.searchsorted(ordered, _borders(levels)), [len(ordered)]])
        counts = np.diff(cuts)
        levels = np.where(counts > 0, np.diff(sums[cuts]) / np.maximum(counts, 1), levels)
    found: NDArray[np.float64] = np.sort(levels)
    return found


def _borders(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    return (levels[1:] + levels[:-1]) / 2


def _from_half_bytes(packed: NDArray[np.uint8], levels: NDArray[np.float16]) -> NDArray[np.float16]:
    codes = np.stack([packed >> 4, packed & 15], axis=2).reshape(len(packed), -1)[:, : levels.shape[1]]
    return np.take_along_axis(levels, codes.astype(np.int64), axis=0)


def _header(content: Any) -> BankHeader:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"its format is not {FORMAT}")
    known = {entry.name for entry in fields(BankHeader)}
    return BankHeader(**{key: value for key, value in content.items() if key in known})
