"""The pictures of a comparison: rows of one seed and number, or the first ones of each of its columns."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Exists, OuterRef
from django.urls import reverse

from generation.evaluation import links
from generation.evaluation.models import Reference
from generation.sets import selectors as sets
from generation.sets import storage
from generation.sets.models import Image, ImageSet

SHOWN_PICTURES = 8


def rows_now(result: Mapping[str, Any], here: Mapping[str, ImageSet]) -> list[dict[str, Any]]:
    """Rows of one seed and number, chosen from the images that the sets hold now; empty where they share none."""
    made = [column["id"] for column in result["sets"] if not is_of_palms(column)]
    image_sets = [here.get(key) for key in made]
    if len(made) > 1 and all(one and "copied_from" not in one.recipe for one in image_sets):
        return _shared([here[key] for key in made])
    # Which number an image of a copy was drawn for stands in its file, and only the worker reads all files of a set.
    rows = aligned(result)
    for place, image_set in enumerate(image_sets):
        if image_set:
            there = _there(image_set, [row["indices"][place] for row in rows])
            rows = [row for row in rows if row["indices"][place] in there]
    return rows[:SHOWN_PICTURES]


def pictures(
    result: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    here: Mapping[str, ImageSet],
    palms: Mapping[str, Reference],
) -> Iterator[dict[str, Any]]:
    """The pictures of these rows of one seed and number; the first ones of each column where there are no rows."""
    count = len(rows) or SHOWN_PICTURES
    made = [column["id"] for column in result["sets"] if not is_of_palms(column)]
    numbers = {key: [row["indices"][place] for row in rows] for place, key in enumerate(made)}
    found = [
        _column_pictures(column, numbers.get(column["id"], []), count, here, palms)
        for column in result["sets"]
    ]
    for place in range(max(map(len, found), default=0)):
        cells = [cells[place] if place < len(cells) else None for cells in found]
        yield {"number": rows[place]["number"] if rows else None, "cells": cells}


def aligned(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows that the worker found. Comparisons of old know only numbers, which say nothing of the seed."""
    return [row for row in result["grid"] if isinstance(row, dict)]


def is_of_palms(column: Mapping[str, Any]) -> bool:
    """Whether a column shows real palms and no set."""
    return column.get("kind") == "reference"


def _shared(image_sets: Sequence[ImageSet]) -> list[dict[str, Any]]:
    """The first rows of one seed and number that none of the sets lacks: numbers of sets that are no copies."""
    first, *others = image_sets
    found = sets.images_of(first).order_by("seed", "index")
    for other in others:
        found = found.filter(
            Exists(sets.images_of(other).filter(seed=OuterRef("seed"), index=OuterRef("index")))
        )
    return [
        {"seed": seed, "number": index, "indices": [index] * len(image_sets)}
        for seed, index in found.values_list("seed", "index")[:SHOWN_PICTURES]
    ]


def _there(image_set: ImageSet, numbers: Sequence[int]) -> set[int]:
    """Which of these images the set still holds."""
    return set(sets.images_of(image_set).filter(index__in=numbers).values_list("index", flat=True))


def _column_pictures(
    column: Mapping[str, Any],
    numbers: Sequence[int],
    count: int,
    here: Mapping[str, ImageSet],
    palms: Mapping[str, Reference],
) -> list[dict[str, Any] | None]:
    if is_of_palms(column):
        reference = palms.get(column["id"])
        kept = reference.n if reference and reference.keeps_photos else 0
        return [_palm(reference, number) for number in range(min(kept, count)) if reference]
    image_set = here.get(column["id"])
    images = sets.images_of(image_set) if image_set else Image.objects.none()
    if not numbers:
        return [_picture(image, image_set) for image in images[:count]]
    chosen = {image.index: image for image in images.filter(index__in=numbers)}
    return [_picture(chosen.get(index), image_set) for index in numbers]


def _palm(reference: Reference, number: int) -> dict[str, Any]:
    address = reverse("evaluation:reference_photo", args=[reference.pk, number])
    path = reference.photos_folder / f"{number:06d}.png"
    return {"thumb": address, "url": address, "seed": None, "index": number, "path": path}


def _picture(image: Image | None, image_set: ImageSet | None) -> dict[str, Any] | None:
    if image is None or image_set is None:
        return None
    return {
        "thumb": links.thumb(image.pk),
        "url": links.image(image.pk),
        "seed": image.seed,
        "index": image.index,
        "path": storage.image_path(image_set, image.index),
    }
