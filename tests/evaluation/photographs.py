"""Archives of photographs for tests: sharp patterns that count as palms already, so that no detector is asked."""

import io
import zipfile

import cv2
import numpy as np

from generation.evaluation import limits
from generation.uploads import services as uploads
from mlcore import images


def picture(seed, side=160):
    """A sharp picture unlike any of another seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    return cv2.resize(coarse, (side, side), interpolation=cv2.INTER_NEAREST)


def archive(files):
    """A zip of these files: name to bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return buffer.getvalue()


def palms(count=24, name="palms/{}.png"):
    """So many pictures as files."""
    return {name.format(number): images.encode_png(picture(number)) for number in range(count)}


def uploaded(by, data, name="palms.zip"):
    """The same, uploaded by this person."""
    return uploads.receive(by=by, purpose=limits.PURPOSE, name=name, size=len(data), stream=io.BytesIO(data))
