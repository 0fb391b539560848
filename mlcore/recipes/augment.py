"""What is done to images while training: DiffAugment, which real and generated images share and gradients pass,
and the changes a preset makes to real photographs alone. All of it stands here and nowhere else.
"""

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn import functional

from mlcore.images import STANDARD, Normalisation


@dataclass(frozen=True)
class Draw:
    """One draw of DiffAugment for a batch, so that the very same change can be made to another batch."""

    brightness: Tensor  # (N, 1, 1, 1)
    saturation: Tensor
    contrast: Tensor
    down: Tensor  # (N,) whole pixels
    right: Tensor
    hole_top: Tensor  # (N,) upper left corner of the cut-out
    hole_left: Tensor

    def __getitem__(self, rows: slice) -> "Draw":
        """The draw of some of the images."""
        return Draw(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True)
class DiffAugment:
    """Differentiable augmentation (Zhao et al. 2020, arXiv:2006.10738): colour, translation, cut-out.

    `colour` scales the colour changes; `shift` and `cutout` are shares of the image's side, 0 for none.
    """

    colour: float = 1.0
    shift: float = 0.125
    cutout: float = 0.0

    def draw(self, count: int, size: int, device: torch.device | None = None) -> Draw:
        """One random draw for `count` images of side `size`."""

        def uniform() -> Tensor:
            return torch.rand(count, 1, 1, 1, device=device)

        def whole(low: int, high: int) -> Tensor:
            return torch.randint(low, high + 1, (count,), device=device)

        far, hole = round(self.shift * size), round(self.cutout * size)
        return Draw(
            brightness=(uniform() - 0.5) * self.colour * 0.5,
            saturation=1 + (uniform() * 2 - 1) * self.colour,
            contrast=1 + (uniform() - 0.5) * self.colour,
            down=whole(-far, far),
            right=whole(-far, far),
            hole_top=whole(-(hole // 2), size - hole // 2),
            hole_left=whole(-(hole // 2), size - hole // 2),
        )

    def __call__(self, images: Tensor, draw: Draw) -> Tensor:
        """Change (N, C, S, S) by this draw; what is shifted in repeats the edge.

        Grey, as in the paper, hides a grey line at the edge of generated images from who judges them.
        """
        x = images + draw.brightness
        mean = x.mean(dim=1, keepdim=True)
        x = (x - mean) * draw.saturation + mean
        mean = x.mean(dim=(1, 2, 3), keepdim=True)
        x = (x - mean) * draw.contrast + mean
        if self.shift:
            x = _shifted(x, draw.down, draw.right, round(self.shift * images.shape[-1]))
        if self.cutout:
            x = x * _hole_mask(x, draw.hole_top, draw.hole_left, round(self.cutout * images.shape[-1]))
        return x


def _shifted(x: Tensor, down: Tensor, right: Tensor, far: int) -> Tensor:
    size = x.shape[-1]
    padded = functional.pad(x, (far, far, far, far), mode="replicate")
    rows = [
        image[:, far - d : far - d + size, far - r : far - r + size]
        for image, d, r in zip(padded, down.tolist(), right.tolist(), strict=True)
    ]
    return torch.stack(rows)


def _hole_mask(x: Tensor, top: Tensor, left: Tensor, side: int) -> Tensor:
    place = torch.arange(x.shape[-1], device=x.device)
    in_rows = (place >= top[:, None]) & (place < top[:, None] + side)
    in_columns = (place >= left[:, None]) & (place < left[:, None] + side)
    return (~(in_rows[:, :, None] & in_columns[:, None, :])).to(x.dtype)[:, None]


@dataclass(frozen=True)
class PhotoAugment:
    """Changes to real photographs before anything sees them: what an honest second photo could have been.

    Rotation in degrees; shift as a share of the side; scale as (least, most); jitter of brightness, contrast,
    saturation and hue as strong as torchvision's ColorJitter means them, but the hue turns in YIQ, which keeps the
    luma; `mirror` is the chance of a flip.
    """

    rotation: float = 0.0
    shift: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    jitter: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    mirror: float = 0.0

    def __call__(self, images: Tensor, normalisation: Normalisation = STANDARD) -> Tensor:
        """Change (N, 3, S, S) in the network's range, each image by a draw of its own; edges are repeated."""
        x = images
        if self.rotation or self.shift or self.scale != (1.0, 1.0) or self.mirror:
            x = self._moved(x)
        if any(self.jitter):
            x = self._coloured(x, normalisation)
        return x

    def _moved(self, x: Tensor) -> Tensor:
        count = x.shape[0]

        def spread(low: float, high: float) -> Tensor:
            return torch.empty(count, device=x.device).uniform_(low, high)

        angle = spread(-self.rotation, self.rotation) * (math.pi / 180)
        scale = spread(*self.scale)
        flip = torch.where(spread(0, 1) < self.mirror, -1.0, 1.0)
        cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
        # affine_grid wants, for each output pixel, where to read: the inverse of what happens to the picture.
        matrix = torch.stack(
            [
                torch.stack([cos * flip, sin, 2 * spread(-self.shift, self.shift)], dim=1),
                torch.stack([-sin * flip, cos, 2 * spread(-self.shift, self.shift)], dim=1),
            ],
            dim=1,
        )
        grid = functional.affine_grid(matrix, list(x.shape), align_corners=False)
        return functional.grid_sample(x, grid, padding_mode="border", align_corners=False)

    def _coloured(self, x: Tensor, normalisation: Normalisation) -> Tensor:
        def factor(strength: float) -> Tensor:
            return torch.empty(x.shape[0], 1, 1, 1, device=x.device).uniform_(1 - strength, 1 + strength)

        brightness, contrast, saturation, hue = self.jitter
        low, span = normalisation.low, normalisation.high - normalisation.low
        level = (x - low) / span * factor(brightness)
        grey = _luma(level)
        level = (level - grey.mean(dim=(2, 3), keepdim=True)) * factor(contrast) + grey.mean(
            dim=(2, 3), keepdim=True
        )
        grey = _luma(level)
        level = (level - grey) * factor(saturation) + grey
        if hue:
            level = _hue_turned(level, (factor(hue) - 1) * 2 * math.pi)
        return level.clamp(0, 1) * span + low


def _luma(x: Tensor) -> Tensor:
    weights = x.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    return (x * weights).sum(dim=1, keepdim=True)


def _hue_turned(x: Tensor, angle: Tensor) -> Tensor:
    """Turn the two colour axes of YIQ by an angle: the hue changes, the luma stays."""
    to_yiq = x.new_tensor([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
    yiq = torch.einsum("ij,njhw->nihw", to_yiq, x)
    y, i, q = yiq[:, :1], yiq[:, 1:2], yiq[:, 2:]
    turned = torch.cat(
        [y, i * torch.cos(angle) - q * torch.sin(angle), i * torch.sin(angle) + q * torch.cos(angle)], 1
    )
    return torch.einsum("ij,njhw->nihw", torch.linalg.inv(to_yiq), turned)
