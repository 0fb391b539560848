"""Which drawn latent already makes the picture most like a real one: no kind of palm in the data is left out.

Implicit maximum likelihood (Li and Malik 2018, arXiv:1809.09087) moves the nearest of many draws towards each real
picture. There a few draws may serve for all pictures of a kind, and are all that is ever made of it. Here each draw
serves once: what is drawn too often waits until it must serve for what is drawn too seldom, and the shares become the
data's. Draws are kept with their looks from earlier steps, so that searching them makes no picture more.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

SIDE = 16  # pixels: shape, pose, tone and background, and no lines
BLOCK = 16


class NearestDraws(nn.Module):
    """Latents that wait to serve, and how their pictures looked when they were drawn."""

    def __init__(self, count: int, latent_size: int) -> None:
        super().__init__()
        self.register_buffer("latents", torch.zeros(count, latent_size))
        self.register_buffer("looks", torch.zeros(count, 3 * SIDE * SIDE))
        self.register_buffer("is_waiting", torch.zeros(count, dtype=torch.bool))
        self.latents: Tensor
        self.looks: Tensor
        self.is_waiting: Tensor

    def fill(self, make: Callable[[Tensor], Tensor]) -> None:
        """Draw until all places are taken."""
        while not bool(self.is_waiting.all()):
            latents = torch.randn(BLOCK, self.latents.shape[1], device=self.latents.device)
            self.add(latents, make(latents))

    def add(self, latents: Tensor, pictures: Tensor) -> None:
        """Let these wait too, as far as there is room."""
        places = torch.nonzero(~self.is_waiting).flatten()[: len(latents)]
        self.latents[places] = latents[: len(places)]
        self.looks[places] = _look(pictures[: len(places)])
        self.is_waiting[places] = True

    def take_nearest(self, real: Tensor) -> Tensor:
        """For each of these the latent whose picture looked most like it; they wait no longer."""
        away = torch.cdist(_look(real), self.looks)
        away[:, ~self.is_waiting] = torch.inf
        chosen = []
        for row in away:
            place = row.argmin()
            away[:, place] = torch.inf
            chosen.append(place)
        places = torch.stack(chosen)
        self.is_waiting[places] = False
        return self.latents[places].clone()


def _look(pictures: Tensor) -> Tensor:
    return functional.interpolate(pictures, size=(SIDE, SIDE), mode="area").flatten(1)
