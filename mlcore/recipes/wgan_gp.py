"""WGAN-GP (Gulrajani et al. 2017, arXiv:1704.00028): a critic kept near slope one by a penalty between images."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor
from torch.optim import Adam, Optimizer

from mlcore.models.dcgan import DcganGenerator
from mlcore.models.wgan import WganCritic
from mlcore.recipes.augment import DiffAugment
from mlcore.recipes.base import Losses, Recipe, frozen, require


@dataclass(frozen=True, kw_only=True)
class WganGpSettings:
    """Everything a preset may say."""

    image_size: int = 128
    latent_size: int = 100
    width: int = 64
    head_width: int = 64
    norm: Literal["instance", "none"] = "instance"
    rate_generator: float = 5e-5
    rate_discriminator: float = 2e-5
    betas: tuple[float, float] = (0.5, 0.999)
    penalty: float = 10.0
    critic_steps: int = 5
    augment: DiffAugment | None = None
    precision: str = "float32"

    def __post_init__(self) -> None:
        """Refuse a critic that never learns."""
        require(self, "critic_steps", 1)


class WganGp(Recipe):
    """The critic takes several steps on the real images for each step of the generator."""

    name = "wgan_gp"

    def __init__(self, settings: WganGpSettings) -> None:
        self.settings = settings
        generator = DcganGenerator(settings.image_size, settings.latent_size, settings.width)
        critic = WganCritic(settings.image_size, settings.head_width, settings.norm)
        super().__init__({"generator": generator, "discriminator": critic}, settings.precision)

    def make_optimisers(self) -> dict[str, Optimizer]:
        """Adam for each, with a rate of its own."""
        chosen = self.settings
        generator, critic = self.networks["generator"], self.networks["discriminator"]
        return {
            "generator": Adam(generator.parameters(), chosen.rate_generator, chosen.betas, foreach=True),
            "discriminator": Adam(critic.parameters(), chosen.rate_discriminator, chosen.betas, foreach=True),
        }

    def architectures(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Generator and critic as the registry knows them."""
        chosen = self.settings
        size = chosen.image_size
        return {
            "generator": (
                "dcgan-generator",
                {"image_size": size, "latent_size": chosen.latent_size, "width": chosen.width},
            ),
            "discriminator": (
                "wgan-critic",
                {"image_size": size, "width": chosen.head_width, "norm": chosen.norm},
            ),
        }

    def step(self, batches: list[Tensor]) -> Losses:
        """The critic's steps with fresh latents each, then the generator's."""
        report: Losses = {}
        loss_d = 0.0
        for _ in range(self.settings.critic_steps):
            report = {"loss_real": 0.0, "loss_fake": 0.0, "penalty": 0.0}
            losses = [partial(self._critic_loss, real, report, len(batches)) for real in batches]
            loss_d = self.learn("discriminator", losses)
        frozen(self.networks["discriminator"])
        loss_g = self.learn("generator", [partial(self._generator_loss, real) for real in batches])
        frozen(self.networks["discriminator"], False)
        return {"loss_d": loss_d, "loss_g": loss_g, **report}

    def _critic_loss(self, real: Tensor, report: Losses, pieces: int) -> Tensor:
        with torch.no_grad():
            fake = self._fakes(real)
        loss_real, loss_fake = -self._score(real).mean(), self._score(fake).mean()
        penalty = self.settings.penalty * self._slope_penalty(real, fake)
        for name, value in (("loss_real", loss_real), ("loss_fake", loss_fake), ("penalty", penalty)):
            report[name] += value.item() / pieces
        return loss_real + loss_fake + penalty

    def _slope_penalty(self, real: Tensor, fake: Tensor) -> Tensor:
        """Equation 3: (|gradient of the critic| - 1)^2 at random places between real and generated images."""
        share = torch.rand(real.shape[0], 1, 1, 1, device=real.device)
        between = (share * real + (1 - share) * fake).requires_grad_(True)
        (gradient,) = torch.autograd.grad(self._score(between).sum(), between, create_graph=True)
        penalty: Tensor = ((gradient.flatten(1).norm(dim=1) - 1) ** 2).mean()
        return penalty

    def _generator_loss(self, real: Tensor) -> Tensor:
        return -self._score(self._fakes(real)).mean()

    def _fakes(self, real: Tensor) -> Tensor:
        latents = torch.randn(real.shape[0], self.settings.latent_size, device=real.device)
        made: Tensor = self.generator(latents)
        return made.float()

    def _score(self, x: Tensor) -> Tensor:
        augment = self.settings.augment
        if augment is not None:
            x = augment(x, augment.draw(x.shape[0], x.shape[-1], x.device))
        score: Tensor = self.networks["discriminator"](x)
        return score.float()
