"""Weights on disk: safetensors with a JSON header. The only reader and writer of weights.

Nothing from a file is ever executed, and a file that is not wholly what it should be is refused with its
reason.
"""

import hashlib
import json
import math
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import nn

from mlcore import errors
from mlcore.images import Normalisation
from mlcore.models.constructing import construct, outline
from mlcore.tensor_table import MAX_HEADER, check_extent, read_table

FORMAT = 1
KEY = "palmsite"
KINDS = ("generator", "discriminator", "detector", "recogniser", "features", "classifier")
SUFFIX = ".safetensors"

State = dict[str, torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a checkpoint says of itself, written as JSON into the file.

    `partner` is the sha256 of the discriminator that scores a generator. `sampler` is 'gan', 'ddim', 'heun'
    or 'ddpm' with its arguments (see mlcore.sampling). `lineage` lists sources with their terms, `bank` is
    the sha256 of the bank of training features. `conditions` is what may be asked for: {"hand": {"drawn":
    "left", "left_share": 0.4}} for a generator whose palms are all left and are mirrored unless a left one is
    wanted (left_share: how many of any are left, half if not said), {"looks": {"light": 0.6, "dark": 0.4}} for
    one that takes labels in that order.
    """

    kind: str
    architecture: str
    arguments: dict[str, Any] = field(default_factory=dict)
    recipe: str = ""
    step: int = 0
    normalisation: Normalisation = field(default_factory=Normalisation)
    partner: str = ""
    sampler: str = "gan"
    sampler_arguments: dict[str, Any] = field(default_factory=dict)
    lineage: list[dict[str, Any]] = field(default_factory=list)
    bank: str = ""
    licence: str = ""
    metrics: dict[str, Any] = field(default_factory=dict)
    calibration: dict[str, Any] = field(default_factory=dict)
    conditions: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    def to_json(self) -> str:
        """The header as JSON, keys sorted."""
        return json.dumps(asdict(self), sort_keys=True, allow_nan=False)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was read and found sound; weights as float32 whatever they were stored as."""

    header: Header
    state: State
    sha256: str


def state_of(module: nn.Module) -> State:
    """The module's tensors that belong into its checkpoint.

    A module may name key prefixes in `not_stored`: frozen parts that come from a package and not from
    training.
    """
    skipped: tuple[str, ...] = tuple(getattr(module, "not_stored", ()))
    return {
        key: value for key, value in module.state_dict().items() if not key.startswith(skipped or ("\0",))
    }


def save(
    path: str | os.PathLike[str],
    state: Mapping[str, torch.Tensor],
    header: Header,
    *,
    dtype: torch.dtype = torch.float32,
) -> str:
    """Write a checkpoint atomically and return its sha256; float weights are stored as `dtype`.

    The file is whole or, as before, untouched: it is written beside, flushed to the disk and renamed.
    """
    _check_header(header)
    tensors: State = {}
    for key, value in state.items():
        tensor = value.detach().cpu()
        if tensor.is_floating_point():
            if not bool(torch.isfinite(tensor).all()):
                raise errors.NotFinite(
                    f"{key} holds NaN or infinity; the last good state is the one to keep."
                )
            tensor = tensor.to(dtype)
            if not bool(torch.isfinite(tensor).all()):
                raise errors.NotFinite(f"{key} does not fit {dtype}; store it as float32.")
        tensors[key] = tensor.contiguous().clone()
    data = save_tensors(tensors, metadata={KEY: header.to_json()})
    write_atomically(Path(path), data)
    return hashlib.sha256(data).hexdigest()


def write_atomically(path: Path, data: bytes) -> None:
    """Write beside, flush, rename: a full disk or a killed process leaves what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> Checkpoint:
    """Read and check a checkpoint; every refusal is its own CheckpointError."""
    file = Path(path)
    with _told_of(file):
        return parse(file.read_bytes())


@contextmanager
def _told_of(file: Path) -> Iterator[None]:
    """Every refusal names the file it speaks of."""
    try:
        yield
    except FileNotFoundError as error:
        raise errors.CheckpointMissing(f"There is no file {file}.") from error
    except OSError as error:
        raise errors.CheckpointMissing(f"{file} cannot be read: {error.strerror}.") from error
    except errors.CheckpointError as error:
        raise type(error)(f"{file.name}: {error}") from error


def parse(data: bytes) -> Checkpoint:
    """The checkpoint in these bytes, checked from the outside in before a tensor is made."""
    table, length = read_table(data)
    header = read_header(table)
    check_extent(table, len(data) - 8 - length)
    try:
        stored = load_tensors(data)
    except SafetensorError as error:
        raise errors.NotACheckpoint(f"its table of tensors is not sound ({error}).") from error
    state: State = {}
    for key, tensor in stored.items():
        if tensor.is_floating_point():
            if not bool(torch.isfinite(tensor).all()):
                raise errors.NotFinite(f"{key} holds NaN or infinity; it comes from a training that failed.")
            tensor = tensor.float()
        state[key] = tensor
    return Checkpoint(header, state, hashlib.sha256(data).hexdigest())


def peek(path: str | os.PathLike[str]) -> Header:
    """The header alone, without reading the weights."""
    with _told_of(Path(path)), Path(path).open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        table, _ = read_table(start + file.read(min(length, MAX_HEADER + 1)), Path(path).stat().st_size)
        return read_header(table)


def build(checkpoint: Checkpoint) -> nn.Module:
    """The network of a checkpoint with its weights, in eval mode; refuses keys, shapes and types that differ.

    The global random state is left as it was, and the network is first built without memory, so that a file
    cannot ask for more memory than its own weights need.
    """
    architecture, arguments = checkpoint.header.architecture, checkpoint.header.arguments
    _compare(state_of(outline(architecture, arguments)), checkpoint.state)
    with torch.random.fork_rng(devices=[]):
        module = construct(architecture, arguments)
    module.load_state_dict(checkpoint.state, strict=not getattr(module, "not_stored", ()))
    return module.eval().requires_grad_(False)


def file_sha256(path: Path) -> str:
    """The sha256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_header(table: Mapping[str, Any]) -> Header:
    """The palmsite header inside a safetensors table, every field checked for its type."""
    metadata = table.get("__metadata__")
    if not isinstance(metadata, dict) or not isinstance(metadata.get(KEY), str):
        raise errors.BadHeader(
            f"it is a safetensors file without a {KEY} header; python -m mlcore convert makes checkpoints."
        )
    try:
        content = json.loads(metadata[KEY])
    except (ValueError, RecursionError) as error:
        raise errors.BadHeader(f"its header is no JSON ({error}).") from error
    if not isinstance(content, dict):
        raise errors.BadHeader("its header is no JSON object.")
    version = content.get("format")
    if version != FORMAT:
        raise errors.BadHeader(f"it has format {version!r}; this program reads format {FORMAT}.")
    unknown = sorted(set(content) - {entry.name for entry in fields(Header)})
    if unknown:
        raise errors.BadHeader(f"its header has an unknown field {unknown[0]!r}.")
    normalisation = content.get("normalisation", {})
    try:
        content["normalisation"] = Normalisation(**normalisation)
        header = Header(**content)
    except TypeError as error:
        raise errors.BadHeader(f"its header lacks something: {error}.") from error
    _check_header(header)
    return header


def _check_header(header: Header) -> None:
    """Refuse a header whose fields are of another type than the class says."""
    kinds: dict[str, type] = {
        **dict.fromkeys(("kind", "architecture", "recipe", "partner", "sampler", "bank", "licence"), str),
        **dict.fromkeys(
            ("arguments", "sampler_arguments", "metrics", "calibration", "conditions", "notes"), dict
        ),
        **{"step": int, "lineage": list, "format": int},
    }
    for name, kind in kinds.items():
        if not isinstance(getattr(header, name), kind):
            raise errors.BadHeader(f"its header's {name} is no {kind.__name__}.")
    if header.kind not in KINDS:
        raise errors.BadHeader(f"its kind is {header.kind!r}; kinds are {', '.join(KINDS)}.")
    scale = header.normalisation
    numbers = (scale.low, scale.high)
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
        raise errors.BadHeader("its normalisation is no range of numbers.")
    if scale.high <= scale.low or scale.channels not in ("RGB", "BGR"):
        raise errors.BadHeader("its normalisation must be a range and RGB or BGR.")


def _compare(expected: State, found: State) -> None:
    """Refuse a state whose keys, shapes or kinds of number are not the network's."""
    missing, extra = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    if missing or extra:
        parts = [
            f"{len(keys)} {word} (the first: {keys[0]})"
            for keys, word in ((missing, "missing"), (extra, "unknown"))
            if keys
        ]
        raise errors.KeysDiffer(f"its tensors are not this network's: {' and '.join(parts)}.")
    for key, tensor in expected.items():
        if tensor.shape != found[key].shape:
            raise errors.ShapeDiffers(f"{key} has shape {list(found[key].shape)}, not {list(tensor.shape)}.")
        if tensor.is_floating_point() != found[key].is_floating_point():
            raise errors.DtypeDiffers(f"{key} is {found[key].dtype}, not {tensor.dtype}.")
