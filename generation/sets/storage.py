"""Files of sets: temporary file, then rename. Knows paths inside the media folder and nothing of rows' meaning."""

import errno
import os
import shutil
from collections.abc import Collection
from pathlib import Path

from django.conf import settings

from generation.sets.models import Checkpoint, ImageSet

THUMB_SUFFIX = ".webp"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


def media(path: str | os.PathLike[str]) -> Path:
    """A path inside the media folder."""
    return Path(settings.MEDIA_ROOT) / path


def folder(image_set: ImageSet) -> Path:
    """The folder of a set."""
    return media(image_set.folder)


def image_path(image_set: ImageSet, index: int) -> Path:
    """Where an image lies, whether or not it is there."""
    return folder(image_set) / f"{index:06d}.png"


def thumb_path(image_set: ImageSet, index: int) -> Path:
    """Where its small picture lies."""
    return folder(image_set) / "thumbs" / f"{index:06d}{THUMB_SUFFIX}"


def checkpoint_path(checkpoint: Checkpoint) -> Path:
    """The file of a model: in the zoo that ships, or uploaded."""
    if checkpoint.source == Checkpoint.Source.ZOO:
        return Path(settings.BASE_DIR) / "mlcore" / "zoo" / checkpoint.file
    return media("checkpoints") / checkpoint.file


def grid_path_of(sha256: str) -> Path:
    """The picture of a model's samples that verification made."""
    return media("checkpoints") / "samples" / f"{sha256}.png"


def sample_path_of(sha256: str, index: int) -> Path:
    """One of those samples alone."""
    return media("checkpoints") / "samples" / sha256 / f"{index:02d}.png"


def grid_is_kept(checkpoint: Checkpoint) -> bool:
    """Whether the samples are still there; the media folder may be new."""
    return checkpoint.kind != Checkpoint.Kind.GENERATOR or grid_path_of(checkpoint.sha256).is_file()


def keep(path: Path, data: bytes) -> None:
    """Write beside and rename: a reader sees the whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def forget_partials(image_set: ImageSet, indices: Collection[int]) -> None:
    """Remove what a killed worker left half written of these images."""
    for place in (folder(image_set), folder(image_set) / "thumbs"):
        for partial in place.glob(".*.part"):
            number = partial.name.split(".")[1]
            if number.isdigit() and int(number) in indices:
                partial.unlink(missing_ok=True)


def link(source: Path, target: Path) -> None:
    """The same file under one more name, or a copy where the disk cannot link."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def bytes_in(folder: str | os.PathLike[str]) -> int:
    """What a folder takes. Not by `rglob`, which remembers every path that it has given."""
    places = ((Path(place), names) for place, _folders, names in os.walk(folder))
    return sum((place / name).stat().st_size for place, names in places for name in names)


def is_no_room(error: OSError) -> bool:
    """Whether nothing can be written now, as when the disk is full: it can go on when the operator has seen to it."""
    return error.errno in _NO_ROOM


def forget_images(image_set: ImageSet, indices: list[int]) -> None:
    """Remove the files of some images."""
    for index in indices:
        image_path(image_set, index).unlink(missing_ok=True)
        thumb_path(image_set, index).unlink(missing_ok=True)


def forget_set(image_set: ImageSet) -> None:
    """Remove all files of a set."""
    shutil.rmtree(folder(image_set), ignore_errors=True)
