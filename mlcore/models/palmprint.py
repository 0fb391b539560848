"""Says whose palm it is: a grey picture to a unit vector, near for pictures of one palm and far for two palms.

Directions of dark lines by Gabor filters of two sizes that compete at each place (Kong and Zhang 2004,
Competitive coding scheme for palmprint verification), gathered over cells, then one learned linear map.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

SIDE = 128
FILTER = 13
AROUND = 25  # side of the square whose light is evened out
CELL, STEP = 8, 4  # cells overlap by half, in pixels of the half-size map


class PalmprintNet(nn.Module):
    """N x 1 x 128 x 128 in [-1, 1] -> N x dim, of length one."""

    def __init__(self, orientations: int = 8, wavelength: float = 6.0, dim: int = 128) -> None:
        super().__init__()
        self.bank: Tensor
        self.register_buffer("bank", gabor_bank(orientations, wavelength), persistent=False)
        cells = (SIDE // 2 + CELL // 2 - CELL) // STEP + 1
        self.project = nn.Linear(2 * orientations * cells**2, dim)

    def lines(self, pictures: Tensor) -> Tensor:
        """How much of a line runs in each direction in each cell: N x features, before anything is learned."""
        even = _evenly_lit(pictures)
        halves = functional.avg_pool2d(even, 2)
        margin = FILTER // 2
        found = []
        for picture, stride in ((even, 2), (halves, 1)):
            padded = functional.pad(picture, [margin] * 4, mode="reflect")
            strength = functional.relu(functional.conv2d(padded, self.bank, stride=stride))
            # Only directions that say more than the others count.
            winning = functional.relu(strength - strength.mean(dim=1, keepdim=True))
            padded = functional.pad(winning, [CELL // 4] * 4, mode="reflect")
            found.append(functional.avg_pool2d(padded, CELL, STEP).add(1e-6).sqrt().flatten(1))
        return torch.cat(found, dim=1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Unit vectors; their inner product says how much two palms agree."""
        return functional.normalize(self.project(self.lines(pictures)), dim=1)


def gabor_bank(orientations: int, wavelength: float) -> Tensor:
    """Filters that answer to dark lines: orientations x 1 x 13 x 13, of mean zero and absolute sum one."""
    place = torch.arange(FILTER, dtype=torch.float64) - FILTER // 2
    y, x = torch.meshgrid(place, place, indexing="ij")
    width = 0.37 * wavelength
    filters = []
    for number in range(orientations):
        angle = math.pi * number / orientations
        across = x * math.cos(angle) + y * math.sin(angle)
        along = y * math.cos(angle) - x * math.sin(angle)
        envelope = torch.exp(-(across**2 + (along / 2) ** 2) / (2 * width**2))
        wave = envelope * torch.cos(2 * math.pi * across / wavelength)
        wave = wave - wave.mean()
        filters.append(-wave / wave.abs().sum())
    return torch.stack(filters)[:, None].float()


def _evenly_lit(pictures: Tensor) -> Tensor:
    """Each place against the mean and spread around it, so that light and skin matter less than lines."""

    def around(values: Tensor) -> Tensor:
        padded = functional.pad(values, [AROUND // 2] * 4, mode="reflect")
        # A mean of means along rows and columns: the same square, a tenth of the work.
        return functional.avg_pool2d(functional.avg_pool2d(padded, (AROUND, 1), 1), (1, AROUND), 1)

    centred = pictures - around(pictures)
    return centred / (around(centred**2).sqrt() + 0.04)
