"""Statistics of batch normalisation that belong to averaged weights.

Those that training keeps are of the weights of the moment, whose maps vary more than the average's: with them every
map would be shrunk a little, and pictures lose their sharpness. They are measured again with the average itself, as
for any average of weights (Izmailov et al. 2018, arXiv:1803.05407, section 3.2).
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

COUNT = 1024  # pictures, from which a map's mean is known to 3 % of its spread
BATCH = 32
SEED = 0


def settle(network: nn.Module, draw: Callable[[Tensor], Tensor], latent_shape: tuple[int, ...]) -> None:
    """Measure the statistics of a network's normalisations while `draw` makes pictures with it from latents.

    The same weights get the same statistics. A network without such normalisations is left alone, and draws nothing.
    """
    norms = [
        part for part in network.modules() if isinstance(part, _BatchNorm) and part.running_mean is not None
    ]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all batches
        norm.train()
    latents = torch.randn(COUNT, *latent_shape, generator=torch.Generator().manual_seed(SEED))
    with torch.no_grad():
        for start in range(0, COUNT, BATCH):
            draw(latents[start : start + BATCH])
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()
