"""Photographs one palm again: another pose, a little other shape of the soft hand, other light, another sensor.

What a camera would change changes; lines and skin stay. Pixels in, pixels out; knows no people and no networks.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.images import Pixels

CELLS = 4  # the soft deformation is given at 5 x 5 points and smooth between them


@dataclass(frozen=True, slots=True)
class Camera:
    """Standard deviations of what changes between two photographs; lengths are in sides of the picture."""

    turn: float = 4.0  # degrees
    zoom: float = 0.03
    shift: float = 0.015
    tilt: float = 0.02  # of perspective: how far a corner moves
    soft: float = 0.006  # a hand is opened a little more or less
    exposure: float = 0.13  # in powers of e
    gamma: float = 0.1
    tint: float = 0.025  # of red and blue against green
    shade: float = 0.12  # brightness from one side to the other
    blur: float = 0.0025
    noise: float = 1.5  # of 255


ORDINARY = Camera()


def photograph(
    picture: Pixels, stream: np.random.RandomState, strength: float = 1.0, camera: Camera = ORDINARY
) -> Pixels:
    """Another photograph of the palm in `picture` (H x W x 3, RGB); all randomness comes from `stream`."""
    height, width = picture.shape[:2]
    rows, columns = _where(stream, height, width, strength, camera)
    moved = cv2.remap(
        picture.astype(np.float32), columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
    lit = _light(np.clip(np.asarray(moved, np.float32) / 255, 0, 1), stream, strength, camera)
    sigma = abs(float(stream.normal(0, camera.blur * strength))) * max(height, width)
    if sigma > 0.2:  # less changes nothing that eight bits can say
        lit = np.asarray(cv2.GaussianBlur(lit, (0, 0), sigma))
    grain = stream.normal(0, 1, picture.shape) * abs(float(stream.normal(0, camera.noise * strength)))
    return np.asarray(np.clip(np.rint(lit * 255 + grain), 0, 255), np.uint8)


def _where(
    stream: np.random.RandomState, height: int, width: int, strength: float, camera: Camera
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For each pixel of the new picture the place in the old one: rows and columns, both (H, W)."""

    def some(spread: float, *shape: int) -> NDArray[np.float64]:
        """Normal numbers without the rare far ones, which no camera makes."""
        return np.asarray(np.clip(stream.normal(0, 1, shape), -2, 2) * spread * strength)

    angle, zoom = np.radians(some(camera.turn)), np.exp(some(camera.zoom))
    shift, tilt = some(camera.shift, 2), some(camera.tilt, 2)
    soft = some(camera.soft, CELLS + 1, CELLS + 1, 2).astype(np.float32)
    # Coordinates from -0.5 to 0.5, the middle of the palm at 0.
    y, x = np.meshgrid(
        (np.arange(height) + 0.5) / height - 0.5, (np.arange(width) + 0.5) / width - 0.5, indexing="ij"
    )
    depth = 1 + 2 * (tilt[0] * x + tilt[1] * y)
    x, y = x / depth, y / depth
    cosine, sine = zoom * np.cos(angle), zoom * np.sin(angle)
    bend = np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC), np.float64)
    new_x = cosine * x - sine * y + shift[0] + bend[..., 0]
    new_y = sine * x + cosine * y + shift[1] + bend[..., 1]
    rows = ((new_y + 0.5) * height - 0.5).astype(np.float32)
    return rows, ((new_x + 0.5) * width - 0.5).astype(np.float32)


def _light(
    picture: NDArray[np.float32], stream: np.random.RandomState, strength: float, camera: Camera
) -> NDArray[np.float32]:
    """Exposure, tone curve, warm or cold light, and a lamp on one side; values 0..1 in and out."""
    height, width = picture.shape[:2]
    exposure, gamma, red, blue, shade = np.clip(stream.normal(0, 1, 5), -2, 2) * strength
    towards = stream.uniform(0, 2 * np.pi)
    y, x = np.meshgrid(np.linspace(-0.5, 0.5, height), np.linspace(-0.5, 0.5, width), indexing="ij")
    lamp = 1 + camera.shade * shade * (np.cos(towards) * x + np.sin(towards) * y)
    tint = np.array([1 + camera.tint * red, 1.0, 1 + camera.tint * blue])
    curve = np.power(picture.astype(np.float64), np.exp(camera.gamma * gamma))
    lit = curve * np.exp(camera.exposure * exposure) * lamp[..., None] * tint
    # Highlights roll off as in a camera: below 0.8 nothing is bent, above it approaches 1.
    rolled = np.where(lit > 0.8, 1 - 0.2 * np.exp(-(lit - 0.8) / 0.2), lit)
    return np.asarray(rolled, np.float32)
