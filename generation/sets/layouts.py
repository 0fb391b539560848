"""How a set is laid out for the program that reads it: as plain files, as ImageFolder, as WebDataset.

Every layout is a list of members whose sizes and hashes are known from rows. Opens no picture.
"""

import csv
import hashlib
import io
import json
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, timedelta
from typing import Any

from django.db.models import QuerySet

from generation.sets import storage
from generation.sets.archives import Member
from generation.sets.card import card
from generation.sets.models import Image, ImageSet, Order

COLUMNS = ("file", "index", "seed", "score", "sha256")
_FLAT = """Files: `000000.{suffix}` and on, named by their number; `manifest.csv` and `manifest.json` list them with
seed, probability and sha256; `sha256sum -c SHA256SUMS` checks them all.
"""
_FOLDERS = """Files: `train/` and `val/`, each with a folder named by what the images show and a `metadata.csv` whose
`file_name` leads to them; `manifest.csv` and `manifest.json` list both. Hugging Face reads it with
`load_dataset("imagefolder", data_dir=...)`, torchvision with `ImageFolder`; `sha256sum -c SHA256SUMS` checks all files.
An image belongs to `val/` by the hash of its pixels, so the same picture is on the same side in any set.
"""
_SHARDS = """Files: tar shards, to be read from first to last. A sample is `000000.png` and `000000.json` of the same
number, with index, seed, score and sha256; WebDataset and Hugging Face read them as they are. `manifest.csv`,
`manifest.json` and `SHA256SUMS` name the files inside: unpack all shards beside them, and `sha256sum -c SHA256SUMS`
checks them all.
"""


def flat(image_set: ImageSet, images: list[Image]) -> Iterator[Member]:
    """The pictures at the top, and what describes them."""
    yield from (_picture(image_set, image, image.file_name) for image in images)
    yield from papers(image_set, images)


def papers(image_set: ImageSet, images: list[Image], suffix: str = "png") -> Iterator[Member]:
    """What describes the pictures of an archive that has them at the top."""
    placed = [(image, name_of(image, suffix)) for image in images]
    return _papers(image_set, placed, _FLAT.format(suffix=suffix))


def image_folder(image_set: ImageSet, images: list[Image], share: float) -> Iterator[Member]:
    """`train/` and `val/`, with a share of the images in the latter."""
    label = image_set.subject
    sides: dict[str, list[Image]] = {"train": [], "val": []}
    for image in images:
        sides[side_of(image, share)].append(image)
    placed = [
        (image, f"{side}/{label}/{image.file_name}") for side, inside in sides.items() for image in inside
    ]
    yield from (_picture(image_set, image, name) for image, name in placed)
    tables = [
        _text(
            f"{side}/metadata.csv",
            _table(
                ("file_name", *COLUMNS[1:]), (_cells(image, f"{label}/{image.file_name}") for image in inside)
            ),
        )
        for side, inside in sides.items()
        if inside
    ]
    yield from _papers(image_set, placed, _FOLDERS, tables=tables, kinds=("imagefolder",))


def web_dataset(image_set: ImageSet, images: list[Image]) -> Iterator[Member]:
    """A sample after the other: picture and JSON of the same number."""
    for image in images:
        yield _picture(image_set, image, image.file_name)
        yield _sample_facts(image)


def web_dataset_papers(image_set: ImageSet, images: list[Image]) -> Iterator[Member]:
    """What describes the shards, beside them: a reader of shards would take it for another sample."""
    placed = [(image, image.file_name) for image in images]
    facts = (_sample_facts(image) for image in images)
    return _papers(image_set, placed, _SHARDS, inside=facts, kinds=("webdataset",))


def web_dataset_sizes(images: Iterable[Image]) -> Iterator[int]:
    """The sizes of what `web_dataset` lays out, without a hash of anything."""
    for image in images:
        yield image.size
        yield len(_sample_text(image))


def _papers(
    image_set: ImageSet,
    placed: list[tuple[Image, str]],
    files: str,
    *,
    tables: Iterable[Member] = (),
    inside: Iterable[Member] = (),
    kinds: tuple[str, ...] = (),
) -> Iterator[Member]:
    """Two manifests, a card, and checksums of everything; `placed` says where in the archive each picture lies.

    `tables` are papers of this layout alone; `inside` is checked too, but stands in the archives with the pictures.
    """
    described = [
        *tables,
        _text("manifest.csv", _table(COLUMNS, (_cells(image, name) for image, name in placed))),
        _text("manifest.json", _json(manifest(image_set, placed))),
        _text("README.md", card(image_set, len(placed), files, kinds)),
    ]
    yield from described
    sums = [f"{image.sha256}  {name}" for image, name in placed]
    sums += [f"{member.sha256}  {member.name}" for member in (*inside, *described)]
    yield _text("SHA256SUMS", "".join(f"{line}\n" for line in sums))


def manifest(image_set: ImageSet, placed: Iterable[tuple[Image, str]]) -> dict[str, Any]:
    """Everything about the set that a program may want, with a line for each image."""
    model = image_set.checkpoint
    return {
        "format": 1,
        "set": {"id": str(image_set.pk), "name": image_set.name, "tags": image_set.tags},
        "synthetic": True,
        "made_at": image_set.created_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "seconds": _seconds_taken(image_set),
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
        "images": [_facts(image, name) for image, name in placed],
    }


def _seconds_taken(image_set: ImageSet) -> float | None:
    """How long its orders took, waiting included; None for a set that no order made."""
    ended = Order.objects.filter(image_set=image_set, ended_at__isnull=False)
    spans = [end - begin for begin, end in ended.values_list("created_at", "ended_at") if end is not None]
    return round(sum(spans, timedelta()).total_seconds(), 3) if spans else None


def rows_of(images: QuerySet[Image]) -> list[Image]:
    """The rows with no more than a layout needs."""
    return list(images.only("index", "seed", "score", "size", "crc32", "sha256", "pixels_sha256"))


def name_of(image: Image, suffix: str) -> str:
    """The name of its file when it is of another kind than the PNG that is kept."""
    return f"{image.index:06d}.{suffix}"


def side_of(image: Image, share: float) -> str:
    """Train or val, by the picture itself: the same one is on the same side in any set."""
    return "val" if int(image.pixels_sha256[:12], 16) / 16**12 < share else "train"


def _facts(image: Image, name: str) -> dict[str, Any]:
    return {
        "file": name,
        "index": image.index,
        "seed": image.seed,
        "score": image.score,
        "sha256": image.sha256,
    }


def _cells(image: Image, name: str) -> list[str]:
    score = "" if image.score is None else f"{image.score:.6f}"
    return [name, str(image.index), str(image.seed), score, image.sha256]


def _sample_text(image: Image) -> str:
    return _json(_facts(image, image.file_name), indent=None)


def _sample_facts(image: Image) -> Member:
    return _text(f"{image.index:06d}.json", _sample_text(image))


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
