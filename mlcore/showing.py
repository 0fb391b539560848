"""Pictures for people to look at: mosaics of samples, previews, and where in an image a classifier looked.

The last is the class-activation map of Zhou et al. 2016 (Learning Deep Features for Discriminative
Localization, eq. 2).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from mlcore import images
from mlcore.backbone import Backbone
from mlcore.errors import ImageError

# For and against differ in hue and in lightness, so that a colour-blind person tells them apart.
FOR, AGAINST = np.array([58, 110, 200]), np.array([235, 140, 40])
STRONGEST = 0.65
Map = NDArray[np.float64]


class Lines(Protocol):
    """What is wanted of a fitted model: a line per class on standardised features."""

    @property
    def classes(self) -> list[str]:
        """The labels."""

    @property
    def weights(self) -> NDArray[np.float32]:
        """(classes, features)."""

    @property
    def mean(self) -> NDArray[np.float32]:
        """(features,)."""

    @property
    def deviation(self) -> NDArray[np.float32]:
        """(features,)."""


def mosaic(paths: Sequence[Path], columns: int = 8, size: int = 96) -> bytes:
    """A PNG of the pictures side by side, each a square of `size`; what cannot be read is left out."""
    squares = []
    for path in paths:
        try:
            squares.append(images.resize(images.decode(path.read_bytes()), size))
        except ImageError:
            continue
    if not squares:
        squares = [np.full((size, size, 3), 255, np.uint8)]
    return images.encode_png(images.grid(np.stack(squares), min(columns, len(squares))))


def preview(picture: images.Pixels, longest: int = 512) -> images.Pixels:
    """The picture, made smaller where it is large; nothing of the file it came in is left."""
    height, width = picture.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def activation_map(
    model: Lines, network: Backbone, picture: images.Pixels, size: int, label: str
) -> Map | None:
    """What each place of the image, seen at `size`, adds to `label` against the others, between -1 and 1.

    None where the network has no map of its last features (H, W > 1) that are averaged into the vector.
    """
    found: list[torch.Tensor] = []
    features = model.weights.shape[1]

    def keep(_module: torch.nn.Module, _inputs: object, output: object) -> None:
        if (
            isinstance(output, torch.Tensor)
            and output.ndim == 4
            and output.shape[1] == features
            and output.shape[2] * output.shape[3] > 1
        ):
            found[:] = [output[0]]

    handles = [module.register_forward_hook(keep) for module in network.modules()]
    try:
        network.embed([picture], size)
    finally:
        for handle in handles:
            handle.remove()
    if not found:
        return None
    mine = model.classes.index(label)
    others = [place for place in range(len(model.classes)) if place != mine]
    # (F,): the line of this class against the mean of the others, on features that are not standardised.
    line = (model.weights[mine] - model.weights[others].mean(axis=0)) / model.deviation
    # (F, H, W) weighted and summed; the mean feature of the data counts as nothing to see.
    centred = found[0].double().numpy() - model.mean[:, None, None]
    raised = np.tensordot(line.astype(np.float64), centred, axes=1)
    strongest = np.abs(raised).max()
    return np.asarray(raised / strongest if strongest > 0 else raised, dtype=np.float64)


def overlay(picture: images.Pixels, places: Map) -> images.Pixels:
    """The picture in grey, blue where it speaks for the label and orange where it speaks against."""
    height, width = picture.shape[:2]
    spread = np.clip(cv2.resize(places, (width, height), interpolation=cv2.INTER_CUBIC), -1, 1)[..., None]
    grey = np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2).astype(np.float64)
    colour = np.where(spread > 0, FOR, AGAINST)
    share = np.abs(spread) * STRONGEST
    return np.asarray(np.rint(grey * (1 - share) + colour * share), dtype=np.uint8)
