"""How light the skin on palms is, counted in fifths of the real ones.

Not by labels: what 11K Hands says of a person's skin does not show on the palm. Palms of people called dark, medium
and fair are equally light in its photographs (medians of 77, 77 and 76 of 100).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[np.uint8]
FIFTHS = 5
# Between these parts of its sides every picture of an upright palm, or of its whole hand, shows skin.
ACROSS, DOWN = (0.4, 0.6), (0.55, 0.75)


def lightness(pictures: Pictures) -> NDArray[np.float64]:
    """The median CIE lightness, 0 to 100, of the middle of each palm; NHWC RGB."""
    side = pictures.shape[1]
    (left, right), (top, bottom) = ((round(part * side) for part in parts) for parts in (ACROSS, DOWN))
    middles = pictures[:, top:bottom, left:right].astype(np.float32) / 255
    return np.array([np.median(cv2.cvtColor(middle, cv2.COLOR_RGB2LAB)[..., 0]) for middle in middles])


def fifths(pictures: Pictures, real: Pictures) -> list[float]:
    """The share of pictures in each fifth of the real ones, from the darkest to the lightest."""
    borders = np.quantile(lightness(real), np.arange(1, FIFTHS) / FIFTHS)
    counts = np.bincount(np.digitize(lightness(pictures), borders), minlength=FIFTHS)
    return [float(count) / len(pictures) for count in counts]
