"""Pictures that people rate: made and real alike in size, format and what the file says of itself.

A file of its own kind would give a real palm away, so all are decoded, brought to one side and written anew.
"""

import io
from pathlib import Path

from PIL import Image as Picture

from generation.evaluation.models import Panel, Reference
from generation.sets import storage
from generation.sets.models import ImageSet

FALLBACK_SIDE = 128


def side_of(image_set: ImageSet, index: int, mixed: Reference | None) -> int:
    """The side at which all are shown: that of the smaller kind, so that neither is enlarged."""
    sides = [_side(storage.image_path(image_set, index))]
    if mixed is not None:
        sides.append(_side(mixed.photos_folder / "000000.png"))
    return min((side for side in sides if side), default=FALLBACK_SIDE)


def path_of(panel: Panel, item: int) -> Path | None:
    """Where the file of an item lies; None where it is gone."""
    wanted = panel.items[item]
    if "made" in wanted:
        path = storage.image_path(panel.image_set, wanted["made"])
    elif panel.reference is not None and panel.reference.keeps_photos:
        path = panel.reference.photos_folder / f"{wanted['real']:06d}.png"
    else:
        return None
    return path if path.is_file() else None


def shown(path: Path, side: int) -> bytes:
    """The picture as everybody sees it: PNG of one side that says nothing of where it comes from."""
    with Picture.open(path) as opened:
        picture = opened.convert("RGB")
    if picture.size != (side, side):
        picture = picture.resize((side, side), Picture.Resampling.BOX)
    buffer = io.BytesIO()
    Picture.frombytes("RGB", picture.size, picture.tobytes()).save(buffer, "PNG")
    return buffer.getvalue()


def _side(path: Path) -> int:
    """A picture's side from its header alone; 0 where there is none."""
    try:
        with Picture.open(path) as opened:
            return min(opened.size)
    except OSError:
        return 0
