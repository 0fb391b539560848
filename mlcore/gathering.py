"""From photographs of real palms to banks of features: cut as in training, grouped by person, measured by networks.

It reads folders and archives and writes into one folder that is given; who may do so and what is kept is not its
business.
"""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mlcore import images, preparation, reference
from mlcore.archive import Limits, is_archive, iter_members
from mlcore.cut import MARGINS
from mlcore.data import DataError, PackedDataset, natural_key
from mlcore.feature_cache import FeatureCache
from mlcore.metrics.errors import PhotosLost
from mlcore.models.features import Extractor
from mlcore.preparation import TABLE, Cutter, Event, NothingPacked, Photo

People = Literal["unknown", "folders", "table"]

SIDE = 256
BLOCKS = 10  # of consecutive files, where nobody knows who is on them
LEAST_OTHERS = 10  # pictures of everybody but the most pictured person: else two sides cannot be dealt
MOST_TABLE = 8 * 2**20
NOTES = "Features of a frozen network, rounded; no image can be had back from them."


@dataclass(frozen=True)
class Palms:
    """Cut palms or hands in a packed set, who is on each ('' where unknown), and the photographs that were refused."""

    folder: Path
    subject: str
    seen: int
    files: list[str]
    people: list[str]
    refused: list[dict[str, Any]]

    @property
    def n(self) -> int:
        """How many there are."""
        return len(self.files)

    @property
    def known_people(self) -> int:
        """Of how many people that are told apart."""
        return len({person for person in self.people if person})

    def pictures(self) -> Iterator[npt.NDArray[np.uint8]]:
        """The palms one by one."""
        packed = PackedDataset.open(self.folder, split="all")
        for position in range(self.n):
            yield packed.images([position])[0]


class NoPhotographs(DataError):
    """The source holds no file that could be one."""


class NoTable(DataError):
    """There is no table of people, and one was promised."""


class BadTable(DataError):
    """The table of people has not the columns it must have."""


class TableTooLarge(DataError):
    """The table of people is larger than any honest one."""


class NothingKept(DataError):
    """Not one photograph could be used; `palms` says what was wrong with each."""

    def __init__(self, palms: Palms) -> None:
        super().__init__(f"None of {palms.seen} files could be used.")
        self.palms = palms


def gather(
    source: Path,
    folder: Path,
    *,
    subject: str = "palm",
    people: People = "unknown",
    cutter: Cutter | None = None,
    limits: Limits | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
) -> Palms:
    """Cut palms or hands out of all photographs of a folder or archive; without `cutter` they count as cut already."""
    dropped: list[dict[str, Any]] = []
    kept: list[str] = []  # with their folders: those of one folder are likelier to be of one person
    seen = 0

    def follow(event: Event) -> None:
        nonlocal seen
        seen = event.done
        if event.reason:
            told = {"reason": event.reason, "detail": event.detail, "facts": dict(event.facts)}
            dropped.append({"file": event.file, **told})
        else:
            kept.append(event.file)
        on_event(event)

    try:
        found = preparation.prepare(
            [source],
            folder,
            preparation.Options(size=SIDE, subject=subject, margin=MARGINS[subject]),
            person_of=_namer(source, people, limits),
            cutter=cutter,
            limits=limits,
            on_event=follow,
        )
    except NothingPacked as error:
        if not seen:
            raise NoPhotographs(f"There is no photograph in it: {', '.join(images.SUFFIXES)}.") from error
        raise NothingKept(Palms(folder, subject, seen, [], [], dropped)) from error
    return Palms(folder, subject, seen, kept, found.manifest["columns"]["person"], dropped)


def measure(
    palms: Palms,
    extractor: Extractor,
    *,
    name: str,
    lineage: Sequence[dict[str, Any]] = (),
    cache: FeatureCache,
    progress: Callable[[int, int], None] | None = None,
) -> reference.Bank:
    """The bank of these palms in one network; features are looked up in `cache` first."""
    packed = PackedDataset.open(palms.folder, split="all")
    hashes = [hashlib.sha256(picture.tobytes()).hexdigest() for picture in palms.pictures()]
    pictures = {key: partial(_picture, packed, position) for position, key in enumerate(hashes)}
    found = cache.features(extractor, pictures, progress=progress)
    return reference.build(
        np.stack([found[key] for key in hashes]),
        hashes,
        extractor,
        name=name,
        groups=groups(palms.files, palms.people),
        lineage=lineage,
        notes=NOTES,
        subject=palms.subject,
    )


def groups(files: Sequence[str], people: Sequence[str]) -> list[str]:
    """Who belongs together: a person's pictures, and where nobody knows, blocks of consecutive files.

    Consecutive files of one source may be one person, so they are never dealt to two sides one by one. Where
    hardly anybody but one person is pictured, disjoint people cannot play against each other: blocks do.
    """
    most = max((count for person, count in Counter(people).items() if person), default=0)
    if most > len(people) - LEAST_OTHERS:
        people = [""] * len(people)
    unknown = [position for position, person in enumerate(people) if not person]
    unknown.sort(key=lambda position: natural_key(files[position]))
    answer = list(people)
    for rank, position in enumerate(unknown):
        # A person's name never begins with this sign.
        answer[position] = f"\0block {rank * BLOCKS // len(unknown)}"
    return answer


def keep_photos(palms: Palms, folder: Path) -> int:
    """Write the palms as PNG files, 000000.png and on, in the order of the banks' rows."""
    folder.mkdir(parents=True, exist_ok=True)
    for position, picture in enumerate(palms.pictures()):
        (folder / f"{position:06d}.png").write_bytes(images.encode_png(picture))
    return palms.n


def measure_photos(
    photos: Sequence[Path],
    like: reference.Bank,
    extractor: Extractor,
    *,
    cache: FeatureCache,
    progress: Callable[[int, int], None] | None = None,
) -> reference.Bank:
    """The bank of kept photographs in one network more, with the groups and words of the bank they have."""
    if len(photos) != like.header.n:
        raise PhotosLost(
            f"{len(photos)} photographs are kept, and the bank has {like.header.n} rows: some are lost. "
            "Add the reference again.",
            kept=len(photos),
            n=like.header.n,
        )
    hashes = [hashlib.sha256(_decoded(path).tobytes()).hexdigest() for path in photos]
    pictures = {key: partial(_decoded, path) for key, path in zip(hashes, photos, strict=True)}
    found = cache.features(extractor, pictures, progress=progress)
    return reference.build(
        np.stack([found[key] for key in hashes]),
        hashes,
        extractor,
        name=like.header.name,
        groups=[str(group) for group in like.groups],
        lineage=like.header.lineage,
        notes=like.header.notes,
        subject=like.header.subject,
    )


def _picture(packed: PackedDataset, position: int) -> npt.NDArray[np.uint8]:
    return np.asarray(packed.images([position])[0])


def _decoded(path: Path) -> npt.NDArray[np.uint8]:
    return images.decode(path.read_bytes())


def _namer(source: Path, people: People, limits: Limits | None) -> Callable[[Photo], str]:
    """Who is on a photograph, by the way that was said."""
    if people == "folders":
        return lambda photo: photo.folders[-1] if photo.folders else ""
    if people == "table":
        known = _table(source, limits)
        return lambda photo: known.get(photo.place) or known.get(photo.file, "")
    return lambda photo: ""


def _table(source: Path, limits: Limits | None) -> dict[str, str]:
    """`people.csv` of a folder or archive: file to person."""
    text = _table_text(source, limits)
    if text is None:
        raise NoTable(
            f"There is no {TABLE}. Put one beside the photographs, with the columns file and person."
        )
    rows = list(csv.DictReader(io.StringIO(text)))
    if not rows or not {"file", "person"} <= set(rows[0]):
        raise BadTable(f"{TABLE} has no columns `file` and `person`. Its first line must name them.")
    return {(row["file"] or "").strip(): (row["person"] or "").strip() for row in rows}


def _table_text(source: Path, limits: Limits | None) -> str | None:
    if source.is_dir():
        found = sorted(source.rglob(TABLE))
        return found[0].read_text(encoding="utf-8-sig", errors="replace") if found else None
    if is_archive(source):
        for member in iter_members(source, limits):
            if member.name.lower() == TABLE:
                if member.size > MOST_TABLE:
                    raise TableTooLarge(
                        f"{TABLE} has more than {MOST_TABLE // 2**20} MiB. Leave in it what is needed."
                    )
                return member.read().decode("utf-8-sig", errors="replace")
    return None
