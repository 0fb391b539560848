"""Twice the pixels for a finished projected generator: two levels learn skin, the rest stays as it was.

A palm's shape is judged at the base's size, where few pictures suffice; texture is local, so the new level learns it
from crops of the base's size, judged by heads on the same frozen features. What it makes must look like the base's
picture when both are made small (the idea of progressive growing, Karras et al. 2018, arXiv:1710.10196). A base that
already has as many pixels does not grow, and learns its skin once more.
"""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim import Adam, Optimizer

from mlcore import checkpoint
from mlcore.errors import MlcoreError
from mlcore.models.fastgan import FastGanGenerator
from mlcore.models.projected import ProjectedDiscriminator
from mlcore.recipes.augment import DiffAugment
from mlcore.recipes.base import Losses, Recipe, hinge, learnable

LEARNING_LEVELS = 2


@dataclass(frozen=True, kw_only=True)
class EnlargeSettings:
    """Everything a preset may say. `base` is the folder of the pair to start from."""

    base: str
    image_size: int = 256
    last_width: int = 24
    head_channels: int = 32
    head_width: int = 64
    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.0, 0.99)
    faithful: float = 20.0  # weight of looking like the base's picture, both seen at half the base's size
    tint: float = 100.0  # weight of its colours, seen smaller still: heads on crops let shadows turn green
    augment: DiffAugment = field(default_factory=lambda: DiffAugment(colour=0.25))
    precision: str = "float32"


class Enlarge(Recipe):
    """Hinge loss on crops, and faithfulness to the base. The base's discriminator ships as the partner."""

    name = "enlarge"
    seen = ("efficientnet-lite0",)

    def __init__(self, settings: EnlargeSettings) -> None:
        self.settings = settings
        small = checkpoint.load(Path(settings.base) / "generator.safetensors")
        judge = checkpoint.load(Path(settings.base) / "discriminator.safetensors")
        own = small.header.arguments
        if settings.image_size not in (own["image_size"], 2 * own["image_size"]):
            raise MlcoreError(
                f"{settings.base} makes {own['image_size']} px, and image_size is "
                f"{settings.image_size}: it must be twice as many, or as many."
            )
        grows = settings.image_size > own["image_size"]
        self._arguments = {
            "image_size": settings.image_size,
            "latent_size": own["latent_size"],
            "widths": [*own["widths"], *([settings.last_width] if grows else [])],
            "smooth": LEARNING_LEVELS,
        }
        self._judge_arguments = judge.header.arguments
        base = cast(FastGanGenerator, checkpoint.build(small)).requires_grad_(False)
        generator = _grown(base, self._arguments)
        discriminator = ProjectedDiscriminator(**self._judge_arguments)
        discriminator.load_state_dict(judge.state, strict=False)
        super().__init__(
            {
                "generator": generator,
                "discriminator": discriminator.requires_grad_(False),
                "texture": ProjectedDiscriminator(
                    settings.image_size // 2, settings.head_channels, settings.head_width, fine=True
                ),
                "base": base,
            },
            settings.precision,
        )
        self.texture = cast(ProjectedDiscriminator, self.networks["texture"])

    def make_optimisers(self) -> dict[str, Optimizer]:
        """Adam for the levels that learn, and for the heads."""
        rate, betas = self.settings.learning_rate, self.settings.betas
        return {
            "generator": Adam(learnable(self.generator), rate, betas, foreach=True),
            "texture": Adam(learnable(self.texture.heads), rate, betas, foreach=True),
        }

    def architectures(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """The grown generator, and the judge of whole palms."""
        return {
            "generator": ("fastgan-generator", self._arguments),
            "discriminator": ("projected-discriminator", self._judge_arguments),
        }

    def step(self, batches: list[Tensor]) -> Losses:
        """Generator, then the heads on the features of the same crops."""
        _keep_statistics(cast(FastGanGenerator, self.generator))
        self.networks["base"].eval()
        report: Losses = {"unfaithful": 0.0, "tinted": 0.0, "loss_real": 0.0, "loss_fake": 0.0}
        made: list[list[Tensor]] = []
        share = 1 / len(batches)

        def generator_loss(real: Tensor) -> Tensor:
            latents = torch.randn(real.shape[0], *self.latent_shape, device=real.device)
            fakes = self.generator(latents).float()
            with torch.no_grad():
                small = self.networks["base"](latents).float()
            maps = self.texture.features(self._crop(fakes))
            made.append([each.detach() for each in maps])
            seen_at = self.settings.image_size // 4
            away = _shown(fakes, seen_at) - _shown(small, seen_at)
            unfaithful, tinted = away.abs().mean(), _tint(functional.avg_pool2d(away, 2)).abs().mean()
            report["unfaithful"] += unfaithful.item() * share
            report["tinted"] += tinted.item() * share
            # The heads must not learn from this: their gradients are dropped when their own turn begins.
            verdict = self.texture.judge(maps).sum(dim=1).mean()
            true = self.settings.faithful * unfaithful + self.settings.tint * tinted
            loss: Tensor = true - verdict
            return loss

        def texture_loss(real: Tensor) -> Tensor:
            with torch.no_grad():
                maps = self.texture.features(self._crop(real))
            loss_real, loss_fake = hinge(self.texture.judge(maps), self.texture.judge(made.pop(0)))
            report["loss_real"] += loss_real.item() * share
            report["loss_fake"] += loss_fake.item() * share
            return loss_real + loss_fake

        loss_g = self.learn("generator", [partial(generator_loss, real) for real in batches])
        loss_d = self.learn("texture", [partial(texture_loss, real) for real in batches])
        return {"loss_d": loss_d, "loss_g": loss_g, **report}

    def _crop(self, images: Tensor) -> Tensor:
        """A crop of half the side from each image, at its own place, augmented.

        A third of the places are at an edge: else the outermost pixels were hardly ever judged, and grew a frame.
        """
        side = self.settings.image_size // 2
        places = torch.randint(-side // 4, side + side // 4 + 1, (images.shape[0], 2)).clamp(0, side).tolist()
        crops = torch.stack(
            [image[:, y : y + side, x : x + side] for image, (y, x) in zip(images, places, strict=True)]
        )
        augment = self.settings.augment
        return augment(crops, augment.draw(crops.shape[0], side, crops.device))


def _grown(base: FastGanGenerator, arguments: dict[str, Any]) -> FastGanGenerator:
    """The base, with one level more if it grows; only the last levels and the way to colours may learn."""
    grown = FastGanGenerator(**arguments)
    levels = len(grown.ups)
    grows = levels > len(base.ups)
    kept = {
        name: value for name, value in base.state_dict().items() if not (grows and name.startswith("to_rgb"))
    }
    grown.load_state_dict(kept, strict=False)
    grown.requires_grad_(False)
    for level in range(levels - LEARNING_LEVELS + 1, levels + 1):
        grown.ups[level - 1].requires_grad_(True)
        if str(level) in grown.excitations:
            grown.excitations[str(level)].requires_grad_(True)
    grown.to_rgb.requires_grad_(True)
    return grown


def _shown(images: Tensor, side: int) -> Tensor:
    return functional.avg_pool2d(images, images.shape[-1] // side)


def _tint(images: Tensor) -> Tensor:
    """What of (N, 3, S, S) is colour and not light."""
    return images - images.mean(dim=1, keepdim=True)


def _keep_statistics(generator: FastGanGenerator) -> None:
    """The levels that do not learn normalise as the finished base did."""
    generator.train()
    generator.first_norm.eval()
    for up in list(generator.ups)[:-LEARNING_LEVELS]:
        up.eval()
