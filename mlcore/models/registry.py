"""Every network that a checkpoint may name: a plain dict, filled here and nowhere else."""

from collections.abc import Callable

from torch import nn

from mlcore.models.fastgan import FastGanGenerator
from mlcore.models.projected import ProjectedDiscriminator

ARCHITECTURES: dict[str, Callable[..., nn.Module]] = {
    "fastgan-generator": FastGanGenerator,
    "projected-discriminator": ProjectedDiscriminator,
}
