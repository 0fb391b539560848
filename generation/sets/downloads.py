"""Answers with a set, or some of its images, as one archive: for pages, links and the API alike.

The caller has checked who asks. Nothing is written: the archive is put together while it is sent.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import private_files
from accounts.errors import Conflict, InvalidInput
from generation.sets import archives, layouts, selection, storage
from generation.sets.archives import Archive
from generation.sets.models import Export, Image, ImageSet
from generation.sets.selection import ALL, Selection

FORMATS = ("zip", "imagefolder", "webdataset", "webdataset-papers")
PER_SHARD = 1000
MOST_PER_SHARD = 100_000
VAL = 0.1
_NUMBER = re.compile(r"0|[1-9]\d{0,8}")
_SHARE = re.compile(r"0(?:\.\d{1,6})?")


@dataclass(frozen=True, slots=True)
class Wish:
    """Which images in which form. `shard` is a part of a WebDataset, `val` a share for ImageFolder's `val/`."""

    format: str = "zip"
    selection: Selection = ALL
    shard: int | None = None
    per_shard: int = PER_SHARD
    val: float = VAL


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a WebDataset: a shard, or the papers that describe all shards."""

    wish: Wish
    name: str
    count: int
    size: int


def parse(query: Mapping[str, str]) -> Wish:
    """The wish in a query; InvalidInput names what cannot be."""
    form = query.get("format") or "zip"
    if form not in FORMATS:
        raise _refusal("format", _("Choose one of %(formats)s.") % {"formats": ", ".join(FORMATS)})
    shard = _number(query, "shard", least=0) if query.get("shard") else None
    per_shard = (
        _number(query, "per_shard", least=1, most=MOST_PER_SHARD) if query.get("per_shard") else PER_SHARD
    )
    share = query.get("val") or str(VAL)
    if not _SHARE.fullmatch(share) or float(share) > 0.9:
        raise _refusal("val", _("Write a share from 0 to 0.9."))
    return Wish(form, selection.parse(query), shard, per_shard, float(share))


def as_query(wish: Wish) -> dict[str, Any]:
    """What `parse` reads back."""
    query: dict[str, Any] = {"format": wish.format, **selection.as_query(wish.selection)}
    if wish.shard is not None:
        query |= {"shard": wish.shard, "per_shard": wish.per_shard}
    if wish.val != VAL:
        query["val"] = wish.val
    return query


def shards(image_set: ImageSet, wish: Wish) -> list[Part]:
    """The shards of a WebDataset of the wish's images, with their sizes; Conflict when no image is meant."""
    images = _images(image_set, wish.selection)
    parts = []
    for number, first in enumerate(range(0, len(images), wish.per_shard)):
        inside = images[first : first + wish.per_shard]
        one = replace(wish, format="webdataset", shard=number)
        size = archives.tar_size(layouts.web_dataset_sizes(inside))
        parts.append(Part(one, name_of(image_set, one), len(inside), size))
    return parts


def papers(image_set: ImageSet, wish: Wish) -> Part:
    """Manifests, checksums and card of all shards: a file beside them."""
    images = _images(image_set, wish.selection)
    one = replace(wish, format="webdataset-papers", shard=None)
    made = archives.zip_of(layouts.web_dataset_papers(image_set, images))
    return Part(one, name_of(image_set, one), len(images), made.size)


def _images(image_set: ImageSet, chosen: Selection) -> list[Image]:
    images = layouts.rows_of(selection.selected(image_set, chosen))
    if not images:
        raise _nothing()
    return images


def archive(image_set: ImageSet, wish: Wish) -> Archive:
    """The archive itself; Conflict when no image is meant or a file has gone."""
    images = _images(image_set, wish.selection)
    if wish.format == "webdataset-papers":
        return archives.zip_of(layouts.web_dataset_papers(image_set, images))
    if wish.format == "webdataset" and wish.shard is not None:
        images = images[wish.shard * wish.per_shard : (wish.shard + 1) * wish.per_shard]
        if not images:
            raise _nothing()
    _check_files(image_set, images)
    if wish.format == "webdataset":
        return archives.tar_of(layouts.web_dataset(image_set, images))
    if wish.format == "imagefolder":
        return archives.zip_of(layouts.image_folder(image_set, images, wish.val))
    return archives.zip_of(layouts.flat(image_set, images))


def response(request: HttpRequest, image_set: ImageSet) -> HttpResponseBase:
    """Answer with what the query asks for, whole or the range that is missing."""
    wish = parse(request.GET)
    made = archive(image_set, wish)
    is_tar = wish.format == "webdataset"
    return private_files.made_response(
        request,
        made.read,
        size=made.size,
        etag=made.etag,
        download_name=name_of(image_set, wish),
        content_type="application/x-tar" if is_tar else "application/zip",
    )


def of_export(request: HttpRequest, export: Export) -> HttpResponseBase:
    """Answer with the file that a worker made; Conflict with the reason while there is none."""
    if export.state != Export.State.READY:
        message = export.text or _("This download is still being made. Ask again in a moment.")
        raise Conflict(message, code=export.code or "not_ready")
    name = slugify(export.image_set.name)[:60] or "set"
    return private_files.response(
        request,
        storage.media(export.path),
        download_name=f"{name}.parquet" if export.suffix == "parquet" else f"{name}-{export.format}.zip",
        content_type="application/octet-stream" if export.suffix == "parquet" else "application/zip",
    )


def name_of(image_set: ImageSet, wish: Wish) -> str:
    """What the file of a wish is called."""
    name = slugify(image_set.name)[:60] or "set"
    if wish.format == "webdataset":
        return f"{name}.tar" if wish.shard is None else f"{name}-{wish.shard:06d}.tar"
    return f"{name}-{wish.format}.zip" if wish.format != "zip" else f"{name}.zip"


def _nothing() -> Conflict:
    return Conflict(
        _("There are no images to download. Choose others, or wait until they are made."), code="empty"
    )


def _check_files(image_set: ImageSet, images: Iterable[Image]) -> None:
    """One look at the folder: rather a refusal now than half an archive."""
    try:
        with os.scandir(storage.folder(image_set)) as found:
            there = {entry.name for entry in found}
    except FileNotFoundError:
        there = set()
    missing = sum(image.file_name not in there for image in images)
    if missing:
        raise Conflict(
            ngettext(
                "The file of %(count)d image is missing on the disk. Delete that image, or ask the operator.",
                "The files of %(count)d images are missing on the disk. Delete those images, or ask the operator.",
                missing,
            )
            % {"count": missing},
            code="files_missing",
        )


def _number(query: Mapping[str, str], name: str, *, least: int, most: int = 999_999_999) -> int:
    text = query.get(name, "")
    if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
        raise _refusal(
            name, _("Write a whole number from %(least)s to %(most)s.") % {"least": least, "most": most}
        )
    return int(text)


def _refusal(name: str, message: str) -> InvalidInput:
    return InvalidInput(message, fields={name: message})
