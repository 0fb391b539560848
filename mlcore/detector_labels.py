"""Boxes of hands and palms: YOLO label files, and outlines that keep boxes tight when a photo is turned."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mlcore import images
from mlcore.data import DataError, natural_key

ROUNDING = 1e-3  # by which programs that write labels pass the edge of a photo
OUTLINE_POINTS = 32
OUTLINE_POWER = 2.6  # between an ellipse (2) and a rectangle: about the shape of a palm

Points = npt.NDArray[np.float64]  # N x 2


@dataclass(frozen=True)
class Box:
    """A box in parts of the photo's width and height."""

    name: int
    x: float  # centre
    y: float
    width: float
    height: float

    def corners(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Left, top, right, bottom in pixels."""
        return (
            (self.x - self.width / 2) * width,
            (self.y - self.height / 2) * height,
            (self.x + self.width / 2) * width,
            (self.y + self.height / 2) * height,
        )

    def outline(self) -> Points:
        """A superellipse inscribed in the box, in parts of the photo.

        The box around the turned outline stays tight where the box around a turned box grows by up to
        41 %; training on turned photos needs that.
        """
        turn = np.linspace(0, 2 * np.pi, OUTLINE_POINTS, endpoint=False)
        across = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** (2 / OUTLINE_POWER)
        down = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** (2 / OUTLINE_POWER)
        return np.stack([self.x + across * self.width / 2, self.y + down * self.height / 2], axis=1)


def read_labels(path: Path, names: int) -> list[Box]:
    """Read a YOLO label file; a missing or empty one means a photo without any."""
    if not path.exists():
        return []
    boxes = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            name, *numbers = line.split()
            box = Box(int(name), *(float(part) for part in numbers))
        except (ValueError, TypeError):
            raise DataError(
                f"{path}, line {number}: expected `class x y width height`, found {line!r}."
            ) from None
        # A number that is none (nan) compares with nothing, so it is refused too.
        if not all(-ROUNDING <= part <= 1 + ROUNDING for part in (box.x, box.y, box.width, box.height)):
            raise DataError(
                f"{path}, line {number}: {line!r} is not in parts of the photo, from 0 to 1. Divide x and width by the "
                "photo's width, y and height by its height."
            )
        if not 0 <= box.name < names:
            raise DataError(
                f"{path}, line {number}: class {box.name}, but names are given for {names} (0 to {names - 1}). "
                "Name every class that the labels have."
            )
        boxes.append(box)
    return boxes


def write_outlines(path: Path, outlines: Sequence[tuple[int, Points]]) -> None:
    """Write outlines as a YOLO label file; ultralytics takes its boxes from them."""
    lines = [f"{name} " + " ".join(f"{value:.5f}" for value in points.ravel()) for name, points in outlines]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def photos_of(folder: Path) -> list[Path]:
    """The photos of a folder in natural order of their names."""
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder.")
    found = (path for path in folder.iterdir() if path.suffix.lower() in images.SUFFIXES)
    paths = sorted(found, key=lambda path: natural_key(path.name))
    if not paths:
        raise DataError(f"{folder} has no photos ({', '.join(images.SUFFIXES)}).")
    return paths
