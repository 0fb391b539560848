"""Looks at a data set in one streaming pass: counts, sizes, pooled colours, broken and equal files.

Memory does not grow with the pictures: a file leaves sixteen bytes behind, and its name only where it is broken.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any

import numpy as np

from mlcore import images, tally
from mlcore.tally import DIGEST, Part, Sample, Tally

MOST = 4  # processes that read
PATIENCE = 0.25  # seconds; a helper takes about as long to start
CHUNK = 256  # files that are read before they are handed over
AHEAD = 32  # chunks that may be read before the one that is next


@dataclass
class Survey:
    """A tally for each label, the reason for each broken file by its place, and what tells equal files."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    broken: dict[int, str] = field(default_factory=dict)
    digests: bytearray = field(default_factory=bytearray)

    @property
    def seen(self) -> int:
        """How many files were read, broken ones included."""
        return len(self.digests) // DIGEST

    def pooled(self, labels: Iterable[str]) -> Tally:
        """Some labels together."""
        together = Tally()
        for label in labels:
            if label in self.tallies:
                together.add(self.tallies[label])
        return together

    def equal(self) -> list[list[int]]:
        """Places of files with the same bytes, two or more in each group, in the order of the first."""
        halves = np.frombuffer(self.digests, dtype=np.uint64).reshape(-1, 2)
        order = np.lexsort(halves.T)  # stable: equal ones stay in the order of their places
        like_next = (halves[order[:-1]] == halves[order[1:]]).all(axis=1)
        groups: list[list[int]] = []
        end = -1
        for at in np.flatnonzero(like_next).tolist():
            if at != end:
                groups.append([int(order[at])])
            end = at + 1
            groups[-1].append(int(order[end]))
        whole = ([place for place in places if place not in self.broken] for places in groups)
        return sorted(places for places in whole if len(places) > 1)


@dataclass(frozen=True)
class Summary:
    """The answer for people: per class and over all."""

    images: int
    counts: dict[str, int]
    sizes: dict[str, int]
    mean: list[float]
    deviation: list[float]
    per_class: dict[str, dict[str, Any]]
    broken: dict[str, str]
    duplicates: list[list[str]]

    def to_json(self) -> dict[str, Any]:
        """As JSON-able values."""
        return dict(self.__dict__)


def samples_of(folder: Path) -> list[Sample]:
    """Images with their labels: the name of the folder's subfolder that they are in, '' at the top."""
    return [
        (path, path.relative_to(folder).parts[0] if path.parent != folder else "")
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in images.SUFFIXES and path.is_file()
    ]


def survey(
    samples: Iterable[Sample],
    on_progress: Callable[[int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Survey:
    """Read every file once, in a few processes that hand over in the order of the samples."""
    found = Survey()
    for part in _read_ahead(samples):
        found.broken.update({found.seen + place: reason for place, reason in part.broken.items()})
        found.digests += part.digests
        for label, tallied in part.tallies.items():
            found.tallies.setdefault(label, Tally()).add(tallied)
        if on_progress is not None:
            on_progress(found.seen)
        if should_stop is not None and should_stop():
            break
    return found


def summarise(
    samples: Sequence[Sample],
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Summary:
    """The survey of a data set whose names fit into memory."""
    found = survey(
        samples, on_progress and (lambda done: on_progress(done, len(samples))), should_stop=should_stop
    )
    whole = found.pooled(found.tallies)
    tallies = dict(sorted(found.tallies.items()))
    return Summary(
        whole.images,
        {label: one.images for label, one in tallies.items()},
        dict(whole.sizes.most_common()),
        _written(whole.mean),
        _written(whole.deviation),
        {
            label: {
                "images": one.images,
                "mean": _written(one.mean),
                "deviation": _written(one.deviation),
            }
            for label, one in tallies.items()
        },
        {str(samples[place][0]): reason for place, reason in found.broken.items()},
        [[str(samples[place][0]) for place in places] for places in found.equal()],
    )


def _written(numbers: list[float]) -> list[float]:
    return [round(number, 6) for number in numbers]


class _Readers:
    """Who reads files: this process and, once there is much to read, a helper for each other core."""

    def __init__(self) -> None:
        self.count = min(os.cpu_count() or 1, MOST)
        self._free: SimpleQueue[Callable[[Sequence[Sample]], Part]] = SimpleQueue()
        self._free.put(tally.read)
        self._helpers: list[tally.Helper] = []
        self._hiring = Lock()
        self._closed = False
        self._patient_until = time.monotonic() + PATIENCE

    def read(self, chunk: Sequence[Sample]) -> Part:
        """By whoever is free first."""
        reader = self._reader()
        try:
            return reader(chunk)
        except tally.HelperGone:
            if self._closed:
                raise
            reader = tally.read
            return reader(chunk)
        finally:
            self._free.put(reader)

    def dismiss(self) -> None:
        """End the helpers, whatever they are at."""
        with self._hiring:
            self._closed = True
            for helper in self._helpers:
                helper.dismiss()

    def _reader(self) -> Callable[[Sequence[Sample]], Part]:
        if not self._helpers:
            try:
                return self._free.get(timeout=max(0.0, self._patient_until - time.monotonic()))
            except Empty:
                self._hire()
        return self._free.get()

    def _hire(self) -> None:
        with self._hiring:
            if not self._helpers and not self._closed:
                self._helpers = [tally.Helper() for _ in range(self.count - 1)]
                for helper in self._helpers:
                    self._free.put(helper.read)


def _read_ahead(samples: Iterable[Sample]) -> Iterator[Part]:
    rest = iter(samples)
    waiting: deque[Future[Part]] = deque()
    readers = _Readers()
    with ThreadPoolExecutor(readers.count, thread_name_prefix="summary") as pool:
        try:
            while chunk := list(islice(rest, CHUNK)):
                waiting.append(pool.submit(readers.read, chunk))
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
            readers.dismiss()
