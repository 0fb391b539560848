"""Discriminators on frozen features (Projected GANs, Sauer et al. 2021, arXiv:2111.01007) and the encoder that
reads the same features. The features are EfficientNet-Lite0's and come with its package; only the heads learn.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from mlcore.models import features
from mlcore.models.efficientnet_lite import EfficientNetLite

# The last map of each stride 4, 8, 16 and 32, by index of its block, and its channels.
TAPS = {2: 24, 4: 40, 10: 112, 15: 320}
FINEST = {0: 16}  # stride 2: pores and lattices of single pixels
FINE_WIDTH = 32
LEAST_SIDE = (
    128  # smaller pictures are enlarged: the coarsest map must have the four pixels that a head ends at
)


@lru_cache(maxsize=1)
def _frozen() -> features.Extractor:
    """One for all that look through it: nobody changes it, and it takes half a second to read.

    It is read with its numbers where a network is only outlined too, and draws no random numbers that others would
    have drawn: a run begins with the same weights whether it is the first of its process or not.
    """
    with torch.device("cpu"), torch.random.fork_rng(devices=[]):
        return features.load("efficientnet-lite0")


class FrozenFeatures(nn.Module):
    """Images in [-1, 1] to feature maps of a network that never learns."""

    def __init__(self, taps: dict[int, int]) -> None:
        super().__init__()
        self.taps = taps
        extractor = _frozen()
        self.sha256 = extractor.sha256
        self.network = cast(EfficientNetLite, extractor.network)

    def train(self, mode: bool = True) -> "FrozenFeatures":
        """Stay in eval mode: its statistics are ImageNet's for good."""
        super().train(False)
        return self

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, 3, S, S) -> the maps at the taps, fine to coarse."""
        if x.shape[-1] < LEAST_SIDE:
            x = functional.interpolate(x, size=(LEAST_SIDE, LEAST_SIDE), mode="bilinear")
        h = self.network.stem(x)
        maps = []
        for index, block in enumerate(self.network.blocks):
            h = block(h)
            if index in self.taps:
                maps.append(h)
        return maps


class Mixing(nn.Module):
    """Fixed random mixing across channels, then from coarse to fine across scales (section 3.2 of the paper)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.across_channels = nn.ModuleList(nn.Conv2d(inputs, channels, 1) for inputs in TAPS.values())
        self.across_scales = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in TAPS)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.kaiming_normal_(parameter)
        self.requires_grad_(False)

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Maps, fine to coarse -> mixed maps of the same sides."""
        mixed: list[Tensor] = []
        h: Tensor | None = None
        for level in reversed(range(len(maps))):
            here = self.across_channels[level](maps[level])
            if h is not None:
                here = here + functional.interpolate(h, size=here.shape[-2:], mode="bilinear")
            h = cast(Tensor, self.across_scales[level](here))
            mixed.append(h)
        return mixed[::-1]


def head(channels: int, width: int, halvings: int, spectral: bool = True) -> nn.Sequential:
    """A small patch discriminator that ends at four pixels a side, then one number."""
    normalised: Callable[[nn.Conv2d], nn.Module] = spectral_norm if spectral else nn.Identity()
    layers: list[nn.Module] = []
    for _ in range(halvings):
        layers += [normalised(nn.Conv2d(channels, width, 4, 2, 1)), nn.LeakyReLU(0.2)]
        channels = width
    return nn.Sequential(
        *layers,
        normalised(nn.Conv2d(channels, width, 3, 1, 1)),
        nn.LeakyReLU(0.2),
        normalised(nn.Conv2d(width, 1, 4)),
    )


class ProjectedDiscriminator(nn.Module):
    """Images (N, 3, S, S) in [-1, 1] -> (N, K) verdicts of its heads, larger = more real.

    A `fine` one has one head more, that looks at single pixels through a map that is not mixed: that would cost as
    much there as all the rest. Heads that are not `spectral` have no normalisation: a penalty keeps their slope.
    """

    not_stored = ("features.",)  # they come with their package; the file stays small

    def __init__(
        self,
        image_size: int = 128,
        channels: int = 64,
        width: int = 128,
        fine: bool = False,
        spectral: bool = True,
    ) -> None:
        super().__init__()
        self.image_size = image_size
        self.features = FrozenFeatures(FINEST | TAPS if fine else TAPS)
        self.mixing = Mixing(channels)
        halvings = range(len(TAPS))
        self.heads = nn.ModuleList(head(channels, width, count, spectral) for count in reversed(halvings))
        if fine:
            (finest,) = FINEST.values()
            self.heads.append(head(finest, FINE_WIDTH, len(TAPS), spectral))

    def forward(self, x: Tensor) -> Tensor:
        """The heads' verdicts on images."""
        return self.judge(self.features(x))

    def judge(self, maps: list[Tensor]) -> Tensor:
        """The heads' verdicts on feature maps that were already computed."""
        return self.verdicts(self.seen(maps))

    def seen(self, maps: list[Tensor]) -> list[Tensor]:
        """What each head is shown of feature maps."""
        finest, others = maps[: -len(TAPS)], maps[-len(TAPS) :]
        return [*self.mixing(others), *finest]

    def verdicts(self, seen: list[Tensor]) -> Tensor:
        """The heads' verdicts on what each is shown."""
        verdicts = [head(h).flatten(1) for head, h in zip(self.heads, seen, strict=True)]
        return torch.cat(verdicts, dim=1).float()


class FeatureEncoder(nn.Module):
    """Frozen feature maps of an image to the mean and log-variance of its latent."""

    def __init__(self, latent_size: int, width: int = 128) -> None:
        super().__init__()
        _, middle, coarse, coarsest = TAPS.values()
        self.middle = nn.Sequential(nn.Conv2d(middle, width // 2, 4, 4), nn.SiLU())
        self.coarse = nn.Sequential(nn.Conv2d(coarse, width, 4, 2, 1), nn.SiLU())
        self.join = nn.Sequential(nn.Conv2d(coarsest + width + width // 2, width, 1), nn.SiLU())
        self.out = nn.LazyLinear(2 * latent_size)

    def forward(self, maps: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Maps, fine to coarse -> mean (N, L) and log-variance (N, L)."""
        *_, middle, coarse, coarsest = maps
        h = torch.cat([coarsest, self.coarse(coarse), self.middle(middle)], dim=1)
        mean, log_variance = self.out(self.join(h).flatten(1)).float().chunk(2, dim=1)
        return mean, log_variance.clamp(-8, 4)


class Whitening(nn.Module):
    """Makes the latents that an encoder reads as a whole like those that are drawn: mean zero, uncorrelated, size one.

    Without it the encoder settles in a corner of the space: what is drawn from elsewhere is worse than what it read,
    and whole kinds of palm are never drawn.
    """

    memory = 0.998  # of the running moments at each batch: some thousands of latents
    least = 1e-3

    def __init__(self, latent_size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(latent_size))
        self.register_buffer("covariance", torch.eye(latent_size))
        self.mean: Tensor
        self.covariance: Tensor

    def forward(self, z: Tensor) -> Tensor:
        """(N, L) -> (N, L)."""
        if self.training:
            with torch.no_grad():
                self.mean.lerp_(z.mean(dim=0), 1 - self.memory)
                away = z - self.mean
                self.covariance.lerp_(away.T @ away / len(z), 1 - self.memory)
        floor = self.least * torch.eye(len(self.mean), device=z.device)
        factor = torch.linalg.cholesky(self.covariance + floor)
        white: Tensor = torch.linalg.solve_triangular(factor, (z - self.mean).T, upper=False).T
        return white
