"""Denoising diffusion: EDM (Karras et al. 2022, arXiv:2206.00364) and the older DDPM (Ho et al. 2020,
arXiv:2006.11239). One network, one loss; there is no discriminator.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from mlcore import sampling
from mlcore.models.unet import UNet
from mlcore.recipes.base import Losses, Recipe, learnable, require


@dataclass(frozen=True, kw_only=True)
class DiffusionSettings:
    """Everything a preset may say."""

    image_size: int = 128
    width: int = 64
    multipliers: list[int] = field(default_factory=lambda: [1, 2, 4, 8])
    patch: int = 1
    mode: Literal["edm", "ddpm"] = "edm"
    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.9, 0.99)
    # EDM: ln(sigma) of training is drawn from N(noise_mean, noise_spread), table 1.
    noise_mean: float = -1.2
    noise_spread: float = 1.2
    sigma_data: float = 0.5
    # EDM: what the network's output means. Few channels for large patches cannot carry the noise that 'mix' asks
    # of them, and leave it in the image as grain; an image they can carry (Li and He 2025, arXiv:2511.13720).
    objective: Literal["mix", "image"] = "mix"
    # EDM: noise below this is neither weighed higher nor sampled; with 'image' the last step takes it away at once.
    sigma_min: float = 0.002
    # DDPM: how many noise levels, and by which schedule.
    noise_steps: int = 1000
    schedule: Literal["linear", "cosine", "sigmoid"] = "sigmoid"
    sample_steps: int = 24
    precision: str = "float32"

    def __post_init__(self) -> None:
        """Refuse no pixels, and steps that the sampler would refuse at the first samples, hours later."""
        require(self, "image_size", 1)
        require(self, "sample_steps", 1, sampling.MAX_STEPS)


class MeanColour(nn.Module):
    """The mean colour of all images that it was shown: what sampling begins around."""

    total: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("total", torch.zeros(3, dtype=torch.float64))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def forward(self, images: Tensor) -> None:
        """Take (N, 3, S, S) into account."""
        self.total += images.double().mean(dim=(2, 3)).sum(dim=0)
        self.count += images.shape[0]

    def rounded(self) -> list[float]:
        """The mean of each channel, to four decimals; zeros before the first image."""
        return [round(value, 4) for value in (self.total / self.count.clamp(min=1)).tolist()]


class Diffusion(Recipe):
    """Learns to take noise away; the sampler that the header names does so step by step."""

    name = "diffusion"

    def __init__(self, settings: DiffusionSettings) -> None:
        self.settings = settings
        network = UNet(settings.image_size, settings.width, settings.multipliers, patch=settings.patch)
        super().__init__({"generator": network, "colour": MeanColour()}, settings.precision)
        self.sampler = "heun" if settings.mode == "edm" else "ddim"
        self._products = torch.tensor(
            sampling.alphas_cumprod(settings.schedule, settings.noise_steps), dtype=torch.float32
        )

    def make_optimisers(self) -> dict[str, Optimizer]:
        """Adam on the one network."""
        chosen = self.settings
        return {
            "generator": Adam(learnable(self.generator), chosen.learning_rate, chosen.betas, foreach=True)
        }

    def architectures(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """The U-Net as the registry knows it."""
        chosen = self.settings
        return {
            "generator": (
                "unet",
                {
                    "image_size": chosen.image_size,
                    "width": chosen.width,
                    "multipliers": chosen.multipliers,
                    "patch": chosen.patch,
                },
            )
        }

    def sampler_arguments(self) -> dict[str, Any]:
        """How the sampler must step, for it is part of what the network means."""
        chosen = self.settings
        if chosen.mode == "edm":
            return {
                "steps": chosen.sample_steps,
                "sigma_data": chosen.sigma_data,
                "sigma_min": chosen.sigma_min,
                "objective": chosen.objective,
                "mean": cast(MeanColour, self.networks["colour"]).rounded(),
            }
        return {
            "steps": chosen.sample_steps,
            "timesteps": chosen.noise_steps,
            "schedule": chosen.schedule,
            "objective": "noise",
        }

    def draw(self, generator: nn.Module, latents: Tensor) -> Tensor:
        """Images by the sampler, without fresh noise on the way."""
        return sampling.sample(
            generator, latents, lambda _: torch.randn_like(latents), self.sampler, self.sampler_arguments()
        )

    def step(self, batches: list[Tensor]) -> Losses:
        """One step on the mean squared error of all micro-batches."""
        for real in batches:
            self.networks["colour"](real)
        loss_of = self._edm_loss if self.settings.mode == "edm" else self._ddpm_loss
        loss = self.learn("generator", [partial(loss_of, real) for real in batches])
        return {"loss_g": loss}

    def _edm_loss(self, real: Tensor) -> Tensor:
        """Equation 8 with the noise levels of table 1."""
        spread = torch.randn(real.shape[0], device=real.device)
        sigma = torch.exp(self.settings.noise_mean + self.settings.noise_spread * spread)
        _, loss = self.denoised(real, sigma)
        return loss

    def denoised(self, real: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        """What the network makes of real images under this noise, and its squared error by table 1's weights."""
        chosen = self.settings
        noisy = real + torch.randn_like(real) * sigma.view(-1, 1, 1, 1)
        clean = sampling.edm_denoise(
            self.generator, noisy, sigma, chosen.sigma_data, chosen.objective
        ).float()
        weight = sampling.edm_weight(sigma.clamp(min=chosen.sigma_min), chosen.sigma_data).view(-1, 1, 1, 1)
        return clean, (weight * (clean - real) ** 2).mean()

    def _ddpm_loss(self, real: Tensor) -> Tensor:
        """Equation 14: how far the predicted noise is from the noise that was added."""
        chosen = self.settings
        times = torch.randint(0, chosen.noise_steps, (real.shape[0],), device=real.device)
        product = self._products.to(real.device)[times].view(-1, 1, 1, 1)
        noise = torch.randn_like(real)
        noisy = product.sqrt() * real + (1 - product).sqrt() * noise
        predicted: Tensor = self.generator(noisy, times.float()).float()
        return (predicted - noise).square().mean()
