"""How much of a lattice made pictures show beyond real ones, as a loss: heads on features hardly mind single pixels."""

import torch
from torch import Tensor
from torch.nn import functional

PERIOD = 8  # pixels: what upsampling leaves repeats after 2, 4 or 8
WINDOW = 32  # pixels a side: a lattice may change its sign from skin to background
MARGIN = 0.4  # in nats of power: one batch differs as much from another


def lattice_power(pictures: Tensor) -> Tensor:
    """Mean power of (N, C, S, S) in their windows at the frequencies that repeat after eight pixels, (8, 8)."""
    side = min(WINDOW, pictures.shape[-1])
    windows = pictures.float().unfold(2, side, side).unfold(3, side, side)
    shape = (*windows.shape[:4], side // PERIOD, PERIOD, side // PERIOD, PERIOD)
    tiles = windows.reshape(shape).mean(dim=(4, 6))
    power: Tensor = torch.fft.fft2(tiles).abs().square().mean(dim=(0, 1, 2, 3))
    return power


def lattice_beyond(fakes: Tensor, real_power: Tensor) -> Tensor:
    """By how many nats, on average over the frequencies, made pictures have more power than real ones."""
    least = torch.finfo(torch.float32).tiny
    more = torch.log(lattice_power(fakes) + least) - torch.log(real_power + least) - MARGIN
    return functional.relu(more.flatten()[1:]).mean()  # the first is how light a picture is
