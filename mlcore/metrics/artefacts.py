"""What spoils made pictures at a glance, in numbers beside real ones: lattices, frames, casts, blur."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[np.uint8]
NEAR = 4  # frequencies (and pixels) that count as neighbours
LATTICES = (2, 4, 8)  # periods, in pixels, that upsampling layers leave


@dataclass(frozen=True)
class Artefacts:
    """Each is 1 when the made pictures are as the real ones, but for `cast`.

    `lattice`: power at the frequencies of periods 2, 4 and 8 over that beside them, as a multiple of the real one's.
    `frame`: change from the outermost pixels inwards, as a multiple. `sharpness`: variance of the Laplacian, likewise.
    `cast`: by how many of 255 levels the mean red, green and blue are off.
    """

    lattice: float
    frame: float
    sharpness: float
    cast: tuple[float, float, float]


def artefacts(made: Pictures, real: Pictures) -> Artefacts:
    """Compare NHWC uint8 pictures of one size."""
    red, green, blue = (made.mean(axis=(0, 1, 2)) - real.mean(axis=(0, 1, 2))).tolist()
    return Artefacts(
        lattice=_lattice(made) / _lattice(real),
        frame=_frame(made) / _frame(real),
        sharpness=_sharpness(made) / _sharpness(real),
        cast=(red, green, blue),
    )


def _grey(pictures: Pictures) -> NDArray[np.float32]:
    return np.asarray(pictures.mean(axis=3, dtype=np.float32))


def _lattice(pictures: Pictures) -> float:
    side = pictures.shape[1]
    window = np.outer(np.hanning(side), np.hanning(side)).astype(np.float32)
    power = np.zeros((side, side), np.float64)
    for picture in _grey(pictures):
        power += np.abs(np.fft.fft2((picture - picture.mean()) * window)) ** 2
    return max(_peak(power, side // period) for period in LATTICES)


def _peak(power: NDArray[np.float64], place: int) -> float:
    """How far the power at this frequency, along and across, stands above its neighbours'."""
    found = []
    for y, x in ((0, place), (place, 0), (place, place)):
        rows, columns = (np.arange(at - NEAR, at + NEAR + 1) % len(power) for at in (y, x))
        around = power[np.ix_(rows, columns)]
        found.append(around[NEAR, NEAR] / np.median(around))
    return float(max(found))


def _frame(pictures: Pictures) -> float:
    grey = _grey(pictures)
    sides = [(grey[:, 0], grey[:, NEAR]), (grey[:, -1], grey[:, -1 - NEAR])]
    sides += [(grey[:, :, 0], grey[:, :, NEAR]), (grey[:, :, -1], grey[:, :, -1 - NEAR])]
    return float(np.mean([np.abs(outer - inner).mean() for outer, inner in sides]))


def _sharpness(pictures: Pictures) -> float:
    return float(np.median([cv2.Laplacian(picture, cv2.CV_32F).var() for picture in _grey(pictures)]))
