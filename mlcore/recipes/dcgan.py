"""DCGAN (Radford et al. 2016, arXiv:1511.06434): binary cross-entropy, the generator's side non-saturating."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim import Adam, Optimizer

from mlcore.images import Normalisation
from mlcore.models.dcgan import DcganDiscriminator, DcganGenerator, Norm
from mlcore.recipes.augment import DiffAugment
from mlcore.recipes.base import Losses, Recipe, frozen


@dataclass(frozen=True, kw_only=True)
class DcganSettings:
    """Everything a preset may say."""

    image_size: int = 128
    latent_size: int = 100
    width: int = 64
    head_width: int = 64
    activation: Literal["tanh", "sigmoid"] = "tanh"
    classes: Literal[1, 2] = 1
    norm: Norm = "batch"
    rate_generator: float = 2e-4
    rate_discriminator: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    smoothing: float = 0.0  # real images are called real to 1 - smoothing
    augment: DiffAugment | None = field(default_factory=DiffAugment)
    precision: str = "float32"


class Dcgan(Recipe):
    """The discriminator follows loss_real + loss_fake, the generator the discriminator's verdict on its images."""

    name = "dcgan"

    def __init__(self, settings: DcganSettings) -> None:
        self.settings = settings
        generator = DcganGenerator(
            settings.image_size, settings.latent_size, settings.width, settings.activation
        )
        discriminator = DcganDiscriminator(
            settings.image_size, settings.head_width, settings.norm, settings.classes
        )
        super().__init__({"generator": generator, "discriminator": discriminator}, settings.precision)
        if settings.activation == "sigmoid":
            self.normalisation = Normalisation(low=0.0, high=1.0)

    def make_optimisers(self) -> dict[str, Optimizer]:
        """Adam for each, with a rate of its own."""
        chosen = self.settings
        generator, discriminator = self.networks["generator"], self.networks["discriminator"]
        return {
            "generator": Adam(generator.parameters(), chosen.rate_generator, chosen.betas, foreach=True),
            "discriminator": Adam(
                discriminator.parameters(), chosen.rate_discriminator, chosen.betas, foreach=True
            ),
        }

    def architectures(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Generator and discriminator as the registry knows them."""
        chosen = self.settings
        return {
            "generator": (
                "dcgan-generator",
                {
                    "image_size": chosen.image_size,
                    "latent_size": chosen.latent_size,
                    "width": chosen.width,
                    "activation": chosen.activation,
                },
            ),
            "discriminator": (
                "dcgan-discriminator",
                {
                    "image_size": chosen.image_size,
                    "width": chosen.head_width,
                    "norm": chosen.norm,
                    "classes": chosen.classes,
                },
            ),
        }

    def step(self, batches: list[Tensor]) -> Losses:
        """Discriminator first, then the generator against the better discriminator."""
        report: Losses = {"loss_real": 0.0, "loss_fake": 0.0}

        def discriminator_loss(real: Tensor) -> Tensor:
            with torch.no_grad():
                fake = self._fakes(real)
            loss_real, loss_fake = self.losses_of(self._verdict(real), self._verdict(fake))
            report["loss_real"] += loss_real.item() / len(batches)
            report["loss_fake"] += loss_fake.item() / len(batches)
            return loss_real + loss_fake

        loss_d = self.learn("discriminator", [partial(discriminator_loss, real) for real in batches])
        frozen(self.networks["discriminator"])
        loss_g = self.learn("generator", [partial(self._generator_loss, real) for real in batches])
        frozen(self.networks["discriminator"], False)
        return {"loss_d": loss_d, "loss_g": loss_g, **report}

    def losses_of(self, on_real: Tensor, on_fake: Tensor) -> tuple[Tensor, Tensor]:
        """Cross-entropy of 'real' for the real ones, less the smoothing, and of 'made' for the others."""
        goal = torch.full_like(on_real, 1.0 - self.settings.smoothing)
        loss_real = functional.binary_cross_entropy_with_logits(on_real, goal)
        return loss_real, functional.softplus(on_fake).mean()

    def _generator_loss(self, real: Tensor) -> Tensor:
        return functional.softplus(-self._verdict(self._fakes(real))).mean()

    def _fakes(self, real: Tensor) -> Tensor:
        latents = torch.randn(real.shape[0], self.settings.latent_size, device=real.device)
        made: Tensor = self.generator(latents)
        return made.float()

    def _verdict(self, x: Tensor) -> Tensor:
        """The discriminator's logits on images that were augmented if the preset says so."""
        augment = self.settings.augment
        if augment is not None:
            x = augment(x, augment.draw(x.shape[0], x.shape[-1], x.device))
        verdict: Tensor = self.networks["discriminator"](x)
        return verdict.float()
