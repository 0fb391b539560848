"""Frozen features for the classifier, by a network that never learns here.

ResNet18 where the file of its weights is given, otherwise EfficientNet-Lite0, whose weights come with a
package.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mlcore import images
from mlcore.errors import NOT_WEIGHTS, ClassifierError, NotTheseWeights
from mlcore.models import features
from mlcore.torchvision_cure import import_torchvision

RESNET18 = "resnet18"
BATCH = 16
KEY_VERSION = "classifier 1"  # another one when the way an image is prepared changes
Features = NDArray[np.float32]
# ImageNet's channel means and deviations, which torchvision's weights were trained with.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Backbone:
    """Images of any size -> feature vectors, at a chosen input size."""

    def __init__(
        self, name: str, sha256: str, network: nn.Module, scale: Callable[[torch.Tensor], torch.Tensor]
    ) -> None:
        self.name, self.sha256 = name, sha256
        self._network, self._scale = network, scale

    def key(self, size: int) -> str:
        """What a feature depends on beside the image."""
        return f"{KEY_VERSION}:{self.name}:{size}:{self.sha256}"

    def modules(self) -> list[nn.Module]:
        """The parts of the network, for looking inside while it computes."""
        return list(self._network.modules())

    @cached_property
    def width(self) -> int:
        """How many numbers the vector of an image has."""
        return int(self.embed([np.zeros((32, 32, 3), np.uint8)], 32).shape[1])

    @torch.inference_mode()
    def embed(self, pictures: Sequence[images.Pixels], size: int) -> Features:
        """(N, D) features; always computed 16 at a time, so that an image's do not depend on its neighbours."""
        batch = np.zeros((BATCH, size, size, 3), np.uint8)
        parts = []
        for at in range(0, len(pictures), BATCH):
            chunk = pictures[at : at + BATCH]
            batch[: len(chunk)] = np.stack([images.resize(picture, size) for picture in chunk])
            out: torch.Tensor = self._network(self._scale(images.from_uint8(batch)))
            parts.append(out[: len(chunk)].flatten(1).numpy().astype(np.float32))
        return np.concatenate(parts)


def load(weights: Path | None = None) -> Backbone:
    """ResNet18 from torchvision's file of weights, or EfficientNet-Lite0 without one."""
    if weights is None:
        extractor = features.load("efficientnet-lite0")
        return Backbone(extractor.name, extractor.sha256, extractor.network, lambda x: x)
    try:
        state = torch.load(weights, map_location="cpu", weights_only=True)
        import_torchvision()
        from torchvision.models import resnet18

        network = resnet18()
        network.load_state_dict(state)
    except FileNotFoundError as error:
        raise ClassifierError(f"There is no file {weights}.") from error
    except (*NOT_WEIGHTS, OSError) as error:
        raise NotTheseWeights(f"{weights} does not hold torchvision's ResNet18 weights.") from error
    network.fc = nn.Identity()
    mean, deviation = torch.tensor(MEAN).view(1, 3, 1, 1), torch.tensor(DEVIATION).view(1, 3, 1, 1)
    sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
    return Backbone(RESNET18, sha256, network.eval(), lambda x: ((x + 1) / 2 - mean) / deviation)
