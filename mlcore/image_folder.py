"""A folder of made images with its manifest: written while images are made, resumed, verified, packed into
one zip.

manifest.csv has a row per image (file, index, seed, score, sha256, and person and hand where images have some),
manifest.json says what was asked for.
"""

import csv
import hashlib
import io
import json
import os
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mlcore import images
from mlcore.checkpoint import write_atomically
from mlcore.engine import GeneratedImage
from mlcore.errors import OutputError
from mlcore.image_readme import README, readme

MANIFEST = "manifest.csv"
PLAN = "manifest.json"
COLUMNS = ("file", "index", "seed", "score", "sha256")
WHOSE = ("person", "hand")
HANDS = ("left", "right", "any")
WAY_OUT = "take it back from a copy, or make the images again in a new folder"
WAITING = 64  # pictures that may wait to be written, so that memory stays flat
# What zipfile raises for a damaged zip, depending on which of its bytes are wrong.
UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError)
ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # a zip must have a time; this one says nothing


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image goes, and whose it is where images are people's."""

    file: str
    person: str = ""
    hand: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of manifest.csv."""

    file: str
    index: int
    seed: int
    score: float | None
    sha256: str
    person: str = ""
    hand: str = ""

    @property
    def place(self) -> Place:
        """Where it says that its image lies, and whose that is."""
        return Place(self.file, self.person, self.hand)

    def cells(self) -> list[str]:
        """As written."""
        score = "" if self.score is None else f"{self.score:.6f}"
        whose = [self.person, self.hand] if self.person else []
        return [self.file, str(self.index), str(self.seed), score, self.sha256, *whose]


def alone(index: int) -> Place:
    """The place of an image that belongs to nobody."""
    return Place(name_of(index))


def name_of(index: int) -> str:
    """The file name of an image: 000000.png and on."""
    return f"{index:06d}.png"


def read_manifest(folder: Path) -> dict[int, Row]:
    """Rows by index; a last line that a kill cut short is left out, anything else that is no row is refused."""
    path = folder / MANIFEST
    try:
        header, *lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise OutputError(f"{path} is no text; {WAY_OUT}.") from error
    columns = tuple(header.split(","))
    if columns not in (COLUMNS, COLUMNS + WHOSE):
        raise OutputError(f"{path} has other columns than {', '.join(COLUMNS)}; {WAY_OUT}.")
    rows: dict[int, Row] = {}
    for number, line in enumerate(lines, 2):
        row = _row(line, len(columns))
        if row is not None:
            rows[row.index] = row
        elif number <= len(lines):  # the last one is empty, or was cut short
            raise OutputError(f"{path}, line {number}, is no row of a manifest; {WAY_OUT}.")
    return rows


def _row(line: str, width: int) -> Row | None:
    """The row that a line says, None where it says none."""
    cells = line.split(",")
    if len(cells) != width:
        return None
    file, index, seed, score, sha256, *whose = cells
    if len(sha256) != 64 or (whose and whose[1] not in HANDS):
        return None
    try:
        return Row(file, int(index), int(seed), float(score) if score else None, sha256, *whose)
    except ValueError:
        return None


def row_of(image: GeneratedImage, place: Place, data: bytes) -> Row:
    """The row of an image that lies there as these bytes."""
    digest = hashlib.sha256(data).hexdigest()
    return Row(place.file, image.index, image.seed, image.score, digest, place.person, place.hand)


def encode(image: GeneratedImage, recipe: Mapping[str, Any]) -> bytes:
    """The bytes of an image's file: pixels, recipe, and the mark of generated media."""
    return images.encode_png(image.pixels, {"palmsite": json.dumps(recipe, sort_keys=True)}, synthetic=True)


class ImageFolder:
    """Writes images into a folder in the background, one at a time whole, the manifest after them."""

    def __init__(
        self, folder: Path, plan: Mapping[str, Any], place: Callable[[int], Place] = alone, growing: str = ""
    ) -> None:
        self.folder, self.plan, self.place = folder, dict(plan), place
        self.growing = (
            growing  # the number of the plan that may rise, for the images before stay what they are
        )
        self.rows: dict[int, Row] = {}
        self._waiting: list[Future[Row]] = []
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="png")

    def __enter__(self) -> Self:
        """Open the folder, or open it again where it was left; another plan's folder is refused, but for more of it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = read_plan(self.folder)
        if kept is None:
            strangers = [path.name for path in self.folder.iterdir() if not path.name.startswith(".")]
            if strangers:
                raise OutputError(f"{self.folder} is not empty ({strangers[0]}); choose a new folder.")
        else:
            self._refuse_another(kept)
        if kept is None or kept.get(self.growing) != self.plan.get(self.growing):
            write_atomically(self.folder / PLAN, json.dumps(self.plan, indent=1, sort_keys=True).encode())
        known = read_manifest(self.folder)
        self.rows = {
            index: row
            for index, row in known.items()
            if row.place == self.place(index) and _size(self.folder / row.file) > 0
        }
        self._rewrite()
        return self

    def add(self, image: GeneratedImage, recipe: Mapping[str, Any]) -> None:
        """Encode and write one image in the background."""
        while self._waiting and (self._waiting[0].done() or len(self._waiting) >= WAITING):
            self._keep()
        self._waiting.append(self._pool.submit(self._write, image, recipe))

    def flush(self) -> None:
        """Wait until everything added is on the disk and in the manifest."""
        while self._waiting:
            self._keep()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish what was added, also when stopped, and sort the manifest."""
        try:
            self.flush()
            self._rewrite()
        finally:
            self._pool.shutdown()

    def _write(self, image: GeneratedImage, recipe: Mapping[str, Any]) -> Row:
        data, place = encode(image, recipe), self.place(image.index)
        path = self.folder / place.file
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.part")
        temporary.write_bytes(data)
        temporary.replace(path)
        return row_of(image, place, data)

    def _keep(self) -> None:
        row = self._waiting.pop(0).result()
        self.rows[row.index] = row
        with (self.folder / MANIFEST).open("a", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(row.cells())

    def _refuse_another(self, kept: Mapping[str, Any]) -> None:
        for key, wanted in self.plan.items():
            begun = kept.get(key)
            has_grown = key == self.growing and isinstance(begun, int) and begun < wanted
            if begun != wanted and not has_grown:
                raise OutputError(
                    f"{self.folder} was begun with {key} = {begun!r}, not {wanted!r}; "
                    "ask for the same again to go on, or choose a new folder."
                )

    def _rewrite(self) -> None:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS + (WHOSE if self.place(0).person else ()))
        writer.writerows(self.rows[index].cells() for index in sorted(self.rows))
        write_atomically(self.folder / MANIFEST, text.getvalue().encode())


def read_plan(folder: Path) -> dict[str, Any] | None:
    """What was asked for when the folder was begun; None where there is no plan."""
    try:
        content = json.loads((folder / PLAN).read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise OutputError(f"{folder / PLAN} is no JSON; {WAY_OUT}.") from error
    if not isinstance(content, dict):
        raise OutputError(f"{folder / PLAN} is no plan; {WAY_OUT}.")
    return content


def archive_in(folder: Path, name: Path | str) -> Path:
    """Where a zip of the folder lies: under a plain name, so that it leaves the folder and its manifest alone."""
    if not re.fullmatch(r"[^./\\\0][^/\\\0]*\.zip", str(name)):
        raise OutputError(
            f"{str(name)!r} is no plain name of a zip; give one as images.zip, which goes into {folder}."
        )
    return folder / name


def contents(folder: Path, archive: Path | None, files: Iterable[str]) -> Iterator[bytes | None]:
    """The bytes of each file, from folder or archive; None where it is missing or damaged."""
    if archive is not None:
        with _opened(archive) as packed:
            yield from (_entry(packed, file) for file in files)
        return
    for path in (folder / file for file in files):
        yield path.read_bytes() if path.is_file() else None


def strangers(folder: Path, archive: Path | None, rows: Iterable[Row]) -> list[str]:
    """Pictures in the folder, and anything in the archive, that no row names: a training would learn from them."""
    named = [row.file for row in rows]
    pictures = (path for path in folder.rglob("*") if path.suffix.lower() in images.SUFFIXES)
    found = {path.relative_to(folder).as_posix() for path in pictures} - set(named)
    if archive is not None:
        with _opened(archive) as packed:  # counted, for two entries may have one name
            found |= (Counter(packed.namelist()) - Counter((*named, MANIFEST, PLAN, README))).keys()
    return sorted(found)


def _opened(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except UNREADABLE as error:
        raise OutputError(f"{archive} is no zip, or a damaged one ({error}); {WAY_OUT}.") from error


def _entry(packed: zipfile.ZipFile, name: str) -> bytes | None:
    """The bytes of one entry; one that is damaged counts as missing, so that the others are still compared."""
    try:
        return packed.read(name)
    except (KeyError, OSError, *UNREADABLE):
        return None


def pack(folder: Path, archive: Path) -> None:
    """All images, their manifests and a README into one zip, stored, the same bytes each time; the pictures then
    leave the folder.
    """
    temporary = archive.with_name(f".{archive.name}.part")
    rows = read_manifest(folder)
    text = readme(read_plan(folder) or {}, len(rows))
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as packed:
            for name in (*(row.file for row in rows.values()), MANIFEST, PLAN):
                packed.writestr(zipfile.ZipInfo(name, ZIP_TIME), (folder / name).read_bytes())
            packed.writestr(zipfile.ZipInfo(README, ZIP_TIME), text)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(archive)
    finally:
        temporary.unlink(missing_ok=True)
    for row in rows.values():
        (folder / row.file).unlink()
    emptied = {parent for row in rows.values() for parent in Path(row.file).parents} - {Path()}
    for parent in sorted(emptied, key=lambda path: -len(path.parts)):
        (folder / parent).rmdir()


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
