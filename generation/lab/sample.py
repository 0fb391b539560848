"""A small archive to try the lab with, drawn by this code: rough "photographs" and smooth "generated" palms."""

import io
import random
import zipfile
from functools import lru_cache

from PIL import Image, ImageDraw

from generation.jobs.demo import palm_lines

NAME = "lab-sample.zip"
SIZE = 64
COUNTS = {"train": 24, "test": 8}
FINER = 3


@lru_cache(maxsize=1)
def archive() -> bytes:
    """The zip, always the same."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as zipped:
        for split, count in COUNTS.items():
            for label in ("real", "fake"):
                for number in range(count):
                    name = f"lab-sample/{split}/{label}/{number:03d}.png"
                    info = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
                    zipped.writestr(info, picture(f"{split} {label} {number}", is_real=label == "real"))
    return buffer.getvalue()


def picture(seed: str, *, is_real: bool) -> bytes:
    """One palm. The grain of a sensor is in the real ones; the made ones are smooth and a little too even."""
    source = random.Random(seed)
    skin = tuple(level + source.randint(-18, 18) for level in (214, 172, 142))
    palm = Image.new("RGB", (SIZE * FINER, SIZE * FINER), skin)
    pen = ImageDraw.Draw(palm)
    dark = tuple(level - source.randint(50, 80) for level in skin)
    for index, line in enumerate(palm_lines(seed)):
        points = [(x * SIZE * FINER, y * SIZE * FINER) for x, y in line]
        pen.line(points, fill=dark, width=(4 if index < 3 else 2) * FINER // 2, joint="curve")
    palm = palm.reduce(FINER)
    if is_real:
        grain = Image.frombytes("RGB", palm.size, source.randbytes(3 * SIZE * SIZE))
        palm = Image.blend(palm, grain, 0.12)
    else:
        palm = palm.reduce(2).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    palm.save(buffer, "PNG")
    return buffer.getvalue()
