"""How a set is laid out for the program that reads it: as plain files, as ImageFolder, as WebDataset.

Every layout is a list of members whose sizes and hashes are known from rows. Opens no picture.
"""

import csv
import hashlib
import io
import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import QuerySet

from generation.sets import storage
from generation.sets.archives import Member
from generation.sets.card import card
from generation.sets.models import Image, ImageSet

COLUMNS = ("file", "index", "seed", "score", "sha256")
_FLAT = """Files: `000000.{suffix}` and on, named by their number; `manifest.csv` and `manifest.json` list them with
seed, probability and sha256; `sha256sum -c SHA256SUMS` checks them all.
"""
_FOLDERS = """Files: `train/` and `val/`, each with a folder named by what the images show and a `metadata.csv` whose
`file_name` leads to them. Hugging Face reads it with `load_dataset("imagefolder", data_dir=...)`, torchvision with
`ImageFolder`; `sha256sum -c SHA256SUMS` checks all files. An image belongs to `val/` by the hash of its pixels, so
the same picture is on the same side in any set.
"""


def flat(image_set: ImageSet, images: list[Image]) -> Iterator[Member]:
    """The pictures at the top, and what describes them."""
    yield from (_picture(image_set, image, image.file_name) for image in images)
    yield from papers(image_set, images)


def papers(image_set: ImageSet, images: list[Image], suffix: str = "png") -> Iterator[Member]:
    """What describes the pictures of an archive: two manifests, a card, and checksums of everything."""
    described = [
        _text("manifest.csv", _table(COLUMNS, (_cells(image, suffix) for image in images))),
        _text("manifest.json", _json(manifest(image_set, images, suffix))),
        _text("README.md", card(image_set, len(images), _FLAT.format(suffix=suffix))),
    ]
    yield from described
    yield _checksums([f"{image.sha256}  {name_of(image, suffix)}" for image in images], described)


def _checksums(sums: list[str], described: list[Member]) -> Member:
    sums = sums + [f"{member.sha256}  {member.name}" for member in described]
    return _text("SHA256SUMS", "".join(f"{line}\n" for line in sums))


def image_folder(image_set: ImageSet, images: list[Image], share: float) -> Iterator[Member]:
    """`train/` and `val/`, with a share of the images in the latter."""
    label = image_set.checkpoint.subject if image_set.checkpoint else "palm"
    sides: dict[str, list[Image]] = {"train": [], "val": []}
    sums: list[str] = []
    described: list[Member] = []
    for image in images:
        sides[side_of(image, share)].append(image)
    for side, inside in sides.items():
        for image in inside:
            picture = _picture(image_set, image, f"{side}/{label}/{image.file_name}")
            sums.append(f"{picture.sha256}  {picture.name}")
            yield picture
        rows = ([f"{label}/{image.file_name}", *_cells(image)[1:]] for image in inside)
        if inside:
            described.append(_text(f"{side}/metadata.csv", _table(("file_name", *COLUMNS[1:]), rows)))
    described.append(_text("manifest.json", _json(manifest(image_set, images))))
    described.append(_text("README.md", card(image_set, len(images), _FOLDERS, ("imagefolder",))))
    yield from described
    yield _checksums(sums, described)


def web_dataset(image_set: ImageSet, images: list[Image]) -> Iterator[Member]:
    """A sample after the other: picture and JSON of the same number."""
    for image in images:
        yield _picture(image_set, image, image.file_name)
        yield _text(f"{image.index:06d}.json", _json(_facts(image), indent=None))


def manifest(image_set: ImageSet, images: Iterable[Image], suffix: str = "png") -> dict[str, Any]:
    """Everything about the set that a program may want, with a line for each image."""
    model = image_set.checkpoint
    return {
        "format": 1,
        "set": {"id": str(image_set.pk), "name": image_set.name, "tags": image_set.tags},
        "synthetic": True,
        "recipe": image_set.recipe,
        "model": {
            "name": model.name,
            "sha256": model.sha256,
            "licence": model.header.get("licence", ""),
            "lineage": model.header.get("lineage", []),
        }
        if model is not None
        else None,
        "quality": image_set.quality,
        "images": [_facts(image, suffix) for image in images],
    }


def rows_of(images: QuerySet[Image]) -> list[Image]:
    """The rows with no more than a layout needs."""
    return list(images.only("index", "seed", "score", "size", "crc32", "sha256", "pixels_sha256"))


def name_of(image: Image, suffix: str) -> str:
    """The name of its file when it is of another kind than the PNG that is kept."""
    return f"{image.index:06d}.{suffix}"


def side_of(image: Image, share: float) -> str:
    """Train or val, by the picture itself: the same one is on the same side in any set."""
    return "val" if int(image.pixels_sha256[:12], 16) / 16**12 < share else "train"


def _facts(image: Image, suffix: str = "png") -> dict[str, Any]:
    return {
        "file": name_of(image, suffix),
        "index": image.index,
        "seed": image.seed,
        "score": image.score,
        "sha256": image.sha256,
    }


def _cells(image: Image, suffix: str = "png") -> list[str]:
    score = "" if image.score is None else f"{image.score:.6f}"
    return [name_of(image, suffix), str(image.index), str(image.seed), score, image.sha256]


def _picture(image_set: ImageSet, image: Image, name: str) -> Member:
    path = str(storage.image_path(image_set, image.index))
    return Member(name, image.size, image.crc32, image.sha256, path)


def _text(name: str, text: str) -> Member:
    data = text.encode()
    return Member(name, len(data), zlib.crc32(data), hashlib.sha256(data).hexdigest(), data)


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _json(content: dict[str, Any], indent: int | None = 1) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, indent=indent) + "\n"
