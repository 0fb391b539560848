"""THE split, and packed sets: what is written is what is read, and what is torn is refused."""

import hashlib
import json
import random

import numpy as np
import pytest

from mlcore import data
from mlcore.data import DataError, PackedDataset, PackedWriter, split


def known(count, pictures=3):
    return [
        {"file": f"{n}_{k}.jpg", "person": f"p{n}", "source": "s"}
        for n in range(count)
        for k in range(pictures)
    ]


def unknown(count, source="u"):
    return [{"file": f"image_{n}.jpg", "source": source} for n in range(count)]


def test_known_people_go_by_the_hash_of_their_name():
    rows = known(200)
    for row, part in zip(rows, split(rows), strict=True):
        held = int(hashlib.sha256(row["person"].encode()).hexdigest(), 16) % 5 == 0
        assert part == ("validation" if held else "train")
    assert 0.12 < split(rows).count("validation") / len(rows) < 0.28


def test_unknown_people_go_by_the_middle_of_five_blocks_of_each_source():
    rows = unknown(25) + unknown(10, "v")
    held = [
        (row["source"], row["file"]) for row, part in zip(rows, split(rows), strict=True) if part != "train"
    ]
    assert held == [("u", f"image_{n}.jpg") for n in range(10, 15)] + [
        ("v", f"image_{n}.jpg") for n in (4, 5)
    ]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 99])
def test_blocks_are_contiguous_for_every_count(count):
    parts = split(unknown(count))
    places = [place for place, part in enumerate(parts) if part == "validation"]
    assert places == list(range(places[0], places[0] + len(places))) if places else count < 5
    assert len(places) in (count // 5, -(-count // 5))


def test_the_order_of_the_rows_does_not_matter_and_new_people_move_nobody():
    rows = known(30) + unknown(40)
    told = dict(zip([row["file"] for row in rows], split(rows), strict=True))
    random.Random(0).shuffle(rows)
    assert dict(zip([row["file"] for row in rows], split(rows), strict=True)) == told
    more = [*rows, {"file": "new.jpg", "person": "somebody", "source": "u"}]
    assert split(more)[:-1] == split(rows)


def write(folder, count=7, size=8):
    stream = np.random.default_rng(0)
    pictures = stream.integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    with PackedWriter(folder, size) as writer:
        for number, picture in enumerate(pictures):
            writer.add(picture, {"file": f"{number}.png", "source": "ab"[number % 2], "person": None})
        writer.close(["train"] * (count - 2) + ["validation"] * 2, seen=count)
    return pictures


def test_what_is_packed_is_read_back(tmp_path):
    pictures = write(tmp_path / "set")
    whole = PackedDataset.open(tmp_path / "set", "all")
    assert len(whole) == 7
    np.testing.assert_array_equal(whole.images(range(7)), pictures)
    held = PackedDataset.open(tmp_path / "set", "validation")
    np.testing.assert_array_equal(held.images([1, 0]), pictures[[6, 5]])
    assert held.columns["file"] == ["5.png", "6.png"]
    some = PackedDataset.open(tmp_path / "set", "train", sources=["b"])
    assert some.columns["file"] == ["1.png", "3.png"]
    assert np.load(tmp_path / "set" / "images.npy", mmap_mode="r").shape == (7, 8, 8, 3)
    whole.verify()
    assert whole.manifest["counts"]["split"] == {"train": 5, "validation": 2}
    assert whole.manifest["sources"] == ["a", "b"]


def test_pictures_shrink_by_area(tmp_path):
    pictures = write(tmp_path / "set")
    small = PackedDataset.open(tmp_path / "set", "all", size=4).images([2])
    expected = pictures[2].reshape(4, 2, 4, 2, 3).mean(axis=(1, 3))
    assert np.abs(small[0] - expected).max() <= 0.5
    assert PackedDataset.open(tmp_path / "set", "all", size=4).images([]).shape == (0, 4, 4, 3)
    with pytest.raises(DataError, match="--size 16"):
        PackedDataset.open(tmp_path / "set", size=16)


def test_the_header_of_the_array_keeps_its_length_for_many_pictures(tmp_path):
    with PackedWriter(tmp_path / "set", 1) as writer:
        for number in range(1200):
            writer.add(np.full((1, 1, 3), number % 256, np.uint8), {"file": str(number), "source": ""})
        writer.close(["train"] * 1200)
    read = PackedDataset.open(tmp_path / "set").images(range(1200))
    np.testing.assert_array_equal(read[:, 0, 0, 0], np.arange(1200) % 256)


def test_an_unfinished_set_leaves_nothing_and_an_old_one_whole(tmp_path):
    write(tmp_path / "set", 3)
    with pytest.raises(RuntimeError), PackedWriter(tmp_path / "set", 8) as writer:
        writer.add(np.zeros((8, 8, 3), np.uint8), {"file": "x"})
        raise RuntimeError
    assert sorted(path.name for path in (tmp_path / "set").iterdir()) == ["images.npy", "manifest.json"]
    PackedDataset.open(tmp_path / "set").verify()


def test_wrong_pictures_and_wrong_counts_are_refused(tmp_path):
    with PackedWriter(tmp_path / "set", 8) as writer:
        with pytest.raises(ValueError, match="expected uint8"):
            writer.add(np.zeros((9, 8, 3), np.uint8), {})
        with pytest.raises(ValueError, match="0 pictures need"):
            writer.close(["train"])


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda folder: (folder / "manifest.json").unlink(), "no manifest.json"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), "format"),
        (lambda folder: (folder / "images.npy").unlink(), "cannot be read"),
        (
            lambda folder: (folder / "images.npy").write_bytes((folder / "images.npy").read_bytes()[:300]),
            "cannot",
        ),
        (
            lambda folder: np.save(folder / "images.npy", np.zeros((2, 8, 8, 3), np.uint8)),
            "the manifest says",
        ),
        (
            lambda folder: np.save(folder / "images.npy", np.array([{}], object), allow_pickle=True),
            "cannot be read",
        ),
    ],
)
def test_torn_sets_are_refused(tmp_path, harm, words):
    write(tmp_path / "set")
    harm(tmp_path / "set")
    with pytest.raises(DataError, match=words):
        PackedDataset.open(tmp_path / "set")


def test_a_changed_pixel_is_found(tmp_path):
    write(tmp_path / "set")
    path = tmp_path / "set" / "images.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="was changed"):
        PackedDataset.open(tmp_path / "set").verify()


def test_a_manifest_whose_columns_are_short_is_refused(tmp_path):
    write(tmp_path / "set")
    path = tmp_path / "set" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["columns"]["file"].pop()
    path.write_text(json.dumps(manifest))
    with pytest.raises(DataError, match="torn"):
        PackedDataset.open(tmp_path / "set")


def test_natural_order():
    assert sorted(["b2", "b10", "a", "2", "10", "b2a"], key=data.natural_key) == [
        "2",
        "10",
        "a",
        "b2",
        "b2a",
        "b10",
    ]


def test_natural_order_of_digits_that_are_no_numbers():
    names = ["1²1.jpg", "٣.jpg", "①.jpg", "1.jpg", "2.jpg"]
    assert sorted(names, key=data.natural_key) == ["1.jpg", "1²1.jpg", "2.jpg", "٣.jpg", "①.jpg"]
