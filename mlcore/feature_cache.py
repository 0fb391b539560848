"""Features on disk by image hash, so that an image is looked at once; a lost or broken cache only costs time.

One SQLite file, safe for many processes: rows are added whole, and two writers of a row write the same.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlcore.errors import MlcoreError
from mlcore.models.features import BATCH, Extractor

Picture = NDArray[np.uint8]
Rows = NDArray[np.float32]

NAME = "features.sqlite3"
VERSION = 1  # raise it when the way an image is prepared changes
WAIT_SECONDS = 30.0
KEYS_A_QUERY = 500
_TABLE = (
    "CREATE TABLE IF NOT EXISTS features "
    "(network TEXT, image TEXT, row BLOB, PRIMARY KEY (network, image)) WITHOUT ROWID"
)


class FeatureCache:
    """Features by (network, image hash) in a folder; `None` for the folder keeps nothing."""

    def __init__(self, folder: str | Path | None) -> None:
        if folder is not None and Path(folder).is_file():
            raise MlcoreError(f"{folder} is a file; features are kept in a folder.")
        self._path = None if folder is None else Path(folder) / NAME

    def features(
        self,
        extractor: Extractor,
        pictures: Mapping[str, Callable[[], Picture]],
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> dict[str, Rows]:
        """Features by hash in the order of the pictures; one is only opened if its features are not known.

        `progress(done, total)` is called after each batch of new ones, known ones counted as done.
        """
        network = network_key(extractor)
        found = self.get(network, list(pictures), extractor.dim)
        missing = [key for key in pictures if key not in found]
        for start in range(0, len(missing), BATCH):
            keys = missing[start : start + BATCH]
            rows = extractor([pictures[key]() for key in keys]).cpu().numpy()
            fresh = dict(zip(keys, rows, strict=True))
            self.put(network, fresh)
            found.update(fresh)
            if progress:
                progress(len(found), len(pictures))
        return {key: found[key] for key in pictures}

    def known(self, extractor: Extractor, keys: Sequence[str]) -> set[str]:
        """Which of these images need not be opened."""
        return set(self.get(network_key(extractor), keys, extractor.dim))

    def get(self, network: str, keys: Sequence[str], dim: int) -> dict[str, Rows]:
        """The features that are known."""
        if self._path is None:
            return {}
        found: dict[str, Rows] = {}
        try:
            with _opened(self._path) as connection:
                for start in range(0, len(keys), KEYS_A_QUERY):
                    some = keys[start : start + KEYS_A_QUERY]
                    marks = ",".join("?" * len(some))
                    query = f"SELECT image, row FROM features WHERE network = ? AND image IN ({marks})"
                    for image, row in connection.execute(query, [network, *some]):
                        if len(row) == 4 * dim:
                            found[image] = np.frombuffer(row, dtype="<f4")
        except sqlite3.DatabaseError:
            _set_aside(self._path)
        return found

    def put(self, network: str, rows: Mapping[str, Rows]) -> None:
        """Keep features."""
        if self._path is None:
            return
        values = [(network, key, row.astype("<f4").tobytes()) for key, row in rows.items()]
        try:
            with _opened(self._path) as connection:
                connection.executemany("INSERT OR IGNORE INTO features VALUES (?, ?, ?)", values)
        except sqlite3.OperationalError:
            # A full disk or a folder that may not be written: the answer stands without being kept.
            return
        except sqlite3.DatabaseError:
            _set_aside(self._path)


def network_key(extractor: Extractor) -> str:
    """What a feature depends on beside the image."""
    return f"{VERSION}:{extractor.name}:{extractor.size}:{extractor.sha256}"


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection whose work is kept as a whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=WAIT_SECONDS)
    try:
        with connection:
            connection.execute(_TABLE)
            yield connection
    finally:
        connection.close()


def _set_aside(path: Path) -> None:
    """Move away a file that is no database any more; nothing in it is needed. A locked one stays."""
    try:
        intact = path.read_bytes()[:16] == b"SQLite format 3\x00"
    except FileNotFoundError:
        return
    if not intact:
        path.replace(path.with_suffix(".broken"))
