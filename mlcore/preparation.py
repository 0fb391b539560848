"""From photos to a packed set: decode, cut, judge, resize, split; each dropped file with its reason.

Memory stays flat: pictures pass one by one. It never keeps a photo whole because no palm was found in it,
unless asked to.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from mlcore import images
from mlcore.archive import Limits, is_archive, iter_members
from mlcore.cut import MARGINS, Cut, Picture, whole
from mlcore.data import DataError, PackedWriter, Split, natural_key, split
from mlcore.errors import ImageError
from mlcore.judging import NearDuplicates, perceptual_hash, sharpness
from mlcore.people_table import PeopleTable, points

TABLE = "people.csv"
# What systems put beside photographs by themselves, and what says who is on them: nobody misses these among the
# pictures. Every other file that is not read is told of, for whoever thinks that it was.
PASSED_OVER = ("__macosx", "desktop.ini", "thumbs.db", TABLE)
REASONS = {
    "broken": "cannot be read as a picture",
    "kind": "by its name no picture that is read here: save it as .jpg, .png, .webp or .bmp",
    "no palm": "no open hand was found in it",
    "tiny": "the hand has too few pixels",
    "blurred": "the lines are blurred",
    "duplicate": "nearly the same as another picture",
}
# Where no palm was looked for there may be anything in the pictures.
WITHOUT_PALMS = {"tiny": "it has too few pixels", "blurred": "it is blurred"}


class NotPhotographs(DataError):
    """A source is neither a folder nor an archive."""


class NothingPacked(DataError):
    """No picture of the sources could be kept."""


@dataclass(frozen=True)
class Options:
    """What to keep and how; recorded in the manifest."""

    size: int = 256
    subject: str = "palm"
    margin: float = MARGINS["palm"]
    keep_undetected: bool = False
    min_side: int | None = None  # of the cut before resizing; None: half of `size`
    min_sharpness: float = 50.0
    max_distance: int = 12  # of 256 bits; pictures of different people differ in 32 or more
    max_pixels: int = images.MAX_PIXELS
    only_sources: tuple[str, ...] | None = None

    @property
    def smallest_side(self) -> int:
        """The side under which a cut is dropped as tiny."""
        return self.size // 2 if self.min_side is None else self.min_side


def reasons(detected: bool) -> dict[str, str]:
    """Why a picture was dropped, in words, by whether palms were looked for in it."""
    return REASONS if detected else REASONS | WITHOUT_PALMS


class Cutter(Protocol):
    """Finds what is wanted in a photo; `crop.CUTTERS` are the real ones."""

    def cut(self, photo: Picture, size: int, margin: float) -> Cut | None:
        """It at `size` px, or None where there is none."""


@dataclass(frozen=True)
class Photo:
    """A file of a source, still encoded; whether it is a photograph at all is not known yet."""

    file: str
    source: str
    read: Callable[[], bytes]
    folders: tuple[str, ...] = ()  # in which it lies inside its source

    @property
    def place(self) -> str:
        """Its folders and its name, for people to find it by."""
        return "/".join((*self.folders, self.file))


@dataclass(frozen=True)
class Event:
    """What happened to one photo; the report and the progress bar are drawn from these."""

    done: int
    total: int
    file: str
    reason: str  # "" when kept
    detail: str
    photo: Picture | None
    cut: Cut | None
    # The numbers or the name that `detail` tells, for whoever tells them in another language.
    facts: Mapping[str, int | str] = field(default_factory=dict)


@dataclass
class Result:
    """What came of a preparation."""

    manifest: dict[str, Any]
    dropped: list[dict[str, str]] = field(default_factory=list)


def find_photos(sources: Sequence[Path], limits: Limits | None = None) -> tuple[int, Iterator[Photo]]:
    """Count the files of folders and archives, and walk them: folders by name, archives as they are stored."""
    limits = limits or Limits()
    total = 0
    for source in sources:
        if source.is_dir():
            total += len(_files(source))
        elif is_archive(source):
            # The count costs a pass over the archive and shows its faults before an hour's work, not after.
            total += sum(1 for member in iter_members(source, limits) if _is_meant(member.parts))
        elif source.exists():
            raise NotPhotographs(
                f"{source} is neither a folder nor an archive (zip, tar or tar.gz) of photos."
            )
        else:
            raise DataError(f"There is no {source}.")
    return total, _walk(sources, limits)


def _walk(sources: Sequence[Path], limits: Limits) -> Iterator[Photo]:
    for source in sources:
        if source.is_dir():
            for path in _files(source):
                yield Photo(path.name, source.name, path.read_bytes, path.relative_to(source).parent.parts)
        else:
            for member in iter_members(source, limits):
                if _is_meant(member.parts):
                    yield Photo(member.name, source.name.split(".")[0], member.read, tuple(member.parts[:-1]))


def _files(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob("*") if path.is_file())
    paths = (path for path in found if _is_meant(path.relative_to(folder).parts))
    return sorted(paths, key=lambda path: natural_key(path.relative_to(folder).as_posix()))


def _is_meant(parts: Sequence[str]) -> bool:
    """Whether somebody put this file there to be read; what is hidden was not."""
    return not any(part.startswith(".") or part.lower() in PASSED_OVER for part in parts)


def prepare(
    sources: Sequence[Path],
    out: Path,
    options: Options,
    *,
    people: PeopleTable | None = None,
    person_of: Callable[[Photo], str] | None = None,
    cutter: Cutter | None = None,
    limits: Limits | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
) -> Result:
    """Make a packed set of all photos of the sources; without `cutter` they count as cut already.

    With `people`, only the files that it names are taken, and what it says of them is kept. With `person_of`,
    all files are taken, and it says who is on each ('' where nobody knows). `limits` bound each archive.
    """
    total, photos = find_photos(sources, limits)
    if people is not None:
        total = min(total, sum(1 for row in people if _wanted(row, options.only_sources)))
    work = _Preparation(options, cutter)
    began = time.monotonic()
    with PackedWriter(out, options.size) as writer:
        for photo, row in _known(photos, people, options.only_sources):
            if person_of is not None:
                row["person"] = person_of(photo)
            event = work.take(photo, row, writer, total)
            on_event(event)
        if not writer.count:
            if not work.done and options.only_sources is not None:
                _refuse_other_sources(
                    options.only_sources, _known(_walk(sources, limits or Limits()), people, None)
                )
            raise NothingPacked(
                _nothing_kept(work.dropped, sources, people is not None, reasons(cutter is not None))
            )
        parts = work.parts()
        manifest = writer.close(
            [parts[number] for number in work.kept],
            kind="packed",
            subject=options.subject,
            options=asdict(options),
            detected=cutter is not None,
            seen=work.done,
            seconds=round(time.monotonic() - began, 1),
            dropped=work.dropped,
        )
    return Result(manifest, work.dropped)


def _known(
    photos: Iterable[Photo], people: PeopleTable | None, only_sources: Sequence[str] | None
) -> Iterator[tuple[Photo, dict[str, Any]]]:
    for photo in photos:
        known = {} if people is None else people.find(photo.source, (*photo.folders, photo.file))
        if known is None:
            continue
        row: dict[str, Any] = {"source": photo.source, **known, "file": photo.file}
        if _wanted(row, only_sources):
            yield photo, row


def _wanted(row: Mapping[str, str], only_sources: Sequence[str] | None) -> bool:
    return only_sources is None or row.get("source") in only_sources


def _refuse_other_sources(asked: Sequence[str], found: Iterable[tuple[Photo, Mapping[str, Any]]]) -> None:
    """Where nothing but other sources is there, their names help more than what is read of a picture."""
    there = sorted({str(row["source"]) for _, row in found})
    if there:
        raise NothingPacked(
            f"Nothing here is of the source {', '.join(asked)}; there are: {', '.join(there)}."
        )


def _nothing_kept(
    dropped: Sequence[Mapping[str, str]], sources: Sequence[Path], with_people: bool, words: Mapping[str, str]
) -> str:
    if not dropped:
        hint = " whose names stand in the CSV and whose source was asked for" if with_people else ""
        places, kinds = ", ".join(map(str, sources)), ", ".join(images.SUFFIXES)
        return f"No pictures{hint} in {places}. These kinds are read: {kinds}; save others as one of them."
    counts = {reason: sum(1 for entry in dropped if entry["reason"] == reason) for reason in words}
    told = "; ".join(f"{count}: {words[reason]}" for reason, count in counts.items() if count)
    return f"None of {len(dropped)} files could be kept. {told}. Look at one of them, or relax the limits."


class _Preparation:
    """The state of one run: what was seen, what is known to repeat, what was dropped."""

    def __init__(self, options: Options, cutter: Cutter | None) -> None:
        self.options = options
        self.cutter = cutter
        self.repeats = NearDuplicates(options.max_distance)
        self.done = 0  # files, pictures or not
        # Pictures alone: another file must move nobody to the other side.
        self.seen: list[dict[str, Any]] = []
        self.places: list[str] = []  # of what was seen, with the folders
        self.kept: list[int] = []  # positions in `seen`
        self.dropped: list[dict[str, str]] = []

    def parts(self) -> list[Split]:
        """Who trains and who is held, of all that was seen, so that nobody moves when the limits change.

        By folder and name: where each folder is a person, names alone would deal everybody to both sides.
        """
        return split([{**row, "file": place} for row, place in zip(self.seen, self.places, strict=True)])

    def take(self, photo: Photo, row: dict[str, Any], writer: PackedWriter, total: int) -> Event:
        """Decide on one photo and write it when it is good."""
        self.done += 1
        decoded: Picture | None = None
        cut: Cut | None = None
        kind = Path(photo.file).suffix.lower()
        reason, detail = "kind", kind
        facts: dict[str, int | str] = {}
        if kind in images.SUFFIXES:
            self.seen.append(row)
            self.places.append(photo.place)
            try:
                decoded = images.decode(photo.read(), self.options.max_pixels)
                cut = self._cut(decoded, row)
                reason, detail, facts = self._judge(cut, photo.file)
            except (ImageError, OSError) as error:
                reason, detail = "broken", str(error)
        if reason:
            self.dropped.append(
                {"file": photo.place, "source": row["source"], "reason": reason, "detail": detail}
            )
        elif cut is not None:
            self.kept.append(len(self.seen) - 1)
            writer.add(cut.picture, {**row, "landmarks": self._landmarks(row, decoded)})
        return Event(self.done, max(total, self.done), photo.place, reason, detail, decoded, cut, facts)

    def _cut(self, photo: Picture, row: Mapping[str, str]) -> Cut | None:
        if self.cutter is not None:
            found = self.cutter.cut(photo, self.options.size, self.options.margin)
            if found is not None or not self.options.keep_undetected:
                return found
        cut = whole(photo, self.options.size)
        # A picture that was cut and enlarged before has fewer pixels of its own than its file.
        return replace(cut, native_side=min(cut.native_side, int(row.get("native_side") or cut.native_side)))

    def _judge(self, cut: Cut | None, file: str) -> tuple[str, str, dict[str, int | str]]:
        """Reason, detail and facts why this cut is not kept, empty when it is."""
        if cut is None:
            return "no palm", "", {}
        side, least_side = cut.native_side, self.options.smallest_side
        if side < least_side:
            detail = f"{side} px, at least {least_side} are needed"
            return "tiny", detail, {"found": side, "least": least_side}
        sharp, least_sharp = sharpness(cut.picture), self.options.min_sharpness
        if sharp < least_sharp:
            detail = f"sharpness {sharp:.0f}, at least {least_sharp:.0f} is needed"
            return "blurred", detail, {"found": round(sharp), "least": round(least_sharp)}
        code = perceptual_hash(cut.picture)
        twin = self.repeats.find(code)
        if twin is not None:
            return "duplicate", f"of {twin}", {"twin": twin}
        self.repeats.add(code, file)
        return "", "", {}

    def _landmarks(self, row: Mapping[str, str], photo: Picture | None) -> list[list[float]] | None:
        """Landmarks of a square picture that was cut before, as parts of its side; a new cut has none."""
        text = row.get("landmarks")
        if not text or photo is None or self.cutter is not None or photo.shape[0] != photo.shape[1]:
            return None
        side = photo.shape[0]
        return [[round(x / side, 5), round(y / side, 5)] for x, y in points(text)]
