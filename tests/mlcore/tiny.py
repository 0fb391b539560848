"""A feature network small enough for tests: fixed random filters, 8 px, 16 features."""

import numpy as np
import torch
from torch import nn

from mlcore.models.features import Extractor, Recipe, shrink

DIM = 16


def tiny_extractor(name="tiny", sha256="f" * 64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, DIM), nn.ReLU())
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / 4)

    def prepare(pictures, size):
        batch = np.stack([shrink(picture, size) for picture in pictures])
        return torch.from_numpy(batch).permute(0, 3, 1, 2).float() / 127.5 - 1

    return Extractor(name, Recipe(8, DIM, prepare, lambda state: network, None), network, sha256)


def pictures(count, size=8, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)
