"""A palm or a hand cut out of a photo. The words that the cutters and the preparation share."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlcore import images

Picture = npt.NDArray[np.uint8]  # H x W x 3, RGB
Point = tuple[float, float]
# What is cut, with the margin around its box in parts of it: as the pictures lie that the shipped models learned from.
MARGINS = {"palm": 0.2, "hand": 0.025}
SUBJECTS = tuple(MARGINS)


@dataclass(frozen=True)
class Cut:
    """Its pixels, and where it was."""

    picture: Picture
    native_side: int  # of the square in the photo's pixels
    corners: tuple[Point, ...]  # of the square in the photo, from its top left clockwise
    confidence: float
    angle: float = 0.0  # degrees by which it was turned clockwise in the photo


def whole(photo: Picture, size: int) -> Cut:
    """The largest square in the middle of a photo, taken as cut."""
    height, width = photo.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    picture = images.resize(np.ascontiguousarray(photo[top : top + side, left : left + side]), size)
    corners = ((left, top), (left + side, top), (left + side, top + side), (left, top + side))
    return Cut(picture, side, tuple((float(x), float(y)) for x, y in corners), confidence=0.0)
