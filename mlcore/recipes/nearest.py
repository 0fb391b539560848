"""Which drawn latent already makes the picture most like a real one: no kind of palm in the data is left out.

Implicit maximum likelihood (Li and Malik 2018, arXiv:1809.09087) moves the nearest of many draws towards each real
picture. Here the draws of the last steps are kept with their looks, so that searching them makes no picture more.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

SIDE = 16  # pixels: shape, pose, tone and background, and no lines
BLOCK = 16


class NearestDraws(nn.Module):
    """The last latents drawn, and how their pictures looked when they were made."""

    def __init__(self, count: int, latent_size: int) -> None:
        super().__init__()
        self.register_buffer("latents", torch.zeros(count, latent_size))
        self.register_buffer("looks", torch.zeros(count, 3 * SIDE * SIDE))
        self.register_buffer("added", torch.zeros((), dtype=torch.int64))
        self.latents: Tensor
        self.looks: Tensor
        self.added: Tensor

    def fill(self, generator: Callable[[Tensor], Tensor]) -> None:
        """Draw until there are as many as are kept; later calls find them there and draw nothing."""
        while self.added < len(self.latents):
            latents = torch.randn(BLOCK, self.latents.shape[1], device=self.latents.device)
            self.add(latents, generator(latents).float())

    def add(self, latents: Tensor, pictures: Tensor) -> None:
        """Keep these in the place of the oldest."""
        places = (self.added + torch.arange(len(latents), device=latents.device)) % len(self.latents)
        self.latents[places] = latents
        self.looks[places] = _look(pictures)
        self.added += len(latents)

    def nearest(self, real: Tensor) -> Tensor:
        """The latent whose picture looked most like each of these; none is given twice."""
        away = torch.cdist(_look(real), self.looks)
        chosen = []
        for row in away:
            place = row.argmin()
            away[:, place] = torch.inf
            chosen.append(place)
        return self.latents[torch.stack(chosen)]


def _look(pictures: Tensor) -> Tensor:
    return functional.interpolate(pictures, size=(SIDE, SIDE), mode="area").flatten(1)
