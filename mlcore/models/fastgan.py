"""The flagship's generator: a light upsampling network (FastGAN, Liu et al. 2021, arXiv:2101.04775) that the
latent also steers at every scale, so that colour and light are free of the shape. Networks only.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

FIRST = 4  # side of the first feature map


class FastGanGenerator(nn.Module):
    """Latents (N, latent_size) to images (N, 3, S, S) in [-1, 1].

    `widths` are the channels at 4, 8, 16, ... pixels; their number says the image size. The last `smooth` levels
    interpolate between pixels: repeated ones are quick to learn lines with, but leave a lattice at the finest scales.
    """

    def __init__(
        self,
        image_size: int = 128,
        latent_size: int = 128,
        widths: list[int] | None = None,
        smooth: int = 0,
    ) -> None:
        super().__init__()
        widths = widths or [256, 256, 192, 128, 64, 32]
        if FIRST << (len(widths) - 1) != image_size:
            raise ValueError(f"{len(widths)} widths make {FIRST << (len(widths) - 1)} px, not {image_size}")
        self.image_size = image_size
        self.latent_size = latent_size
        self.first = nn.Linear(latent_size, 2 * widths[0] * FIRST * FIRST)
        self.first_norm = nn.BatchNorm2d(2 * widths[0])
        levels = len(widths) - 1
        self.ups = nn.ModuleList(
            Up(inputs, outputs, latent_size, is_smooth=level >= levels - smooth)
            for level, (inputs, outputs) in enumerate(pairwise(widths))
        )
        # Skip-layer excitation: a small map re-weights the channels of one sixteen times larger.
        self.excitations = nn.ModuleDict(
            {str(high): Excitation(widths[high - 4], widths[high]) for high in range(4, len(widths))}
        )
        self.to_rgb = nn.Conv2d(widths[-1], 3, 3, padding=1)

    def keep_last(self, levels: int) -> None:
        """Let its last levels and the way to colours learn no more: they stay, and normalise as they did."""
        first = len(self.ups) - levels + 1
        kept = [self.to_rgb, *list(self.ups)[first - 1 :]]
        kept += [part for level, part in self.excitations.items() if int(level) >= first]
        for part in kept:
            part.eval().requires_grad_(False)

    def forward(self, z: Tensor) -> Tensor:
        """(N, latent_size) -> (N, 3, S, S)."""
        return torch.tanh(self.to_rgb(self.maps(z)[-1]))

    def maps(self, z: Tensor) -> list[Tensor]:
        """The maps of all levels, from 4 pixels a side to S."""
        h = self.first(z).view(z.shape[0], -1, FIRST, FIRST)
        maps = [functional.glu(self.first_norm(h), dim=1)]
        for level, up in enumerate(self.ups, start=1):
            h = up(maps[-1], z)
            if str(level) in self.excitations:
                h = self.excitations[str(level)](maps[level - 4], h)
            maps.append(h)
        return maps


class Up(nn.Module):
    """Twice the side (repeated or interpolated), convolve, normalise, let the latent scale and shift, gate."""

    def __init__(self, inputs: int, outputs: int, latent_size: int, is_smooth: bool) -> None:
        super().__init__()
        self.mode = "bilinear" if is_smooth else "nearest"
        self.conv = nn.Conv2d(inputs, 2 * outputs, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(2 * outputs)
        self.steer = nn.Linear(latent_size, 4 * outputs)
        nn.init.normal_(self.steer.weight, std=0.02)
        nn.init.zeros_(self.steer.bias)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """(N, inputs, s, s) -> (N, outputs, 2s, 2s)."""
        h = self.norm(self.conv(functional.interpolate(x, scale_factor=2.0, mode=self.mode)))
        scale, shift = self.steer(z)[:, :, None, None].chunk(2, dim=1)
        return functional.glu(torch.addcmul(h + shift, h, scale), dim=1)


class Excitation(nn.Module):
    """Channels of the large map weighted by what the small map shows."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weigh = nn.Sequential(
            nn.AdaptiveAvgPool2d(4),
            nn.Conv2d(inputs, outputs, 4),
            nn.SiLU(),
            nn.Conv2d(outputs, outputs, 1),
            nn.Sigmoid(),
        )

    def forward(self, small: Tensor, large: Tensor) -> Tensor:
        """Weigh (N, outputs, S, S) by (N, inputs, s, s)."""
        weighed: Tensor = large * self.weigh(small)
        return weighed
