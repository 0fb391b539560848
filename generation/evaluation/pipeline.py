"""The worker's side of a measurement: images in, features by hash from the cache, one report out. Writes no row."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from generation.evaluation import extractors, messages, reasons, selectors
from generation.evaluation.models import Bank, Comparison, Evaluation, Reference
from generation.jobs.context import JobContext
from generation.jobs.errors import JobFailed
from generation.sets import storage
from generation.sets.models import Image, ImageSet
from mlcore import images, reference
from mlcore.errors import ImageError, MlcoreError
from mlcore.evaluation import evaluate
from mlcore.feature_cache import FeatureCache
from mlcore.metrics.errors import BankError
from mlcore.metrics.kid import kid_with_interval
from mlcore.models import features
from mlcore.moments_cache import MomentsCache

LEAST = 10
SHOWN_GROUPS, SHOWN_IN_GROUP = 24, 12
BINS = 20
GRID = 8
SAID_WITHIN = 8192  # bytes of a file that hold what it says of itself, before the pixels
# What a recipe may differ in, in the order in which people read it.
RECIPE = ("model", "seed", "candidates", "min_probability", "first_index", "hand", "look")


@dataclass(frozen=True)
class Looked:
    """The images of one set as they are now: numbers, probabilities and features, row by row."""

    indices: list[int]
    scores: list[float | None]
    features: NDArray[np.float32]


class Measuring:
    """A network, a reference and a cache: what one measurement, of one set or several, is made with."""

    def __init__(self, spec: Mapping[str, Any], context: JobContext) -> None:
        self.spec, self.context = spec, context
        self.seed = int(spec["seed"])
        self.row = self._bank_row()
        self.extractor = self._network()
        self.bank = _loaded(self.row)
        self._banks: dict[int, reference.Bank] = {}
        self.cache = FeatureCache(Path(settings.PALMSITE_DATA) / "features")
        self.moments = MomentsCache(Path(settings.PALMSITE_DATA) / "features")

    def _bank_row(self) -> Bank:
        found = selectors.bank_of(self.spec["reference_id"], self.spec["extractor"])
        if found is None:
            raise JobFailed("gone", messages.GONE)
        return found

    def _network(self) -> features.Extractor:
        name = str(self.spec["extractor"])
        weights = extractors.inception_weights() if name == extractors.STANDARD else None
        try:
            return features.load(name, weights)
        except MlcoreError as error:
            raise JobFailed("no_network", *reasons.of(error)) from error

    def _bank(self, row: Bank | None) -> reference.Bank | None:
        """A bank's features, read once for all sets of a comparison."""
        if row is None:
            return None
        if row.pk not in self._banks:
            self._banks[row.pk] = _loaded(row)
        return self._banks[row.pk]

    def look(self, image_set: ImageSet, before: int, total: int) -> Looked:
        """Features of the images that are in the set now; each picture is looked at once in its life."""
        rows = list(
            Image.objects.filter(image_set=image_set, deleted_at__isnull=True)
            .order_by("index")
            .values_list("index", "pixels_sha256", "score")
        )
        if len(rows) < LEAST:
            raise JobFailed("too_few_images", messages.FEW, {"n": len(rows), "least": LEAST})
        pictures: dict[str, Callable[[], images.Pixels]] = {
            pixels: partial(_opened, image_set, index) for index, pixels, _score in rows
        }

        def tell(done: int, _of: int) -> None:
            self.context.progress(min(before + done, total), total, messages.LOOKING)

        found = self.cache.features(self.extractor, pictures, progress=tell)
        return Looked(
            indices=[index for index, _pixels, _score in rows],
            scores=[score for _index, _pixels, score in rows],
            features=np.stack([found[pixels] for _index, pixels, _score in rows]),
        )

    def look_at_palms(self, row: Reference) -> Looked:
        """The features of another reference, as if it were a set."""
        bank = row.banks.filter(extractor=self.row.extractor, weights_sha256=self.row.weights_sha256).first()
        if bank is None:
            raise JobFailed("gone", messages.GONE)
        rows = _loaded(bank).features
        return Looked(list(range(len(rows))), [None] * len(rows), rows)

    def report(self, image_set: ImageSet | None, looked: Looked, *, matched: bool = False) -> dict[str, Any]:
        """All measures of one set, or of real palms, with intervals, and with image numbers instead of positions."""
        bank = _drawn(self.bank, len(looked.indices), self.seed) if matched else self.bank
        known = selectors.training_bank(image_set, self.row)
        scores = [score for score in looked.scores if score is not None]
        report = evaluate(
            looked.features,
            self.extractor,
            bank,
            training=self._bank(known),
            held=self._bank(selectors.other_part(known) if known else None),
            others=self._bank(selectors.other_part(self.row)),
            scores=scores if len(scores) == len(looked.indices) else None,
            # A part drawn by a seed is hardly ever drawn again.
            moments=None if matched else self.moments.moments(bank),
            seed=self.seed,
            fid_weights=str(settings.PALMSITE_INCEPTION_SHA256),
        )
        report["seen"] = extractors.seen(image_set.checkpoint if image_set else None, self.extractor.name)
        report["duplicates"] = _numbered_groups(report["duplicates"], looked.indices)
        for suspect in (report.get("privacy") or {}).get("suspects", ()):
            suspect["index"] = looked.indices[suspect["index"]]
        return dict(finite(report))


def evaluate_set(evaluation: Evaluation, context: JobContext) -> dict[str, Any]:
    """Measure one set."""
    measuring = Measuring(evaluation.spec, context)
    image_set = evaluation.image_set
    total = max(image_set.count, 1)
    looked = measuring.look(image_set, 0, total)
    context.progress(total, total, messages.MEASURING)
    return measuring.report(image_set, looked, matched=bool(evaluation.spec.get("matched")))


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


def finite(content: Any) -> Any:
    """JSON knows no NaN and no infinity: what is not a number is nothing."""
    if isinstance(content, dict):
        return {str(key): finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    if isinstance(content, float | np.floating):
        return float(content) if math.isfinite(content) else None
    return int(content) if isinstance(content, np.integer) else content


def _loaded(row: Bank) -> reference.Bank:
    try:
        return reference.load(row.path)
    except BankError as error:
        raise JobFailed("no_bank", *reasons.of(error)) from error


def _opened(image_set: ImageSet, index: int) -> images.Pixels:
    try:
        return images.decode(storage.image_path(image_set, index).read_bytes())
    except FileNotFoundError as error:
        raise JobFailed("image_gone", messages.LOST_IMAGE, {"index": index}) from error
    except ImageError as error:
        raise JobFailed("image_broken", *reasons.of(error, index=index)) from error


def _drawn(bank: reference.Bank, count: int, seed: int) -> reference.Bank:
    """As many real palms as the set has images, drawn by the seed; all of them where there are fewer."""
    if count >= bank.header.n:
        return bank
    chosen = np.sort(np.random.default_rng(seed).permutation(bank.header.n)[:count])
    return replace(
        bank,
        header=replace(bank.header, n=count),
        features=bank.features[chosen],
        groups=bank.groups[chosen],
    )


def _some(looked: Looked, count: int, seed: int) -> Looked:
    """`count` of the images, drawn by the seed."""
    if count == len(looked.indices):
        return looked
    chosen = np.sort(np.random.default_rng(seed).permutation(len(looked.indices))[:count])
    return Looked(
        [looked.indices[i] for i in chosen], [looked.scores[i] for i in chosen], looked.features[chosen]
    )


def _numbered_groups(found: Mapping[str, Any], indices: Sequence[int]) -> dict[str, Any]:
    """Groups by image number, as many as a page can show, and how many there are in all."""
    groups = found["groups"]
    return {
        "share": found["share"],
        "exact_share": found["exact_share"],
        "threshold": found["threshold"],
        "count": len(groups),
        "groups": [[indices[i] for i in group[:SHOWN_IN_GROUP]] for group in groups[:SHOWN_GROUPS]],
        "sizes": [len(group) for group in groups[:SHOWN_GROUPS]],
    }


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
        "count": len(looked.indices),
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

    Empty where the sets share none: equal numbers of other seeds have nothing in common.
    """
    if len(image_sets) < 2:
        return []
    found = [_drawn_from(one) for one in image_sets]
    common = sorted(set(found[0]).intersection(*found[1:]))[:GRID]
    return [
        {"seed": seed, "number": number, "indices": [one[seed, number] for one in found]}
        for seed, number in common
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
