"""A CSV that says of files who is on them and more: read and checked before the work, asked file by file.

A row may name a file by its name alone or by a path; the path tells apart what is called alike in several folders.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mlcore.data import DataError

Row = Mapping[str, str]


class PeopleTable:
    """The rows of a CSV, found by where a file lies."""

    def __init__(self, path: Path, rows: Iterable[Row]) -> None:
        self.path = path
        self._rows = {_parts(row["file"]): row for row in rows}
        self._by_name: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for parts in self._rows:
            self._by_name.setdefault(parts[-1:], []).append(parts)

    def __iter__(self) -> Iterator[Row]:
        """All rows, each once."""
        return iter(self._rows.values())

    def find(self, source: str, place: Sequence[str]) -> Row | None:
        """The row of a file by its folders and name inside a source, the one that agrees furthest back."""
        path = (source, *place)
        agreeing: dict[int, list[tuple[str, ...]]] = {}
        for parts in self._by_name.get(tuple(place[-1:]), ()):
            same = _same_ends(parts, path)
            # One of the two must be the end of the other: alice/0.png is not said of bob/0.png.
            if same >= min(len(parts), len(place)):
                agreeing.setdefault(same, []).append(parts)
        if not agreeing:
            return None
        nearest = agreeing[max(agreeing)]
        if len({self._rows[parts].get("person") for parts in nearest}) > 1:
            names = " and ".join("/".join(parts) for parts in nearest[:2])
            raise DataError(
                f"{'/'.join(place)} may be {names} of {self.path}, which are different people: give the folder in "
                "which their folders lie."
            )
        return self._rows[nearest[-1]]


def read(path: Path) -> PeopleTable:
    """Read a CSV of what is known about each file; it must have a `file` column."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            rows = [_checked(row, f"{path}, line {reader.line_num}") for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{path} cannot be read as CSV: {reason}.") from error
    if not rows or "file" not in rows[0]:
        raise DataError(
            f"{path} has no column `file`. Its first line must name the columns, `file` among them."
        )
    _refuse_two_people(path, rows)
    return PeopleTable(path, rows)


def points(text: str) -> list[tuple[float, float]]:
    """The landmarks of a row, as they are written in its column."""
    pairs = (point.split(",") for point in text.split(";"))
    return [(float(x), float(y)) for x, y in pairs]


def _checked(row: dict[str, str], place: str) -> dict[str, str]:
    """A row of the CSV that can be used: one that cannot is told now, not in the midst of the work."""
    lacking = [column for column, value in row.items() if value is None]
    if lacking:
        raise DataError(f"{place}: {lacking[0]} is missing; give every line as many columns as the first.")
    for column, reader, wanted in (
        ("native_side", int, "a whole number of pixels"),
        ("landmarks", points, "points such as 12,40.5;80,61"),
    ):
        text = row.get(column, "")
        try:
            if text:
                reader(text)
        except ValueError as error:
            raise DataError(f"{place}: {column} is {text[:40]!r}; it must be {wanted}, or empty.") from error
    return row


def _refuse_two_people(path: Path, rows: Iterable[Row]) -> None:
    """Refuse a file that stands there twice with different people: nobody could say whose it is."""
    people: dict[tuple[str, ...], str] = {}
    for row in rows:
        parts, person = _parts(row["file"]), row.get("person", "")
        if people.setdefault(parts, person) != person:
            raise DataError(
                f"{path} gives {row['file']} to {people[parts] or 'nobody'} and to {person or 'nobody'}: where files "
                "of two folders are called alike, write their folders too, as in alice/0.png."
            )


def _parts(file: str) -> tuple[str, ...]:
    """The names of a path, however it was written."""
    return tuple(part for part in file.replace("\\", "/").split("/") if part not in ("", "."))


def _same_ends(one: Sequence[str], other: Sequence[str]) -> int:
    """How many names from the end two paths have in common."""
    count = 0
    while count < min(len(one), len(other)) and one[-1 - count] == other[-1 - count]:
        count += 1
    return count
