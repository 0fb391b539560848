"""Says how far a palm is turned: a small network on a round cut of the palm, for all 360 degrees."""

from itertools import pairwise

import torch
from torch import nn

SIDE = 96


class UprightNet(nn.Module):
    """N x 3 x 96 x 96 in [-1, 1] -> N x 2, the cosine and sine of the turn (the length is trust)."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        widths = [3, width, width * 2, width * 4, width * 6, width * 8]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [
                nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(inplace=True),
                nn.Conv2d(after, after, 3, padding=1, groups=width, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(inplace=True),
            ]
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(widths[-1] * 9, 2))
        round_ = torch.linspace(-1, 1, SIDE)
        inside = (round_[:, None] ** 2 + round_[None] ** 2) <= 1
        self.inside: torch.Tensor
        self.register_buffer("inside", inside.float()[None, None], persistent=False)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Corners are blanked: they differ between a turned palm and a turned picture of a palm."""
        turned: torch.Tensor = self.head(self.features(pictures * self.inside))
        return turned
