"""The last step of a finished diffusion model learns skin from heads on frozen features.

The best guess of what noise hides is smooth: a diffusion model that a processor can train draws palms of wax. Here
half of each batch goes on as before, and the other half takes the last step, from real palms under its noise, before
heads that know photographs (the idea of Xiao et al. 2021, arXiv:2112.07804, and Sauer et al. 2023, arXiv:2311.17042).
Squared error still holds that step to what the noise left visible, so it cannot make one palm of all.
"""

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim import Adam, Optimizer

from mlcore import checkpoint
from mlcore.errors import MlcoreError
from mlcore.models.projected import ProjectedDiscriminator
from mlcore.recipes.augment import DiffAugment
from mlcore.recipes.base import Losses, hinge, learnable
from mlcore.recipes.diffusion import Diffusion, DiffusionSettings


@dataclass(frozen=True, kw_only=True)
class RefineSettings(DiffusionSettings):
    """Everything a preset may say. `base` is the folder of the run to start from; its network's sizes count."""

    base: str
    texture: float = 0.005  # weight of the heads' verdict beside the squared error
    colour: float = 0.5  # weight of its light, seen 16 times smaller: heads on features hardly mind a cast
    head_width: int = 32
    rate_discriminator: float = 2e-4
    augment: DiffAugment = field(default_factory=DiffAugment)


class Refine(Diffusion):
    """Diffusion's loss on half of each batch, and hinge loss on the last step of the other half."""

    name = "refine"
    seen = ("efficientnet-lite0",)
    settings: RefineSettings

    def __init__(self, settings: RefineSettings) -> None:
        if settings.mode != "edm":
            raise MlcoreError(
                "Only a diffusion model of mode edm can be refined: DDPM has no last step of its own."
            )
        started = checkpoint.load(Path(settings.base) / "generator.safetensors")
        super().__init__(replace(settings, **started.header.arguments))
        self.generator.load_state_dict(started.state)
        self.heads = ProjectedDiscriminator(self.settings.image_size, width=settings.head_width, fine=True)
        self.networks["discriminator"] = self.heads

    def make_optimisers(self) -> dict[str, Optimizer]:
        """Adam for the network, and for the heads with a rate of their own."""
        chosen = self.settings
        heads = Adam(learnable(self.heads.heads), chosen.rate_discriminator, (0.0, 0.99), foreach=True)
        return {**super().make_optimisers(), "discriminator": heads}

    def architectures(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """The U-Net, and the heads that judge what it makes."""
        chosen = self.settings
        sizes = {"image_size": chosen.image_size, "width": chosen.head_width, "fine": True}
        return {**super().architectures(), "discriminator": ("projected-discriminator", sizes)}

    def step(self, batches: list[Tensor]) -> Losses:
        """The network first; the features of its palms then serve the heads, computed once."""
        report: Losses = {"tinted": 0.0, "loss_real": 0.0, "loss_fake": 0.0}
        judged: list[list[list[Tensor]]] = []
        chosen, share = self.settings, 1 / len(batches)
        for real in batches:
            self.networks["colour"](real)

        def generator_loss(real: Tensor) -> Tensor:
            last, earlier = real.chunk(2)
            sigma = torch.full((last.shape[0],), chosen.sigma_min, device=last.device)
            made, unlike = self.denoised(last, sigma)
            draw = chosen.augment.draw(last.shape[0], last.shape[-1], last.device)
            maps = self.heads.features(chosen.augment(made, draw))
            with torch.no_grad():
                judged.append(
                    [self.heads.features(chosen.augment(last, draw)), [each.detach() for each in maps]]
                )
            # The heads must not learn from this: their gradients are dropped when their own turn begins.
            verdict = self.heads.judge(maps).sum(dim=1).mean()
            tinted = functional.avg_pool2d(made - last, 16).abs().mean()
            report["tinted"] += tinted.item() * share
            true = (self._edm_loss(earlier) + unlike) / 2 + chosen.colour * tinted
            loss: Tensor = true - chosen.texture * verdict
            return loss

        def heads_loss(real_maps: list[Tensor], made_maps: list[Tensor]) -> Tensor:
            loss_real, loss_fake = hinge(self.heads.judge(real_maps), self.heads.judge(made_maps))
            report["loss_real"] += loss_real.item() * share
            report["loss_fake"] += loss_fake.item() * share
            return loss_real + loss_fake

        loss_g = self.learn("generator", [partial(generator_loss, real) for real in batches])
        loss_d = self.learn("discriminator", [partial(heads_loss, *maps) for maps in judged])
        return {"loss_d": loss_d, "loss_g": loss_g, **report}
