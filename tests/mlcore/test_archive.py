"""The unpacker against honest archives of Python's own packers and against hostile ones made by hand."""

import gzip
import io
import os
import stat
import struct
import tarfile
import time
import tracemalloc
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlcore import archive
from mlcore.archive import Limits
from mlcore.errors import MlcoreError

FILES = {
    "a.png": b"first",
    "folder/b.jpg": os.urandom(200_000),
    "folder/deep/ünï.png": b"",
    "zeros.bmp": bytes(300_000),
}


def contents(path, limits=None):
    return {member.path: member.read() for member in archive.iter_members(path, limits)}


def make_zip(path, files=FILES, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as made:
        made.mkdir("folder")
        for name, data in files.items():
            made.writestr(name, data)
    return path


def make_tar(path, files=FILES, mode="w", format=tarfile.PAX_FORMAT):
    with tarfile.open(path, mode, format=format) as made:
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        made.addfile(folder)
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            made.addfile(entry, io.BytesIO(data))
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_reads_what_zipfile_writes(tmp_path, method):
    assert contents(make_zip(tmp_path / "a.zip", method=method)) == FILES


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_reads_what_tarfile_writes(tmp_path, mode, format):
    files = FILES | ({} if format == tarfile.USTAR_FORMAT else {"x" * 80 + "/" + "y" * 180 + ".png": b"long"})
    assert contents(make_tar(tmp_path / "whatever.bin", files, mode, format)) == files


def test_reads_a_zip_written_as_a_stream_and_one_with_a_comment(tmp_path):
    class Pipe(io.RawIOBase):
        def __init__(self):
            self.data = b""

        def writable(self):
            return True

        def write(self, data):
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.png", b"streamed" * 100)
        made.comment = b"PK\x05\x06 is only a comment here, and longer than an end record"
    (tmp_path / "a.zip").write_bytes(pipe.data)
    assert contents(tmp_path / "a.zip") == {"a.png": b"streamed" * 100}


def test_reads_zip64(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made, made.open("a.png", "w", force_zip64=True) as entry:
        entry.write(b"wide")
    assert contents(tmp_path / "a.zip") == {"a.png": b"wide"}
    data = (tmp_path / "a.zip").read_bytes()
    end = data.rfind(b"PK\x05\x06")
    fields = list(struct.unpack_from("<4s4H2LH", data, end))
    wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, fields[5], fields[6])
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    (tmp_path / "b.zip").write_bytes(data[:end] + wide + locator + last)
    assert contents(tmp_path / "b.zip") == {"a.png": b"wide"}


def test_members_are_told_without_reading_and_paths_are_only_labels(tmp_path):
    names = ["../../etc/passwd.png", "/root.png", "C:\\dir\\x.png", "a/./b/../c.png", "bell\x07.png"]
    path = make_tar(tmp_path / "a.tar", dict.fromkeys(names, b"x"))
    told = [member.path for member in archive.list_members(path)]
    assert told == ["etc/passwd.png", "root.png", "C:/dir/x.png", "a/b/c.png", "bell_.png"]
    assert archive.list_members(make_zip(tmp_path / "b.zip"))[0].size == 5
    assert archive.check(path) == 5


@pytest.mark.parametrize("make", [make_zip, make_tar])
@pytest.mark.parametrize(
    "name",
    [
        "../a.png",
        "a/../../b.png",
        "a\\..\\b.png",
        "/tmp/a.png",
        "\\tmp\\a.png",
        "C:\\a.png",
        "c:a.png",
        "//host/share/a.png",
    ],
)
def test_paths_that_lead_out_are_refused_where_honest_ones_are_asked_for(tmp_path, make, name):
    path = make(tmp_path / "a", {"fine.png": b"x", name: b"x"})
    assert len(archive.list_members(path)) == 2
    with pytest.raises(archive.PathRefused, match="leads out") as refused:
        archive.list_members(path, Limits(honest_paths=True))
    assert refused.value.file == name.replace("\\", "/")


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_honest_paths_pass(tmp_path, make):
    names = ["./a.png", "a/./b.png", "..a/b..png", "...", "a\\b.png", "a/b:c.png"]
    path = make(tmp_path / "a", dict.fromkeys(names, b"x"))
    assert len(archive.list_members(path, Limits(honest_paths=True))) == len(names)


def test_a_tar_of_zeros_is_a_bomb_and_one_without_files_is_empty(tmp_path):
    (tmp_path / "bomb").write_bytes(gzip.compress(bytes(2**24)))
    with pytest.raises(archive.RatioTooHigh):
        archive.list_members(tmp_path / "bomb")
    with tarfile.open(tmp_path / "empty", "w:gz"):
        pass
    assert archive.list_members(tmp_path / "empty") == []


@pytest.mark.parametrize("kind", ["zip", "tar", "gz"])
@pytest.mark.parametrize(
    ("limits", "error"),
    [
        (Limits(max_entries=3), archive.TooManyEntries),
        (Limits(max_member_bytes=250_000), archive.MemberTooLarge),
        (Limits(max_total_bytes=400_000), archive.TotalTooLarge),
    ],
)
def test_limits_hold(tmp_path, kind, limits, error):
    path = tmp_path / "a"
    if kind == "zip":
        make_zip(path)
    else:
        make_tar(path, mode="w:gz" if kind == "gz" else "w")
    with pytest.raises(error, match=r"[0-9]"):
        archive.check(path, limits)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_a_bomb_is_refused_before_it_takes_memory(tmp_path, kind):
    path, size = tmp_path / "bomb", 64 * 2**20
    if kind == "zip":
        make_zip(path, {"a.bmp": bytes(size)})
    else:
        make_tar(path, {"a.bmp": bytes(size)}, "w:gz")
    tracemalloc.start()
    with pytest.raises(archive.RatioTooHigh, match="200 times"):
        archive.check(path)
    assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    tracemalloc.stop()


def test_a_zip_that_lies_about_its_sizes_is_stopped_by_the_count(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"a.png": os.urandom(90_000)})
    data = bytearray(path.read_bytes())
    central = data.rfind(b"PK\x01\x02", 0, data.rfind(b"a.png"))
    data[central + 24 : central + 28] = struct.pack("<L", 10)
    path.write_bytes(data)
    with pytest.raises(archive.BrokenArchive, match="more bytes"):
        archive.check(path)


@pytest.mark.slow
def test_a_million_entries_are_refused_at_once(tmp_path):
    one = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    for count in (0xFFFF, 5):  # told honestly, and told falsely
        body = one * (1_000_000 if count == 5 else 0xFFFF)
        end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(body), 0, 0)
        (tmp_path / "a.zip").write_bytes(b"PK\x03\x04" + body + end[:16] + struct.pack("<LH", 4, 0))
        tracemalloc.start()
        began = time.process_time()
        with pytest.raises((archive.TooManyEntries, archive.BrokenArchive)):
            archive.list_members(tmp_path / "a.zip", Limits(max_entries=10_000))
        assert time.process_time() - began < 1
        assert tracemalloc.get_traced_memory()[1] < 2 * 2**20
        tracemalloc.stop()


def test_a_packed_size_past_all_numbers_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.png", b"first")
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 20 : at + 24] = b"\xff" * 4
    data[at + 30 : at + 32] = struct.pack("<H", 12)
    data[at + 46 + 5 : at + 46 + 5] = struct.pack("<2HQ", 1, 8, 2**64 - 1)
    end = data.index(b"PK\x05\x06")
    data[end + 12 : end + 16] = struct.pack("<L", end - at)
    path.write_bytes(data)
    with pytest.raises(archive.BrokenArchive, match="overlap"):
        contents(path)


@pytest.mark.slow
def test_a_long_directory_is_never_held(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as made:
        for number in range(20_000):
            made.writestr(f"train/real/{number:06d}", b"")
    tracemalloc.start()
    count = sum(1 for _ in archive.iter_members(path))
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20_000
    assert most < 4 * 2**20


def test_overlapping_entries_are_refused(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"a.png": b"x" * 50, "b.png": b"y" * 50})
    data = bytearray(path.read_bytes())
    second = data.rfind(b"PK\x01\x02")
    data[second + 42 : second + 46] = struct.pack("<L", data.find(b"PK\x03\x04", 1) - 10)
    path.write_bytes(data)
    with pytest.raises(archive.BrokenArchive, match="overlap"):
        archive.list_members(path)


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        (stat.S_IFLNK, archive.LinkRefused),
        (stat.S_IFCHR, archive.DeviceRefused),
        (stat.S_IFIFO, archive.DeviceRefused),
    ],
)
def test_links_and_devices_in_a_zip_are_refused(tmp_path, mode, error):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        entry = zipfile.ZipInfo("a.png")
        entry.create_system, entry.external_attr = 3, (mode | 0o644) << 16
        made.writestr(entry, "/etc/passwd")
    with pytest.raises(error, match=r"a\.png"):
        archive.list_members(tmp_path / "a.zip")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (tarfile.SYMTYPE, archive.LinkRefused),
        (tarfile.LNKTYPE, archive.LinkRefused),
        (tarfile.CHRTYPE, archive.DeviceRefused),
        (tarfile.FIFOTYPE, archive.DeviceRefused),
        (b"Z", archive.UnsupportedArchive),
    ],
)
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind, error):
    entry = tarfile.TarInfo("a.png")
    entry.type, entry.linkname = kind, "/etc/passwd"
    (tmp_path / "a.tar").write_bytes(entry.tobuf(tarfile.USTAR_FORMAT) + bytes(1024))
    with pytest.raises(error, match=r"a\.png"):
        archive.list_members(tmp_path / "a.tar")


def test_encrypted_and_strangely_packed_members_are_refused(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"a.png": b"x"})
    data = bytearray(path.read_bytes())
    central = data.rfind(b"PK\x01\x02", 0, data.rfind(b"a.png"))
    data[central + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(archive.EncryptedRefused, match="password"):
        archive.list_members(path)
    with pytest.raises(archive.UnsupportedArchive, match="deflate"):
        archive.list_members(make_zip(tmp_path / "b.zip", {"a.png": b"x"}, zipfile.ZIP_LZMA))


@pytest.mark.parametrize("name", ["inner.zip", "inner.TAR.GZ", "photo.png"])
@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_nested_archives_are_refused_by_name_and_by_content(tmp_path, name, make):
    inner = make_zip(tmp_path / "inner", {"a.png": b"x"}).read_bytes()
    with pytest.raises(archive.NestedRefused, match="inside"):
        archive.check(make(tmp_path / "outer", {name: inner}))


@pytest.mark.parametrize("make", [make_zip, lambda path: make_tar(path, mode="w:gz"), make_tar])
@pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.98])
def test_cut_off_archives_are_refused(tmp_path, make, part):
    path = make(tmp_path / "a")
    data = path.read_bytes()
    path.write_bytes(data[: max(int(len(data) * part), 600)])
    with pytest.raises(archive.ArchiveError):
        archive.check(path)


def test_damage_is_found_by_the_checksum(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"a.png": b"x" * 500}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    path.write_bytes(data)
    with pytest.raises(archive.BrokenArchive, match="checksum"):
        archive.check(path)


def test_a_huge_header_of_a_tar_is_refused_unread(tmp_path):
    entry = tarfile.TarInfo("x")
    entry.type, entry.size = tarfile.XHDTYPE, 2**33
    with gzip.open(tmp_path / "a.tgz", "wb") as made:
        made.write(entry.tobuf(tarfile.GNU_FORMAT) + bytes(2**16))
    with pytest.raises(archive.BrokenArchive, match="header"):
        archive.check(tmp_path / "a.tgz")


def test_a_member_of_a_tar_cannot_be_read_late(tmp_path):
    members = archive.list_members(make_tar(tmp_path / "a.tar", {"a.png": b"x" * 900, "b.png": b"y"}))
    with pytest.raises(archive.BrokenArchive, match="once"):
        members[0].read()


def test_other_files_are_no_archives(tmp_path):
    for data in (b"", b"hello" * 400, b"\x89PNG\r\n\x1a\n" + bytes(600)):
        (tmp_path / "a.zip").write_bytes(data)
        assert not archive.is_archive(tmp_path / "a.zip")
        with pytest.raises(archive.NotAnArchive):
            archive.check(tmp_path / "a.zip")
    assert issubclass(archive.ArchiveError, MlcoreError)


def test_nothing_is_written_to_disk(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    path = make_zip(tmp_path / "in" / "a.zip")
    monkeypatch.chdir(tmp_path)
    archive.check(path)
    assert [entry.name for entry in tmp_path.rglob("*")] == ["in", "a.zip"]


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_archives_never_end_in_a_foreign_error(tmp_path, data):
    kind = data.draw(st.sampled_from(["zip", "tar", "gz"]))
    path = tmp_path / kind
    files = {"a.png": b"one" * 30, "b/c.jpg": bytes(2000)}
    if kind == "zip":
        make_zip(path, files)
    else:
        make_tar(path, files, "w:gz" if kind == "gz" else "w")
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        archive.check(path, Limits(max_total_bytes=10**7))
    except archive.ArchiveError as error:
        assert str(error)
