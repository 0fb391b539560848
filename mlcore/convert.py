"""Turns weights of earlier systems into checkpoints. Their pickles are read in a process of their own,
tensors only.

Known: DCGAN and WGAN-GP state dicts, genPalms' pair (BGR, [0, 1]), and trainers' files of
denoising-diffusion-pytorch.
"""

import json
import re
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

from mlcore import checkpoint, pickle_reader, sampling
from mlcore.checkpoint import Header, State
from mlcore.errors import CheckpointError, CheckpointMissing, ConversionError
from mlcore.images import Normalisation
from mlcore.models.registry import ARCHITECTURES

FORMATS = ("auto", "dcgan", "genpalms", "wgan-gp", "diffusion")
SECONDS = 300
WRAPPERS = (
    "module.",
    "model.",
    "_orig_mod.",
    "netG.",
    "netD.",
    "generator.",
    "discriminator.",
    "state_dict.",
)
GENPALMS = Normalisation(0.0, 1.0, "BGR")
GENPALMS_LATENTS = 500


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a file cannot say of itself."""

    format: str = "auto"
    image_size: int = 128  # of a diffusion model; the others' weights say it
    objective: str = ""  # what a diffusion model predicts, where its file does not say
    steps: int = 50
    licence: str = ""
    lineage: list[dict[str, Any]] = field(default_factory=list)


def convert(old: Path, new: Path, wishes: Wishes) -> Header:
    """Read an old file, recognise it, prove that the network takes its weights, write the checkpoint."""
    tensors = read_pickle(old)
    diffusion = wishes.format == "diffusion" or (
        wishes.format == "auto" and any(key.endswith("init_conv.weight") for key in tensors)
    )
    header, state = from_diffusion(tensors, wishes) if diffusion else from_gan(tensors, wishes)
    try:
        checkpoint.build(checkpoint.Checkpoint(header, state, ""))
    except CheckpointError as error:
        raise ConversionError(f"{old.name} is not the network that it looks like: {error}") from error
    checkpoint.save(new, state, header)
    return header


def read_pickle(path: Path) -> State:
    """The tensors of a .pt file by dotted name, in their order, read by another process."""
    if not path.is_file():
        raise CheckpointMissing(f"There is no file {path}.")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "tensors.safetensors"
        command = [
            sys.executable,
            "-I",
            str(Path(__file__).with_name("pickle_reader.py")),
            str(path),
            str(out),
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise ConversionError(
                f"{path.name} takes more than {SECONDS} s to read and is refused."
            ) from error
        if done.returncode == pickle_reader.HOLDS_OBJECTS:
            raise ConversionError(
                f"{path.name} holds more than tensors, as a whole pickled model does, and nothing in a file is "
                "executed here. Save its weights where it was made, torch.save(model.state_dict(), 'weights.pt'), "
                "and convert that file."
            )
        if done.returncode == pickle_reader.NOT_READ:
            raise ConversionError(
                f"{path.name} is damaged or no PyTorch file, and is not read ({done.stderr}). "
                "Save it again where it was made: torch.save(model.state_dict(), 'weights.pt')."
            )
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["it was stopped"])[-1]
            raise ConversionError(f"{path.name} cannot be read: {reason[:300]}.")
        with out.open("rb") as file:
            table = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        tensors = load_file(out)
    order: list[str] = json.loads(table["__metadata__"]["order"])
    if not order:
        raise ConversionError(f"{path.name} holds no tensors.")
    return {name: tensors[name] for name in order}


def from_gan(tensors: State, wishes: Wishes) -> tuple[Header, State]:
    """A DCGAN-like generator, discriminator or critic: recognised by its convolutions, matched in their
    order.
    """
    tensors = {name: value for name, value in tensors.items() if not name.startswith(("optim", "opt."))}
    tensors = unwrapped(tensors)
    kernels = [value for value in tensors.values() if value.dim() == 4]
    if len(kernels) < 2 or any(tuple(kernel.shape[2:]) != (4, 4) for kernel in kernels):
        raise ConversionError("This is no network of 4 x 4 convolutions; formats: " + ", ".join(FORMATS))
    genpalms = wishes.format == "genpalms"
    makes_images = kernels[-1].shape[1] == 3 and kernels[0].shape[0] != 3
    looks_so = kernels[0].shape[0] == GENPALMS_LATENTS if makes_images else _has_two_logits(tensors)
    if wishes.format == "auto" and looks_so:
        # Weights do not say which colours they mean: a wrong guess would be seen only in the images.
        raise ConversionError(
            "This looks like genPalms' network (500 latents, or two logits), whose colours are BGR from 0 to 1, "
            "and could be a DCGAN in RGB from -1 to 1: say --format genpalms or --format dcgan."
        )
    if makes_images:
        return _generator(tensors, kernels, wishes, genpalms)
    return _discriminator(tensors, kernels, wishes, genpalms)


def _has_two_logits(tensors: State) -> bool:
    """Whether a discriminator says 'made' and 'real' apart."""
    return any(value.dim() == 2 and value.shape[0] == 2 for value in tensors.values())


def _generator(
    tensors: State, kernels: list[torch.Tensor], wishes: Wishes, genpalms: bool
) -> tuple[Header, State]:
    channels, width = kernels[0].shape[1], kernels[-1].shape[0]
    arguments = {
        "image_size": 8 * channels // width,
        "latent_size": kernels[0].shape[0],
        "width": width,
        "activation": "sigmoid" if genpalms else "tanh",
    }
    header = Header(
        kind="generator",
        architecture="dcgan-generator",
        arguments=arguments,
        normalisation=GENPALMS if genpalms else Normalisation(),
        **_facts(wishes, "genpalms" if genpalms else "wgan-gp" if wishes.format == "wgan-gp" else "dcgan"),
    )
    return header, matched(tensors, header)


def _discriminator(
    tensors: State, kernels: list[torch.Tensor], wishes: Wishes, genpalms: bool
) -> tuple[Header, State]:
    """Tries the norms in turn: batch has running statistics, instance only scales, none has neither."""
    width = kernels[0].shape[0]
    deepest = max(kernel.shape[0] for kernel in kernels)
    statistics = any(name.endswith("running_mean") for name in tensors)
    # Scales of a norm are vectors of a convolution's channels beside its bias.
    vectors = sum(1 for name, value in tensors.items() if value.dim() == 1 and "running" not in name)
    norm = "batch" if statistics else "instance" if vectors >= 2 * (len(kernels) - 2) else "none"
    critic = wishes.format == "wgan-gp" or (wishes.format == "auto" and norm != "batch")
    classes = 2 if _has_two_logits(tensors) else 1
    arguments: dict[str, Any] = {"image_size": 8 * deepest // width, "width": width, "norm": norm}
    if not critic:
        arguments["classes"] = classes
    header = Header(
        kind="discriminator",
        architecture="wgan-critic" if critic else "dcgan-discriminator",
        arguments=arguments,
        normalisation=GENPALMS if genpalms else Normalisation(),
        **_facts(wishes, "genpalms" if genpalms else "wgan-gp" if critic else "dcgan"),
    )
    return header, matched(tensors, header)


def matched(tensors: State, header: Header) -> State:
    """The file's tensors under our names: both in the order of the layers, each shape compared."""
    expected = empty(header).state_dict()
    wanted = [name for name in expected if not name.endswith("num_batches_tracked")]
    given = [name for name in tensors if not name.endswith("num_batches_tracked")]
    if len(wanted) != len(given):
        raise ConversionError(
            f"The file has {len(given)} tensors, a {header.architecture} of these widths {len(wanted)}."
        )
    state = {name: torch.zeros((), dtype=torch.int64) for name in expected if name not in wanted}
    for ours, theirs in zip(wanted, given, strict=True):
        if expected[ours].shape != tensors[theirs].shape:
            raise ConversionError(
                f"{theirs} has shape {list(tensors[theirs].shape)}, {ours} {list(expected[ours].shape)}."
            )
        state[ours] = tensors[theirs].float()
    return state


def from_diffusion(tensors: State, wishes: Wishes) -> tuple[Header, State]:
    """A U-Net of denoising-diffusion-pytorch, the averaged weights where the file has them."""
    state, rest = _unet_tensors(tensors)
    width = state["first.weight"].shape[0]
    levels = 1 + max(
        int(found.group(1)) for found in (re.match(r"downs\.(\d+)\.", key) for key in state) if found
    )
    resized = [
        state.get(f"downs.{i}.resize.weight", state.get(f"downs.{i}.resize.conv.weight"))
        for i in range(levels)
    ]
    if any(tensor is None for tensor in resized):
        raise ConversionError("This U-Net lacks a change of side; it is of a version that is not known here.")
    heads, head_size = state["middle.1.memory"].shape[1], state["middle.1.memory"].shape[3]
    arguments = {
        "image_size": wishes.image_size,
        "width": width,
        "multipliers": [int(tensor.shape[0]) // width for tensor in resized if tensor is not None],
        "heads": heads,
        "head_size": head_size,
        "channels": state["first.weight"].shape[1],
    }
    header = Header(
        kind="generator",
        architecture="unet",
        arguments=arguments,
        sampler="ddim",
        sampler_arguments=_process(rest, wishes),
        **_facts(wishes, "diffusion"),
    )
    return header, state


UNET_NAMES = (
    (r"^init_conv\.", "first."),
    (r"^time_mlp\.", "time."),
    (r"^(downs|ups)\.(\d+)\.0\.", r"\1.\2.first."),
    (r"^(downs|ups)\.(\d+)\.1\.", r"\1.\2.second."),
    (r"^(downs|ups)\.(\d+)\.2\.", r"\1.\2.attention."),
    (r"^(downs|ups)\.(\d+)\.3\.1\.", r"\1.\2.resize.conv."),
    (r"^(downs|ups)\.(\d+)\.3\.", r"\1.\2.resize."),
    (r"^mid_block1\.", "middle.0."),
    (r"^mid_attn\.", "middle.1."),
    (r"^mid_block2\.", "middle.2."),
    (r"^final_res_block\.", "final."),
    (r"^final_conv\.", "out."),
    (r"\.mlp\.1\.", ".steer."),
    (r"\.block([12])\.proj\.", r".conv\1."),
    (r"\.block([12])\.norm\.g$", r".norm\1.gain"),
    (r"\.res_conv\.", ".shortcut."),
    (r"\.mem_kv$", ".memory"),
    (r"\.norm\.g$", ".norm.gain"),
    (r"\.to_out\.0\.", ".out."),
    (r"\.to_out\.1\.g$", ".out_norm.gain"),
    (r"\.to_out\.", ".out."),
)


def _unet_tensors(tensors: State) -> tuple[State, State]:
    """The U-Net's tensors under our names, and what else the file says of the process."""
    names = [name for name in tensors if name.endswith("init_conv.weight")]
    averaged = [name for name in names if "ema" in name.split(".")[0] and "online" not in name]
    if not names:
        raise ConversionError("This file has no U-Net of denoising-diffusion-pytorch (no init_conv).")
    prefix = (averaged or names)[0].removesuffix("init_conv.weight")
    outer = prefix.removesuffix("model.")
    state, rest = {}, {}
    for name, tensor in tensors.items():
        if not name.startswith(prefix):
            if name.startswith(outer):
                rest[name.removeprefix(outer)] = tensor
            continue
        ours = name.removeprefix(prefix)
        for pattern, replacement in UNET_NAMES:
            ours = re.sub(pattern, replacement, ours)
        state[ours] = tensor.float()
    for needed in ("first.weight", "middle.1.memory"):
        if needed not in state:
            raise ConversionError("This U-Net is of a version of the package that is not known here.")
    return state, rest


def _process(rest: State, wishes: Wishes) -> dict[str, Any]:
    """Timesteps, schedule and objective, recognised by the buffers that the package keeps beside the U-Net."""
    products = rest.get("alphas_cumprod")
    timesteps = len(products) if products is not None else 1000
    schedule = "sigmoid"
    if products is not None:
        errors = {
            name: float(
                (torch.tensor(sampling.alphas_cumprod(name, timesteps)) - products.float()).abs().max()
            )
            for name in ("sigmoid", "cosine", "linear")
        }
        schedule = min(errors, key=lambda name: errors[name])
        if errors[schedule] > 1e-4:
            raise ConversionError("The file's noise schedule is none of sigmoid, cosine and linear.")
    objective = wishes.objective or _objective(rest.get("loss_weight"), products)
    return {"steps": wishes.steps, "timesteps": timesteps, "schedule": schedule, "objective": objective}


def _objective(weights: torch.Tensor | None, products: torch.Tensor | None) -> str:
    """The package weighs its loss by 1 for noise, by the signal-to-noise ratio s for images, by s / (s + 1)
    for v.
    """
    if weights is None or products is None:
        raise ConversionError("The file does not say what the network predicts; say --objective.")
    ratio = products / (1 - products)
    for name, expected in (("noise", torch.ones_like(ratio)), ("v", ratio / (ratio + 1)), ("image", ratio)):
        if torch.allclose(weights.float(), expected.float(), rtol=1e-3, atol=1e-6):
            return name
    raise ConversionError("The file's loss weights are unusual; say --objective noise, v or image.")


def unwrapped(tensors: State) -> State:
    """Names without the prefixes that all of them share, such as `module.` of data-parallel training."""
    while True:
        shared = [wrapper for wrapper in WRAPPERS if all(name.startswith(wrapper) for name in tensors)]
        if not shared:
            return tensors
        tensors = {name.removeprefix(shared[0]): value for name, value in tensors.items()}


def empty(header: Header) -> nn.Module:
    """The header's network without memory for its weights."""
    try:
        with torch.device("meta"):
            return ARCHITECTURES[header.architecture](**header.arguments)
    except (TypeError, ValueError) as error:
        raise ConversionError(f"This is no network that is known here: {error}.") from error


def _facts(wishes: Wishes, recipe: str) -> dict[str, Any]:
    return {"recipe": recipe, "licence": wishes.licence, "lineage": wishes.lineage}
