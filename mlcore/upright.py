"""How far a palm is turned, on all 360 degrees: round looks at it through the upright network."""

import math

import cv2
import numpy as np
import numpy.typing as npt
import torch

from mlcore.models.upright import SIDE, UprightNet

Pictures = npt.NDArray[np.uint8]  # N x H x W x 3, RGB
LOOK = 1.5  # side of a look in longer sides of the palm's box: the roots of the fingers tell where up is


def turned(
    picture: npt.NDArray[np.uint8], degrees: float, zoom: float = 1.0, shift: tuple[float, float] = (0.0, 0.0)
) -> npt.NDArray[np.uint8]:
    """A square picture turned clockwise about its middle (or a point beside it), at the network's side."""
    side = picture.shape[0]
    angle, scale = math.radians(degrees), SIDE / side * zoom
    linear = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    centre = np.array([side / 2, side / 2]) + np.array(shift) * side
    affine = np.column_stack([linear, np.array([SIDE / 2, SIDE / 2]) - linear @ centre])
    moved = cv2.warpAffine(
        picture, affine, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, dtype=np.uint8)


def as_input(looks: Pictures) -> torch.Tensor:
    """Looks -> the network's numbers, each without its mean, so that light matters less."""
    values = torch.from_numpy(looks).permute(0, 3, 1, 2).float().div(127.5)
    return values - values.mean(dim=(2, 3), keepdim=True)


def angle_of(network: UprightNet, pictures: Pictures) -> npt.NDArray[np.float64]:
    """Degrees (-180..180) by which square pictures are turned clockwise: four looks at each, a quarter apart."""
    sums = np.zeros(len(pictures), dtype=np.complex128)
    for quarter in range(4):
        looks = np.stack([turned(picture, 90.0 * quarter) for picture in pictures])
        with torch.inference_mode():
            said = network(as_input(looks)).double().numpy()
        sums += (said[:, 0] + 1j * said[:, 1]) * np.exp(-0.5j * np.pi * quarter)
    return np.asarray(np.degrees(np.angle(sums)), dtype=np.float64)
