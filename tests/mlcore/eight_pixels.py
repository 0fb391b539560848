"""Networks of eight pixels for the tests: checkpoints of every kind that the engine serves, made in
milliseconds.
"""

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from mlcore import checkpoint
from mlcore.checkpoint import Header
from mlcore.models.registry import ARCHITECTURES

DCGAN = Header(
    kind="generator",
    architecture="dcgan-generator",
    arguments={"image_size": 8, "latent_size": 6, "width": 8},
)
DISCRIMINATOR = Header(
    kind="discriminator",
    architecture="dcgan-discriminator",
    arguments={"image_size": 8, "width": 8},
)
UNET = Header(
    kind="generator",
    architecture="unet",
    arguments={"image_size": 8, "width": 8, "multipliers": [1, 2], "heads": 2, "head_size": 4},
    sampler="heun",
    sampler_arguments={"steps": 3},
)


def network(header: Header, seed: int = 0) -> nn.Module:
    """The header's network with lively random weights and statistics."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = ARCHITECTURES[header.architecture](**header.arguments)
        for part in module.modules():
            if isinstance(part, nn.BatchNorm2d):
                nn.init.normal_(part.running_mean, 0.0, 0.3)
                nn.init.uniform_(part.running_var, 0.3, 1.5)
            elif isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.kaiming_normal_(part.weight)
    return module.eval()


def save(folder: Path, name: str, header: Header, seed: int = 0, **changes: object) -> Path:
    """Write a checkpoint and return its path."""
    path = folder / f"{name}.safetensors"
    header = replace(header, **changes)
    checkpoint.save(path, checkpoint.state_of(network(header, seed)), header)
    return path


def pair(folder: Path, header: Header = DCGAN, **changes: object) -> Path:
    """A generator beside the discriminator that scores it."""
    judge = save(folder, "discriminator", DISCRIMINATOR, seed=1)
    return save(folder, "generator", header, partner=checkpoint.file_sha256(judge), **changes)
