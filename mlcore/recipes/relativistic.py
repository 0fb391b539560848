"""Relativistic pairing GAN with both zero-centred gradient penalties, the loss of R3GAN (Huang et al. 2024,
arXiv:2501.05441): real and generated images are judged against each other, which keeps modes alive.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from mlcore.recipes.base import Losses, frozen, require
from mlcore.recipes.dcgan import Dcgan, DcganSettings


@dataclass(frozen=True, kw_only=True)
class RelativisticSettings(DcganSettings):
    """DCGAN's, and how much and how often the penalties count."""

    gamma: float = 2.0
    penalty_every: int = 8

    def __post_init__(self) -> None:
        """Refuse a turn of the penalties that never comes."""
        require(self, "penalty_every", 1)


class Relativistic(Dcgan):
    """DCGAN's networks under the relativistic loss: L = f(D(fake) - D(real)), f = softplus (equation 2)."""

    name = "relativistic"
    settings: RelativisticSettings

    def __init__(self, settings: RelativisticSettings) -> None:
        super().__init__(settings)
        # Part of the networks' state, so that a resumed run penalises at the same steps.
        self.networks["clock"] = Clock()

    def step(self, batches: list[Tensor]) -> Losses:
        """Discriminator with the penalties of its turn, then the generator."""
        report: Losses = {"loss_real": 0.0, "loss_fake": 0.0}
        is_penalised = self.networks["clock"]() % self.settings.penalty_every == 0

        def discriminator_loss(real: Tensor) -> Tensor:
            with torch.no_grad():
                fake = self._fakes(real)
            on_real, on_fake = self._verdict(real), self._verdict(fake)
            loss = functional.softplus(on_fake - on_real).mean()
            report["loss_real"] += functional.softplus(-on_real).mean().item() / len(batches)
            report["loss_fake"] += functional.softplus(on_fake).mean().item() / len(batches)
            if is_penalised:
                # Lazy: counted less often, so that much more (StyleGAN2, appendix B).
                penalty = slope(self._verdict, real) + slope(self._verdict, fake)
                loss = loss + self.settings.gamma / 2 * self.settings.penalty_every * penalty
            return loss

        loss_d = self.learn("discriminator", [partial(discriminator_loss, real) for real in batches])
        frozen(self.networks["discriminator"])
        loss_g = self.learn("generator", [partial(self._pair_loss, real) for real in batches])
        frozen(self.networks["discriminator"], False)
        return {"loss_d": loss_d, "loss_g": loss_g, **report}

    def _pair_loss(self, real: Tensor) -> Tensor:
        with torch.no_grad():
            on_real = self._verdict(real)
        return functional.softplus(on_real - self._verdict(self._fakes(real))).mean()


class Clock(nn.Module):
    """Counts its calls and is saved with the networks."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("turns", torch.zeros((), dtype=torch.int64))
        self.turns: Tensor

    def forward(self) -> int:
        """How often it was asked before."""
        before = int(self.turns)
        self.turns += 1
        return before


def slope(verdict: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Mean squared norm of the verdict's gradient at these images: R1 on real ones, R2 on generated ones."""
    x = x.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(verdict(x).sum(), x, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean()
