"""Archives that are never made: read by zipfile, tarfile, unzip and sha256sum; any range is the same bytes."""

import hashlib
import io
import random
import subprocess
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest

from generation.sets.archives import Archive, BrokenMemberError, Member, tar_of, zip_of


def member(name, data, source=None):
    return Member(name, len(data), zlib.crc32(data), hashlib.sha256(data).hexdigest(), source or data)


def whole(archive):
    return b"".join(archive.read(0, archive.size - 1))


class Opened(io.RawIOBase):
    """An archive as a file that can be sought in, so that zipfile reads only what it needs."""

    def __init__(self, archive: Archive):
        self.archive, self.place = archive, 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self.place

    def seek(self, offset, whence=0):
        self.place = (0, self.place, self.archive.size)[whence] + offset
        return self.place

    def readinto(self, buffer):
        stop = min(self.place + len(buffer), self.archive.size)
        if stop <= self.place:
            return 0
        data = b"".join(self.archive.read(self.place, stop - 1))
        buffer[: len(data)] = data
        self.place += len(data)
        return len(data)


@pytest.fixture
def members(tmp_path):
    file = tmp_path / "palm.png"
    file.write_bytes(random.Random(1).randbytes(700_000))
    return [
        member("a.txt", b"hello"),
        member("empty", b""),
        member("palm.png", file.read_bytes(), str(file)),
        member("имя/ладонь.txt", b"utf-8"),
    ]


def test_zip_is_read_by_others(members, tmp_path):
    made = zip_of(members)
    data = whole(made)
    assert len(data) == made.size
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == [one.name for one in members]
        assert opened.read("имя/ладонь.txt") == b"utf-8"
        assert {info.date_time for info in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    path = tmp_path / "made.zip"
    path.write_bytes(data)
    tested = subprocess.run(["unzip", "-t", str(path)], capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_tar_is_read_by_others(members):
    made = tar_of(members)
    data = whole(made)
    assert len(data) == made.size
    with tarfile.open(fileobj=io.BytesIO(data)) as opened:
        assert opened.getnames() == [one.name for one in members]
        assert opened.extractfile("palm.png").read() == whole(zip_of([members[2]]))[30 + 8 :][:700_000]


@pytest.mark.parametrize("make", [zip_of, tar_of])
def test_any_range_is_the_same_bytes_as_the_whole(members, make):
    made = make(members)
    data = whole(made)
    # Around every joint, and anywhere.
    places = {place + off for place in made._ends for off in (-2, -1, 0, 1)} | {0}
    rng = random.Random(2)
    places |= {rng.randrange(made.size) for _ in range(50)}
    places = sorted(place for place in places if 0 <= place < made.size)
    for first in places:
        last = min(first + rng.choice([0, 1, 40, 300_000]), made.size - 1)
        assert b"".join(made.read(first, last)) == data[first : last + 1]
        assert b"".join(made.read(first, made.size - 1)) == data[first:]


def test_the_etag_is_of_the_content(members):
    assert zip_of(members).etag == zip_of(members).etag
    assert len({zip_of(members).etag, zip_of(members[:3]).etag, tar_of(members).etag}) == 3


def test_a_file_that_shrank_ends_the_archive_with_an_error(members):
    with Path(members[2].source).open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(BrokenMemberError, match="ends after 1000"):
        whole(zip_of(members))


@pytest.mark.slow
def test_more_members_than_a_small_zip_can_count():
    made = zip_of(member(f"{number:06d}", b"") for number in range(70_000))
    with zipfile.ZipFile(Opened(made)) as opened:
        assert len(opened.namelist()) == 70_000


def test_places_and_sizes_beyond_four_gigabytes(tmp_path):
    hollow = tmp_path / "hollow"
    hollow.touch()
    with hollow.open("r+b") as file:
        file.truncate(5 * 2**30)
    large = Member("large", 5 * 2**30, 0, "0" * 64, str(hollow))
    last = member("last.txt", b"found behind it")
    made = zip_of([large, last])
    with zipfile.ZipFile(Opened(made)) as opened:
        assert opened.getinfo("large").file_size == 5 * 2**30
        assert opened.getinfo("last.txt").header_offset > 5 * 2**30
        assert opened.read("last.txt") == b"found behind it"
        with opened.open("large") as inside:
            assert inside.read(10) == bytes(10)
