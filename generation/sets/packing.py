"""Makes the files of exports: JPEG and WebP in a zip, PNG in Parquet. Run by workers, never by the web process.

pyarrow is imported where a Parquet file is written and nowhere else: 170 MB on the disk, but the format has
encodings, pages and statistics that every reader expects to be exact, and a writer of our own would be a second
truth about all of them.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from pathlib import Path
from typing import Any

from PIL import Image as Pillow

from accounts.errors import OverQuota
from generation.jobs.context import JobContext
from generation.jobs.errors import JobFailed
from generation.sets import exports, layouts, messages, selection, storage
from generation.sets.card import card
from generation.sets.models import Export, Image, ImageSet

XMP, RECIPE = "XML:com.adobe.xmp", "palmsite"
_EXIF_DESCRIPTION = 0x010E
_SUFFIX = {"jpeg": "jpg", "webp": "webp"}
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # a zip must have a time; this one says nothing
_EVERY = 32  # images between two looks whether to go on
_ROWS = 256  # images of a row group: what is in memory at once, and what a reader fetches at once
_PARQUET = """File: one row an image. `image` holds the PNG (`bytes`, with its recipe inside) and its name (`path`);
beside it stand `index`, `seed`, `probability` (null where none was given), `split` (`train` or `val`, by the hash of
the pixels) and `sha256` of the PNG. Hugging Face reads it with `load_dataset("parquet", data_files=...)`.
"""
Step = Callable[[int], None]


class UnmarkedError(Exception):
    """A picture without the mark of synthetic media: it must not leave in another form."""


def make(export: Export, context: JobContext) -> None:
    """Write the file beside its place; it comes there in the transaction that says it is ready."""
    image_set = export.image_set
    images = layouts.rows_of(selection.selected(image_set, exports.selection_of(export)))
    if not images:
        raise JobFailed("empty", messages.NO_IMAGES)
    target = storage.media(export.path)
    part = target.with_name(f".{target.name}.{context.attempt}.part")
    try:
        target.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        _write(part, export, images, lambda done: context.progress(done, len(images)))
        size, digest = part.stat().st_size, _sha256(part)
        with context.guard():
            if exports.made(export, count=len(images), size=size, sha256=digest):
                part.replace(target)
    except OverQuota as error:
        raise JobFailed(error.code, messages.OVER_QUOTA) from error
    except OSError as error:
        if storage.is_no_room(error):
            raise JobFailed("no_room", messages.NO_ROOM) from error
        raise
    finally:
        part.unlink(missing_ok=True)


def _write(path: Path, export: Export, images: list[Image], step: Step) -> None:
    if export.format == Export.Format.PARQUET:
        write_parquet(path, export.image_set, images, float(export.wish["val"]), step)
    else:
        write_pictures(path, export.image_set, images, export.format, int(export.wish["quality"]), step)


def write_pictures(
    path: Path, image_set: ImageSet, images: Iterable[Image], form: str, quality: int, step: Step
) -> None:
    """A zip of the pictures as JPEG or WebP, with the same papers as the zip of PNGs."""
    suffix, described = _SUFFIX[form], []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number, image in enumerate(images, start=1):
            data = _converted(image_set, image, form, quality)
            _add(archive, layouts.name_of(image, suffix), data)
            row = copy(image)
            row.sha256 = hashlib.sha256(data).hexdigest()
            described.append(row)
            if number % _EVERY == 0:
                step(number)
        for member in layouts.papers(image_set, described, suffix):
            _add(archive, member.name, member.source)


def _add(archive: zipfile.ZipFile, name: str, data: bytes | str) -> None:
    info = zipfile.ZipInfo(name, _ZIP_TIME)
    info.external_attr = 0o100644 << 16
    archive.writestr(info, data)


def _converted(image_set: ImageSet, image: Image, form: str, quality: int) -> bytes:
    try:
        return converted(_png(image_set, image), form, quality)
    except UnmarkedError as error:
        raise JobFailed("file_broken", messages.FILE_BROKEN, {"file": image.file_name}) from error


def converted(png: bytes, form: str, quality: int) -> bytes:
    """The picture as JPEG or WebP, with the PNG's own mark of synthetic media (XMP) and its recipe (EXIF)."""
    try:
        with Pillow.open(io.BytesIO(png), formats=("PNG",)) as picture:
            picture.load()
            texts: dict[str, str] = getattr(picture, "text", {})
            pixels = picture.convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:
        raise UnmarkedError(str(error)) from error
    if XMP not in texts:
        raise UnmarkedError("no XMP")
    exif = Pillow.Exif()
    exif[_EXIF_DESCRIPTION] = texts.get(RECIPE, "")
    # Colours at full resolution: a trainer should see the palm and not the codec.
    more: dict[str, Any] = {"subsampling": 0} if form == "jpeg" else {"method": 4}
    out = io.BytesIO()
    pixels.save(out, form.upper(), quality=quality, xmp=texts[XMP].encode(), exif=exif, **more)
    return out.getvalue()


def write_parquet(path: Path, image_set: ImageSet, images: list[Image], share: float, step: Step) -> None:
    """One Parquet file, whose schema tells Hugging Face which column is the image."""
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    columns = [
        ("image", arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())])),
        ("index", arrow.int64()),
        ("seed", arrow.int64()),
        ("probability", arrow.float64()),
        ("split", arrow.string()),
        ("sha256", arrow.string()),
    ]
    schema = arrow.schema(columns, metadata=_metadata(image_set, len(images)))
    # Statistics of pictures would copy pictures into the footer, and a dictionary of them is the column again.
    few = ["index", "seed", "probability", "split"]
    options: dict[str, Any] = {"compression": "none", "use_dictionary": ["split"], "write_statistics": few}
    with parquet.ParquetWriter(path, schema, **options) as writer:
        for done, rows in _groups(image_set, images, share):
            writer.write_table(arrow.Table.from_pylist(rows, schema=schema))
            step(done)


def _groups(
    image_set: ImageSet, images: list[Image], share: float
) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    for at in range(0, len(images), _ROWS):
        group = images[at : at + _ROWS]
        yield at + len(group), [_row(image_set, image, share) for image in group]


def _row(image_set: ImageSet, image: Image, share: float) -> dict[str, Any]:
    return {
        "image": {"bytes": _png(image_set, image), "path": image.file_name},
        "index": image.index,
        "seed": image.seed,
        "probability": image.score,
        "split": layouts.side_of(image, share),
        "sha256": image.sha256,
    }


def _metadata(image_set: ImageSet, count: int) -> dict[str, str]:
    values = {
        "index": "int64",
        "seed": "int64",
        "probability": "float64",
        "split": "string",
        "sha256": "string",
    }
    features: dict[str, Any] = {"image": {"_type": "Image"}}
    features |= {name: {"dtype": dtype, "_type": "Value"} for name, dtype in values.items()}
    about = {name: value for name, value in layouts.manifest(image_set, []).items() if name != "images"}
    return {
        "huggingface": json.dumps({"info": {"features": features}}),
        "palmsite": json.dumps(about, ensure_ascii=False, sort_keys=True),
        "README.md": card(image_set, count, _PARQUET),
    }


def _png(image_set: ImageSet, image: Image) -> bytes:
    """The file as its row says, or JobFailed: a broken picture must not be hidden in a new form."""
    try:
        data = storage.image_path(image_set, image.index).read_bytes()
    except FileNotFoundError:
        data = b""
    if hashlib.sha256(data).hexdigest() != image.sha256:
        raise JobFailed("file_broken", messages.FILE_BROKEN, {"file": image.file_name})
    return data


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
