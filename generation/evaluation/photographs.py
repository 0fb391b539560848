"""The worker's side of a reference: photographs in, cut as in training, one bank a network out. Writes no row.

Everything is written into one folder of the attempt; nobody outside it sees a photograph.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from generation.evaluation import extractors, limits, messages, reasons
from generation.evaluation.models import Bank, Reference
from generation.jobs.context import JobContext
from generation.jobs.errors import JobFailed
from generation.uploads import refusals
from mlcore import archive, gathering, reference
from mlcore.archive import ArchiveError
from mlcore.crop import CUTTERS, PalmCutter
from mlcore.data import DataError
from mlcore.errors import MlcoreError
from mlcore.feature_cache import FeatureCache
from mlcore.models import features
from mlcore.preparation import Event

SCRATCH = "scratch"
PHOTOS = "photos"


class TooFewPalms(JobFailed):
    """There are too few photographs that can be used; `report` lists what was wrong with the others, if any."""

    def __init__(self, palms: int, report: dict[str, Any]) -> None:
        params = {"n": palms, "seen": report["seen"], "least": limits.LEAST_PALMS}
        message = messages.FEW_PALMS if report["refused"] else messages.FEW_PALMS_ALL_GOOD
        super().__init__("too_few_palms", message, params)
        self.report = report


@dataclass(frozen=True)
class Made:
    """What came of the photographs: rows of banks without their reference, and words for its card."""

    banks: list[Bank]
    content: str
    n: int
    lineage: list[dict[str, Any]]
    notes: str
    report: dict[str, Any]


def make(row: Reference, source: Path, folder: Path, context: JobContext) -> Made:
    """Cut, judge and measure all photographs of a source; banks and kept palms come to lie in `folder`."""
    networks = extractors.here()
    palms = _gathered(row, source, folder / SCRATCH, len(networks), context)
    report = _report(palms)
    if palms.n < limits.LEAST_PALMS:
        raise TooFewPalms(palms.n, report)
    lineage = [
        {
            "source": row.request.get("file") or row.request["folder"],
            "images": palms.n,
            "terms": row.request["terms"],
        }
    ]
    banks = []
    for place, network in enumerate(networks, start=1):
        extractor = _network(network.name)
        bank = gathering.measure(
            palms,
            extractor,
            name=row.name,
            lineage=lineage,
            cache=FeatureCache(folder / SCRATCH),
            progress=_teller(context, network, palms.seen, place, palms.n, len(networks)),
        )
        banks.append(_kept(row, bank, folder))
    if row.request["keep_photos"]:
        gathering.keep_photos(palms, folder / PHOTOS)
    return Made(banks, bank.header.content, palms.n, lineage, bank.header.notes, report)


def measure_more(row: Reference, folder: Path, context: JobContext) -> list[Bank]:
    """Banks of kept photographs in the networks that they were not measured with yet."""
    known = list(row.banks.all())
    missing = [one for one in extractors.here() if one.name not in {bank.extractor for bank in known}]
    like = reference.load(known[0].path)
    photos = sorted(row.photos_folder.glob("*.png"))
    banks = []
    for place, network in enumerate(missing):
        bank = gathering.measure_photos(
            photos,
            like,
            _network(network.name),
            cache=FeatureCache(folder / SCRATCH),
            progress=_teller(context, network, len(photos), place, len(photos), len(missing) - 1),
        )
        banks.append(_kept(row, bank, folder))
    return banks


def _gathered(
    row: Reference, source: Path, scratch: Path, networks: int, context: JobContext
) -> gathering.Palms:
    bounds = limits.LIMITS

    def follow(event: Event) -> None:
        total = event.total * (1 + networks)
        context.progress(event.done, total, messages.READING_PHOTOS, {"file": event.file[:80]})

    try:
        return gathering.gather(
            source,
            scratch / "palms",
            subject=row.subject,
            people=row.request["people"],
            cutter=None if row.request["already_cut"] else _cutter(row.subject),
            limits=archive.Limits(
                max_entries=bounds.entries,
                max_member_bytes=bounds.image_bytes,
                max_total_bytes=bounds.unpacked_bytes,
            ),
            on_event=follow,
        )
    except gathering.NothingKept as error:
        raise TooFewPalms(0, _report(error.palms)) from error
    except (ArchiveError, DataError) as error:
        raise JobFailed("archive_refused", *refusals.of_files(error)) from error


@cache
def _cutter(subject: str) -> PalmCutter:
    """The detector and the upright network that training uses; a worker keeps them."""
    return CUTTERS[subject].load()


def _network(name: str) -> features.Extractor:
    weights = extractors.inception_weights() if name == extractors.STANDARD else None
    try:
        return features.load(name, weights)
    except MlcoreError as error:
        raise JobFailed("no_network", *reasons.of(error)) from error


def _teller(
    context: JobContext, network: extractors.Network, seen: int, place: int, n: int, networks: int
) -> Callable[[int, int], None]:
    """Progress of one network after another, on the scale that the photographs began."""

    def tell(done: int, _of: int) -> None:
        params = {"n": n, "network": network.title}
        at = seen * place + round(seen * done / max(n, 1))
        context.progress(at, seen * (1 + networks), messages.MEASURING_PHOTOS, params)

    return tell


def _report(palms: gathering.Palms) -> dict[str, Any]:
    """How many were seen and refused, by reason, and the list of them as far as it is kept."""
    return {
        "seen": palms.seen,
        "kept": palms.n,
        "people": palms.known_people,
        "reasons": dict(Counter(one["reason"] for one in palms.refused).most_common()),
        "refused": [
            {key: one[key] for key in ("file", "reason", "detail", "facts")}
            for one in palms.refused[: limits.LISTED_REFUSALS]
        ],
    }


def _kept(row: Reference, bank: reference.Bank, folder: Path) -> Bank:
    file = f"{bank.header.extractor}.safetensors"
    sha256 = reference.save(bank, folder / file)
    return Bank(
        reference=row,
        extractor=bank.header.extractor,
        weights_sha256=bank.header.weights_sha256,
        source=Bank.Source.UPLOAD,
        file=f"{row.pk}/{file}",
        size=(folder / file).stat().st_size,
        sha256=sha256,
    )
