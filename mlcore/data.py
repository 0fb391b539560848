"""Packed image sets: THE split of people and the file that trains without decoding.

A packed set is a folder with `images.npy` (uint8, N x H x W x 3, RGB) and `manifest.json`, which
says what each image is. It knows nothing of how pictures were found, cut or judged: that is `preparation.py`.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import cv2
import numpy as np
import numpy.typing as npt

from mlcore.errors import MlcoreError

Split = Literal["train", "validation"]
Images = npt.NDArray[np.uint8]  # N x H x W x 3, RGB

FOLDS = 5
HELD_RESIDUE = 0  # of sha256(person) mod FOLDS
HELD_BLOCK = (
    2  # of the FOLDS contiguous blocks of a source: the middle one, for files often begin and end oddly
)
COLUMNS = ("file", "person", "source", "thumb_side", "skin", "split", "landmarks")
FORMAT = "palmsite-packed-1"
IMAGES_NAME = "images.npy"
MANIFEST_NAME = "manifest.json"


class DataError(MlcoreError):
    """A packed set is missing, torn or not what its manifest says."""


def natural_key(name: str) -> list[tuple[int, int | str]]:
    """Sort key that puts `image_9` before `image_10`: the order in which a camera wrote them."""
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in re.split(r"(\d+)", name) if part]


def split(rows: Sequence[Mapping[str, Any]]) -> list[Split]:
    """Say for each row whether it trains or validates; the only place where this is decided.

    A row has `file` and may have `person` and `source`. All pictures of a known person go one way, by
    sha256(person) mod 5. Where the person is unknown, consecutive files of a source may be one person: each
    source's files, in natural order of their names, are cut into five contiguous blocks, the middle one held.
    The answer does not depend on the order of the rows.
    """
    answer: list[Split] = ["train"] * len(rows)
    unknown: dict[str, list[int]] = {}
    for position, row in enumerate(rows):
        person = str(row.get("person") or "")
        if person:
            if person_is_held(person):
                answer[position] = "validation"
        else:
            unknown.setdefault(str(row.get("source") or ""), []).append(position)
    for positions in unknown.values():
        positions.sort(key=lambda position: natural_key(str(rows[position]["file"])))
        for rank, position in enumerate(positions):
            if rank * FOLDS // len(positions) == HELD_BLOCK:
                answer[position] = "validation"
    return answer


def person_is_held(person: str) -> bool:
    """Whether all pictures of this person are held for validation."""
    return int.from_bytes(hashlib.sha256(person.encode()).digest()) % FOLDS == HELD_RESIDUE


def sha256_of(path: Path) -> str:
    """Hash a file without holding it in memory."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True)
class PackedDataset:
    """A part of a packed set; pixels stay on disk until they are asked for."""

    folder: Path
    manifest: dict[str, Any]
    columns: dict[str, list[Any]]
    size: int
    _pixels: npt.NDArray[np.uint8]
    _positions: npt.NDArray[np.int64]

    @classmethod
    def open(
        cls,
        path: str | Path,
        split: Literal["train", "validation", "all"] = "train",
        size: int | None = None,
        sources: Iterable[str] | None = None,
    ) -> Self:
        """Open a packed set, one split or some sources of it; `size` shrinks pictures as they are read."""
        folder = Path(path)
        manifest = read_manifest(folder)
        pixels = _map_pixels(folder, manifest)
        columns = manifest["columns"]
        wanted = None if sources is None else set(sources)
        chosen = [
            position
            for position in range(len(pixels))
            if (split == "all" or columns["split"][position] == split)
            and (wanted is None or columns["source"][position] in wanted)
        ]
        packed_size = int(pixels.shape[1])
        if size is not None and not 1 <= size <= packed_size:
            raise DataError(
                f"{folder} holds pictures of {packed_size} px, so {size} px cannot be read from it. "
                f"Prepare it again with --size {size}."
            )
        return cls(
            folder=folder,
            manifest=manifest,
            columns={name: [column[position] for position in chosen] for name, column in columns.items()},
            size=size or packed_size,
            _pixels=pixels,
            _positions=np.array(chosen, dtype=np.int64),
        )

    def __len__(self) -> int:
        """How many pictures this part has."""
        return len(self._positions)

    def images(self, indices: Sequence[int] | npt.NDArray[np.integer[Any]]) -> Images:
        """Read pictures by their index in this part: uint8, N x size x size x 3, RGB, a copy of their own."""
        positions = self._positions[np.asarray(indices, dtype=np.int64)]
        pictures = np.asarray(self._pixels[positions])
        if self.size == self._pixels.shape[1]:
            return pictures
        side = (self.size, self.size)
        small = [cv2.resize(picture, side, interpolation=cv2.INTER_AREA) for picture in pictures]
        return np.array(small, dtype=np.uint8).reshape(-1, self.size, self.size, 3)

    def verify(self) -> None:
        """Hash all pixels and compare with the manifest; raises DataError where they differ."""
        found = sha256_of(self.folder / IMAGES_NAME)
        if found != self.manifest["sha256"]:
            raise DataError(
                f"{self.folder / IMAGES_NAME} was changed after it was packed: sha256 {found[:12]}..., "
                f"the manifest says {self.manifest['sha256'][:12]}.... Prepare it again."
            )


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read and check the manifest of a packed set."""
    path = folder / MANIFEST_NAME
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(
            f"{folder} is not a packed set: it has no {MANIFEST_NAME}. "
            f"Make one with: python -m mlcore prepare SOURCE --out {folder}"
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError, OSError) as error:
        raise DataError(f"{path} cannot be read: {error}. Prepare the set again.") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise DataError(f"{path} is not of the format {FORMAT}. Prepare the set again.")
    columns = manifest.get("columns", {})
    if any(len(columns.get(name, ())) != manifest.get("count") for name in COLUMNS):
        raise DataError(
            f"{path} is torn: its columns do not have {manifest.get('count')} rows. Prepare the set again."
        )
    return manifest


def _map_pixels(folder: Path, manifest: Mapping[str, Any]) -> Images:
    path = folder / IMAGES_NAME
    try:
        pixels: Images = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}. Prepare the set again.") from error
    expected = (manifest["count"], manifest["size"], manifest["size"], 3)
    if pixels.dtype != np.uint8 or pixels.shape != expected:
        raise DataError(
            f"{path} holds {pixels.dtype} {pixels.shape}, the manifest says uint8 {expected}. "
            "Prepare the set again."
        )
    return pixels


class PackedWriter:
    """Writes a packed set picture by picture, so that memory stays flat.

    Nothing stands under the final name until `close`.
    """

    def __init__(self, folder: Path, size: int) -> None:
        """Begin a set in this folder, which is made if need be."""
        self.folder = folder
        self.size = size
        self.count = 0
        self._columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
        folder.mkdir(parents=True, exist_ok=True)
        self._partial = folder / f"{IMAGES_NAME}.partial"
        self._stream = self._partial.open("wb+")
        self._write_header()

    def __enter__(self) -> Self:
        """Write within `with`, so that an error leaves no half-written file."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what was written unless `close` made it final."""
        if not self._stream.closed:
            self._stream.close()
            self._partial.unlink(missing_ok=True)

    def add(self, picture: Images, row: Mapping[str, Any]) -> None:
        """Append one picture (uint8, size x size x 3, RGB); columns that the row lacks stay empty."""
        if picture.shape != (self.size, self.size, 3) or picture.dtype != np.uint8:
            raise ValueError(
                f"expected uint8 {(self.size, self.size, 3)}, got {picture.dtype} {picture.shape}"
            )
        self._stream.write(np.ascontiguousarray(picture).tobytes())
        for name in COLUMNS:
            self._columns[name].append(row.get(name) or ("" if name != "landmarks" else None))
        self.count += 1

    def close(self, splits: Sequence[str], **facts: Any) -> dict[str, Any]:
        """Finish both files, the manifest last; `facts` go into the manifest, which is returned.

        `splits` has one word for each picture: it is known only once every row has been seen.
        """
        if len(splits) != self.count:
            raise ValueError(f"{self.count} pictures need as many splits, got {len(splits)}")
        self._columns["split"] = list(splits)
        self._stream.seek(0)
        self._write_header()
        self._stream.close()
        images_path = self.folder / IMAGES_NAME
        digest = sha256_of(self._partial)
        (self.folder / MANIFEST_NAME).unlink(missing_ok=True)  # an old one must never describe new pixels
        self._partial.replace(images_path)
        counts = {
            column: {
                value: self._columns[column].count(value) for value in sorted(set(self._columns[column]))
            }
            for column in ("split", "source", "thumb_side", "skin")
        }
        manifest = {
            "format": FORMAT,
            "size": self.size,
            "count": self.count,
            "sha256": digest,
            "counts": counts,
            "sources": sorted(counts["source"]),
            **facts,
            "columns": self._columns,
        }
        partial = self.folder / f"{MANIFEST_NAME}.partial"
        partial.write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        partial.replace(self.folder / MANIFEST_NAME)
        return manifest

    def _write_header(self) -> None:
        # NumPy pads this header so that its length does not depend on the number of rows:
        # it is rewritten at the end.
        header = {"descr": "|u1", "fortran_order": False, "shape": (self.count, self.size, self.size, 3)}
        np.lib.format.write_array_header_1_0(self._stream, header)
