"""The one cut of a palm, or of its whole hand: find it, turn its fingers up on all 360 degrees, cut a square around it.

It says that there is none rather than guess; who keeps such a photo all the same is for the caller to say.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from mlcore import checkpoint
from mlcore.cut import Cut, Picture, Point
from mlcore.detector import CONFIDENCE, Detection, Detector
from mlcore.errors import WrongKind
from mlcore.models.upright import UprightNet
from mlcore.upright import LOOK, angle_of

UPRIGHT_PATH = Path(__file__).parent / "zoo" / f"palm-upright{checkpoint.SUFFIX}"
PALM, HAND = "palm", "hand"  # classes of the detector
CANVAS = 3.0  # side of the turned photo that is looked at again: the whole hand fits
AGAIN_FROM = 8.0  # degrees from which the box of a turned palm is worth a second look
UP = 0.16  # how far the square's middle lies above the box's, in sides of the box: the fingers' roots are shown


@dataclass(frozen=True)
class Place:
    """A square in a photo: its middle, its side and its turn."""

    middle: Point
    side: float
    angle: float

    def affine(self, size: int) -> npt.NDArray[np.float64]:
        """From photo to cut."""
        turn, scale = math.radians(-self.angle), size / self.side
        linear = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        return np.column_stack([linear, np.full(2, size / 2) - linear @ np.array(self.middle)])

    def corners(self) -> tuple[Point, ...]:
        """In the photo, from the cut's top left clockwise."""
        return tuple(self.to_photo((x, y)) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)))

    def to_photo(self, point: Point) -> Point:
        """A point of the cut, in -1..1 from its middle, in the photo."""
        turn = math.radians(self.angle)
        x, y = point[0] * self.side / 2, point[1] * self.side / 2
        return (
            self.middle[0] + x * math.cos(turn) - y * math.sin(turn),
            self.middle[1] + x * math.sin(turn) + y * math.cos(turn),
        )


def take(photo: Picture, place: Place, size: int) -> Picture:
    """The square of a photo at a size; what lies outside the photo repeats its edge."""
    shrink = place.side / size
    if shrink > 2:  # warping samples single pixels: shrink by area first, or fine lines turn to noise
        step = 1 / math.floor(shrink)
        photo = np.asarray(
            cv2.resize(photo, None, fx=step, fy=step, interpolation=cv2.INTER_AREA), dtype=np.uint8
        )
        place = Place((place.middle[0] * step, place.middle[1] * step), place.side * step, place.angle)
    moved = cv2.warpAffine(
        photo, place.affine(size), (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, dtype=np.uint8)


class PalmCutter:
    """Cuts the surest palm of a photo."""

    def __init__(
        self, detector: Detector, upright: UprightNet | None, confidence: float = CONFIDENCE
    ) -> None:
        """Without `upright` palms stay as they are turned."""
        self.detector = detector
        self.upright = upright
        self.confidence = confidence

    @classmethod
    def load(
        cls, detector: Path | None = None, upright: Path | None = None, confidence: float = CONFIDENCE
    ) -> "PalmCutter":
        """Read both networks, from the ones that ship unless others are given."""
        found = checkpoint.load(upright or UPRIGHT_PATH)
        network = checkpoint.build(found)
        if not isinstance(network, UprightNet):
            raise WrongKind(
                f"{upright} is a {found.header.architecture}, not a network that turns palms upright."
            )
        return cls(Detector.load(detector), network, confidence)

    def cut(self, photo: Picture, size: int, margin: float) -> Cut | None:
        """It with a margin around its box (in parts of the box), or None where there is none."""
        palm = self.find(photo)
        if palm is None:
            return None
        place = self._framed(photo, self._upright(photo, _square(palm)))
        if place is None:
            return None
        place = Place(place.middle, place.side * (1 + margin), place.angle)
        picture = take(photo, place, size)
        return Cut(picture, round(place.side), place.corners(), palm.confidence, place.angle)

    def find(self, photo: Picture) -> Detection | None:
        """The surest palm of a photo."""
        palms = self._found(photo, PALM)
        return palms[0] if palms else None

    def _found(self, photo: Picture, name: str) -> list[Detection]:
        return [found for found in self.detector.detect(photo, self.confidence) if found.name == name]

    def _framed(self, _photo: Picture, palm: Place) -> Place | None:
        """What is cut, by the palm's upright box: with the fingers' roots."""
        return Place(palm.to_photo((0.0, -2 * UP)), palm.side, palm.angle)

    def _around(self, photo: Picture, palm: Place, name: str) -> Place | None:
        """The box of the palm, or of the hand it belongs to, as it is seen once the photo is turned."""
        canvas = Place(palm.middle, palm.side * CANVAS, palm.angle)
        side = 2 * self.detector.size
        there = [found for found in self._found(take(photo, canvas, side), name) if _holds(found, side / 2)]
        if not there:
            return None
        box = _square(there[0])
        middle = canvas.to_photo((box.middle[0] / side * 2 - 1, box.middle[1] / side * 2 - 1))
        return Place(middle, box.side / side * canvas.side, palm.angle)

    def _upright(self, photo: Picture, box: Place) -> Place:
        """The palm's upright square: its angle from the first box, its size from a second look at the turned photo."""
        if self.upright is None:
            return box
        angle = self._angle(photo, box)
        if abs(angle) < AGAIN_FROM:
            return Place(box.middle, box.side, angle)
        turned = Place(box.middle, box.side, angle)
        second = self._around(photo, turned, PALM)
        if second is None:
            return turned
        return Place(second.middle, second.side, angle + self._angle(photo, second))

    def _angle(self, photo: Picture, place: Place) -> float:
        """How far the palm in this square is still turned clockwise."""
        if self.upright is None:
            return 0.0
        look = take(photo, Place(place.middle, place.side * LOOK, place.angle), 128)
        return float(angle_of(self.upright, look[None])[0])


class HandCutter(PalmCutter):
    """Cuts the whole hand of the surest palm of a photo."""

    def _framed(self, photo: Picture, palm: Place) -> Place | None:
        """The hand's own box, from wrist to fingertips, where the detector finds it around this palm."""
        return self._around(photo, palm, HAND)


CUTTERS = {"palm": PalmCutter, "hand": HandCutter}


def _square(found: Detection) -> Place:
    middle = ((found.left + found.right) / 2, (found.top + found.bottom) / 2)
    return Place(middle, max(found.right - found.left, found.bottom - found.top), 0.0)


def _holds(found: Detection, place: float) -> bool:
    return found.left < place < found.right and found.top < place < found.bottom
