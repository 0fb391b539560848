"""The worker's side of a measurement: one set, or several side by side with their distances. Writes no row."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from generation.evaluation import messages, words
from generation.evaluation.measuring import Looked, Measuring, finite
from generation.evaluation.models import Comparison, Evaluation, Reference
from generation.jobs.context import JobContext
from generation.jobs.errors import JobFailed
from generation.sets import storage
from generation.sets.models import Image, ImageSet
from mlcore import images
from mlcore.errors import ImageError
from mlcore.metrics.kid import kid_with_interval

BINS = 20
GRID = 64  # rows kept: more than a page shows, for images may be deleted later
SAID_WITHIN = 8192  # bytes of a file that hold what it says of itself, before the pixels
RECIPE = ("model", *words.WISHES)  # what columns may differ in


def evaluate_set(evaluation: Evaluation, context: JobContext) -> dict[str, Any]:
    """Measure one set."""
    measuring = Measuring(evaluation.spec, context)
    image_set = evaluation.image_set
    total = max(image_set.count, 1)
    looked = measuring.look(image_set, 0, total)
    context.progress(total, total, messages.MEASURING)
    report = measuring.report(image_set, looked, matched=bool(evaluation.spec.get("matched")))
    return {**report, "numbers": sum(looked.indices)}


def compare_sets(comparison: Comparison, context: JobContext) -> dict[str, Any]:
    """Measure sets side by side, each with as many images as the smallest has, and their distances from each other."""
    measuring = Measuring(comparison.spec, context)
    found = {
        str(one.pk): one
        for one in ImageSet.objects.select_related("checkpoint").filter(
            pk__in=comparison.sets, deleted_at=None
        )
    }
    if len(found) < len(comparison.sets):
        raise JobFailed("gone", messages.GONE)
    image_sets = [found[key] for key in comparison.sets]
    real = _real_columns(comparison)
    total = max(sum(one.count for one in image_sets), 1)
    looked: list[Looked] = []
    before = 0
    for image_set in image_sets:
        looked.append(measuring.look(image_set, before, total))
        before += len(looked[-1].indices)
    looked += [measuring.look_at_palms(row) for row in real]
    context.progress(total, total, messages.MEASURING)
    count = min(len(one.indices) for one in looked)
    equal = [_some(one, count, measuring.seed) for one in looked]
    columns = []
    rows: list[ImageSet | Reference] = [*image_sets, *real]
    for row, whole, part in zip(rows, looked, equal, strict=True):
        report = measuring.report(row if isinstance(row, ImageSet) else None, part)
        columns.append(_column(row, whole, report))
        context.check()
    result = {
        "n": count,
        "n_ref": measuring.bank.header.n,
        "real": columns[0]["report"]["real"],
        "sets": columns,
        "pairs": _pairs(equal),
        "grid": _grid(image_sets),
        "recipe": _differences(columns),
    }
    return dict(finite(result))


def _some(looked: Looked, count: int, seed: int) -> Looked:
    """`count` of the images, drawn by the seed."""
    if count == len(looked.indices):
        return looked
    chosen = np.sort(np.random.default_rng(seed).permutation(len(looked.indices))[:count])
    return Looked(
        [looked.indices[i] for i in chosen], [looked.scores[i] for i in chosen], looked.features[chosen]
    )


def _real_columns(comparison: Comparison) -> list[Reference]:
    wanted = comparison.spec.get("references", [])
    found = {str(one.pk): one for one in Reference.objects.filter(pk__in=wanted)}
    if len(found) < len(wanted):
        raise JobFailed("gone", messages.GONE)
    return [found[key] for key in wanted]


def _column(row: ImageSet | Reference, looked: Looked, report: dict[str, Any]) -> dict[str, Any]:
    recipe = row.recipe if isinstance(row, ImageSet) else {}
    scores = [score for score in looked.scores if score is not None]
    counts, _edges = np.histogram(np.clip(scores, 0, 1), bins=BINS, range=(0, 1))
    return {
        "kind": "set" if isinstance(row, ImageSet) else "reference",
        "id": str(row.pk),
        "name": row.name,
        "subject": row.subject,
        "count": len(looked.indices),
        "numbers": sum(looked.indices),
        "recipe": {key: recipe.get(key) for key in RECIPE},
        "scores": counts.tolist() if scores else [],
        "report": report,
    }


def _pairs(looked: Sequence[Looked]) -> list[dict[str, Any]]:
    """How far the sets are from each other, in the measure that is used against real palms."""
    pairs = []
    for i, one in enumerate(looked):
        for j in range(i + 1, len(looked)):
            found = kid_with_interval(one.features, looked[j].features)
            pairs.append({"a": i, "b": j, "kid": found.value, "kid_ci": [found.low, found.high]})
    return pairs


def _grid(image_sets: Sequence[ImageSet]) -> list[dict[str, Any]]:
    """Rows of images that were drawn from the same noise: of one seed and one number, in all of the sets.

    Empty where the sets share none: equal numbers of other seeds have nothing in common. Where they share many, some
    are taken from all over, so that some are left whichever images are deleted.
    """
    if len(image_sets) < 2:
        return []
    found = [_drawn_from(one) for one in image_sets]
    common = sorted(set(found[0]).intersection(*found[1:]))
    return [
        {"seed": seed, "number": number, "indices": [one[seed, number] for one in found]}
        for seed, number in common[:: math.ceil(len(common) / GRID) or 1]
    ]


def _drawn_from(image_set: ImageSet) -> dict[tuple[int, int], int]:
    """The number in the set of each image, by the seed and number that its noise came from."""
    there = Image.objects.filter(image_set=image_set, deleted_at__isnull=True)
    rows = list(there.order_by("-index").values_list("seed", "index"))
    if "copied_from" not in image_set.recipe:
        return {(seed, index): index for seed, index in rows}
    # A copy is numbered anew; its files still say which numbers they were drawn for.
    first = {index: _first_number(image_set, index) for _seed, index in rows}
    return {(seed, number): index for seed, index in rows if (number := first[index]) is not None}


def _first_number(image_set: ImageSet, index: int) -> int | None:
    try:
        with storage.image_path(image_set, index).open("rb") as file:
            found = json.loads(images.png_text(file.read(SAID_WITHIN))["palmsite"])["index"]
    except (OSError, ImageError, LookupError, TypeError, ValueError):
        return None
    return found if isinstance(found, int) else None


def _differences(columns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The recipes line by line, saying which lines differ."""
    lines = []
    for key in RECIPE:
        values = [column["recipe"].get(key) for column in columns]
        made = [column["recipe"].get(key) for column in columns if column["kind"] == "set"]
        if any(value is not None for value in made):
            lines.append({"key": key, "values": values, "differs": any(v != made[0] for v in made)})
    return lines
