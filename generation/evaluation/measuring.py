"""One set measured: its images in, features by hash from the cache, one report out. Worker only; writes no row."""

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
from generation.evaluation.models import Bank, Reference
from generation.jobs.context import JobContext
from generation.jobs.errors import JobFailed
from generation.sets import storage
from generation.sets.models import Image, ImageSet
from mlcore import images, reference
from mlcore.errors import ImageError, MlcoreError
from mlcore.evaluation import evaluate
from mlcore.feature_cache import FeatureCache
from mlcore.metrics.errors import BankError
from mlcore.models import features
from mlcore.moments_cache import MomentsCache

LEAST = 10
SHOWN_GROUPS, SHOWN_IN_GROUP = 24, 12


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
