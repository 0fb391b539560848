"""Preparing: what is kept, what is dropped and why, from folders and archives, with a stand-in for the cutter."""

import io
import json
import re
import zipfile

import cv2
import numpy as np
import pytest
from PIL import Image

from mlcore import archive, images, people_table
from mlcore.__main__ import main
from mlcore.crop import CUTTERS
from mlcore.cut import whole
from mlcore.data import DataError, PackedDataset
from mlcore.judging import NearDuplicates, perceptual_hash, sharpness
from mlcore.preparation import Options, prepare

SIZE = 32


def pattern(seed, side=96):
    """A sharp picture unlike any of another seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    return cv2.resize(coarse, (side, side), interpolation=cv2.INTER_NEAREST)


def jpeg(picture, **options):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=95, **options)
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "photos"
    made.mkdir()
    for number in range(6):
        (made / f"image_{number}.png").write_bytes(images.encode_png(pattern(number)))
    return made


class Finder:
    """Finds a palm in every picture whose corner is not black."""

    def cut(self, photo, size, margin):
        return whole(photo, size) if photo[0, 0].sum() else None


def test_good_pictures_are_packed(folder, tmp_path):
    events = []
    result = prepare([folder], tmp_path / "set", Options(size=SIZE), on_event=events.append)
    packed = PackedDataset.open(tmp_path / "set", "all")
    assert packed.columns["file"] == [f"image_{n}.png" for n in range(6)]
    np.testing.assert_array_equal(packed.images([3])[0], images.resize(pattern(3), SIZE))
    assert [event.done for event in events] == [1, 2, 3, 4, 5, 6]
    assert {event.total for event in events} == {6}
    assert result.manifest["dropped"] == []
    assert packed.columns["split"].count("validation") == 1


def test_every_dropped_picture_has_its_reason(folder, tmp_path):
    (folder / "image_6.png").write_bytes(b"no picture")
    (folder / "image_7.jpg").write_bytes(jpeg(pattern(7))[:-400])
    (folder / "image_8.png").write_bytes(images.encode_png(pattern(8, 12)))
    (folder / "image_9.png").write_bytes(images.encode_png(cv2.GaussianBlur(pattern(9), (0, 0), 9)))
    (folder / "image_10.jpg").write_bytes(jpeg(pattern(2)))
    black = pattern(11)
    black[0, 0] = 0
    (folder / "image_11.png").write_bytes(images.encode_png(black))
    (folder / "IMG_0012.HEIC").write_bytes(b"a phone's photograph")
    (folder / ".hidden.png").write_bytes(b"")
    (folder / "notes.txt").write_text("nothing")
    (folder / "IMG_0013").write_bytes(jpeg(pattern(13)))
    for name in ("Thumbs.db", "people.csv", "__MACOSX/a.txt", ".git/config"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"put there by something else")
    result = prepare([folder], tmp_path / "set", Options(size=SIZE), cutter=Finder())
    told = {entry["file"]: entry["reason"] for entry in result.dropped}
    assert told == {
        "image_6.png": "broken",
        "image_7.jpg": "broken",
        "image_8.png": "tiny",
        "image_9.png": "blurred",
        "image_10.jpg": "duplicate",
        "image_11.png": "no palm",
        "IMG_0012.HEIC": "kind",
        "notes.txt": "kind",
        "IMG_0013": "kind",
    }
    assert result.manifest["seen"] == 15
    kept = prepare([folder], tmp_path / "set", Options(size=SIZE, keep_undetected=True), cutter=Finder())
    assert "image_11.png" in kept.manifest["columns"]["file"]


@pytest.mark.parametrize("suffix", [".jfif", ".JPE"])
def test_a_jpeg_of_a_rare_name_is_read(folder, tmp_path, suffix):
    (folder / f"image_6{suffix}").write_bytes(jpeg(pattern(6)))
    assert prepare([folder], tmp_path / "set", Options(size=SIZE)).manifest["count"] == 7


@pytest.mark.parametrize(("subject", "margin"), [("palm", 0.2), ("hand", 0.025)])
def test_the_command_cuts_what_is_asked_for_and_the_set_says_so(
    folder, tmp_path, monkeypatch, subject, margin
):
    asked = []

    class Cutter(Finder):
        def cut(self, photo, size, wide):
            asked.append(wide)
            return super().cut(photo, size, wide)

    monkeypatch.setattr(CUTTERS[subject], "load", lambda *args: Cutter())
    out = tmp_path / "set"
    words = ["prepare", str(folder), "--out", str(out), "--subject", subject, "--size", str(SIZE)]
    assert main([*words, "--json"]) == 0
    assert set(asked) == {margin}
    manifest = json.loads((out / "manifest.json").read_text())
    assert (manifest["subject"], manifest["options"]["margin"]) == (subject, margin)
    assert main([*words, "--json", "--again", "--margin", "0.5"]) == 0 and asked[-1] == 0.5


def test_people_in_folders_of_their_own_are_not_on_both_sides(tmp_path):
    for person in range(10):
        (tmp_path / "photos" / f"{person:02}").mkdir(parents=True)
        for number in range(1, 6):
            path = tmp_path / "photos" / f"{person:02}" / f"{number}.png"
            path.write_bytes(images.encode_png(pattern(10 * person + number)))
    columns = prepare([tmp_path / "photos"], tmp_path / "set", Options(size=SIZE)).manifest["columns"]
    assert columns["file"] == [f"{number}.png" for _ in range(10) for number in range(1, 6)]
    assert columns["split"] == ["train"] * 20 + ["validation"] * 10 + ["train"] * 20


@pytest.mark.slow
def test_dropping_moves_nobody_to_the_other_side(folder, tmp_path):
    for number in range(6, 40):
        (folder / f"image_{number}.png").write_bytes(images.encode_png(pattern(number)))
    many = prepare([folder], tmp_path / "a", Options(size=SIZE)).manifest["columns"]
    for number in range(0, 30, 2):
        blurred = cv2.GaussianBlur(pattern(number), (0, 0), 9)
        (folder / f"image_{number}.png").write_bytes(images.encode_png(blurred))
        (folder / f"image_{number}.txt").write_text("its label")
    few = prepare([folder], tmp_path / "b", Options(size=SIZE)).manifest["columns"]
    before = dict(zip(many["file"], many["split"], strict=True))
    assert all(before[file] == part for file, part in zip(few["file"], few["split"], strict=True))
    assert len(few["file"]) == 25


def test_an_archive_is_as_good_as_a_folder(folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as made:
        for path in sorted(folder.iterdir()):
            made.write(path, f"some/where/{path.name}")
        made.writestr("readme.txt", "hello")
    one = prepare([folder], tmp_path / "a", Options(size=SIZE)).manifest
    other = prepare([tmp_path / "photos.zip"], tmp_path / "b", Options(size=SIZE)).manifest
    assert one["sha256"] == other["sha256"]
    assert one["columns"] == other["columns"]


def test_a_hostile_archive_leaves_nothing(folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as made:
        made.write(folder / "image_0.png", "image_0.png")
        made.writestr("inner.zip", b"")
    with pytest.raises(archive.NestedRefused):
        prepare([tmp_path / "bad.zip"], tmp_path / "set", Options(size=SIZE))
    assert not (tmp_path / "set").exists() or not list((tmp_path / "set").iterdir())


def test_photos_are_turned_as_their_exif_says_and_huge_ones_never_decoded(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise
    (folder / "a.jpg").write_bytes(jpeg(pattern(1), exif=exif))
    (folder / "b.png").write_bytes(images.encode_png(pattern(2, 200)))
    result = prepare([folder], tmp_path / "set", Options(size=96, max_pixels=100 * 100))
    picture = PackedDataset.open(tmp_path / "set", "all").images([0])[0]
    assert np.abs(picture.astype(int) - np.rot90(pattern(1), -1)).mean() < 12
    assert "over the limit" in result.dropped[0]["detail"]


def test_a_table_says_who_is_who_and_what_is_taken(folder, tmp_path):
    points = ";".join(f"{number}.0,{number * 2}.0" for number in range(21))
    table = tmp_path / "people.csv"
    table.write_text(
        "file,source,person,thumb_side,skin,landmarks,native_side\n"
        f'image_0.png,lab,p1,left,dark,"{points}",96\nimage_1.png,lab,p1,right,,,20\n'
        "image_2.png,elsewhere,p2,right,,,96\nimage_4.png,lab,,left,,,\n"
    )
    options = Options(size=SIZE, only_sources=("lab",), min_side=24)
    result = prepare([folder], tmp_path / "set", options, people=people_table.read(table))
    columns = result.manifest["columns"]
    assert columns["file"] == ["image_0.png", "image_4.png"]
    assert columns["thumb_side"] == ["left", "left"]
    assert columns["landmarks"][0][20] == [round(20 / 96, 5), round(40 / 96, 5)]
    assert columns["landmarks"][1] is None
    assert [entry["reason"] for entry in result.dropped] == ["tiny"]
    (tmp_path / "bad.csv").write_text("name\nx\n")
    with pytest.raises(DataError, match="no column `file`"):
        people_table.read(tmp_path / "bad.csv")


@pytest.fixture
def two_people(tmp_path):
    """A folder of pictures for each of two people, who call theirs alike."""
    for place, person in enumerate(("alice", "bob")):
        (tmp_path / "photos" / person).mkdir(parents=True)
        for number in range(2):
            picture = images.encode_png(pattern(2 * place + number))
            (tmp_path / "photos" / person / f"{number}.png").write_bytes(picture)
    return tmp_path / "photos"


def people_of(sources, tmp_path, *rows):
    """Who is on each picture that a table of these rows takes."""
    table = tmp_path / "people.csv"
    table.write_text("\n".join(["file,person", *rows]) + "\n")
    result = prepare(sources, tmp_path / "set", Options(size=SIZE), people=people_table.read(table))
    return result.manifest["columns"]["person"]


@pytest.mark.parametrize("above", ["", "./", "photos/", "/data/photos/"])
def test_paths_of_a_table_tell_apart_what_is_called_alike(two_people, tmp_path, above):
    rows = [f"{above}{person}/{number}.png,{person}" for person in ("alice", "bob") for number in range(2)]
    assert people_of([two_people], tmp_path, *rows) == ["alice", "alice", "bob", "bob"]
    folders = [two_people / "bob", two_people / "alice"]
    assert people_of(folders, tmp_path, *rows) == ["bob", "bob", "alice", "alice"]
    assert people_of([two_people], tmp_path, *rows[:2]) == ["alice", "alice"]


def test_names_alone_and_paths_from_another_place_are_found_too(two_people, tmp_path):
    (two_people / "bob" / "0.png").rename(two_people / "bob" / "5.png")
    assert people_of([two_people], tmp_path, "0.png,alice", "5.png,bob") == ["alice", "bob"]
    assert people_of([two_people / "bob"], tmp_path, "elsewhere\\5.png,bob") == ["bob"]


def test_a_table_that_cannot_tell_people_apart_is_refused(two_people, tmp_path):
    with pytest.raises(DataError, match=r"gives 0\.png to alice and to bob: .* write their folders too"):
        people_of([two_people], tmp_path, "0.png,alice", "0.png,bob")
    moved = two_people.parent / "moved"
    (two_people / "bob").rename(moved)
    with pytest.raises(
        DataError, match=r"0\.png may be alice/0\.png and bob/0\.png of \S+people.csv, which are"
    ):
        people_of([moved], tmp_path, "alice/0.png,alice", "bob/0.png,bob")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("p1", "line 3: file is missing; give every line as many columns as the first"),
        ("p1,a.png", "line 3: native_side is missing"),
        ("p1,a.png,many,", "line 3: native_side is 'many'; it must be a whole number of pixels, or empty"),
        ('p1,a.png,96,"x,y"', "line 3: landmarks is 'x,y'; it must be points such as"),
        ('p1,a.png,96,"1,2,3"', "line 3: landmarks is '1,2,3'"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_before_the_work(tmp_path, row, says):
    table = tmp_path / "people.csv"
    table.write_text(f'person,file,native_side,landmarks\np0,b.png,,"1,2;3,4.5"\n{row}\n')
    with pytest.raises(DataError, match=re.escape(says)):
        people_table.read(table)


def test_nothing_to_keep_is_said(folder, tmp_path):
    with pytest.raises(DataError, match="6: the hand has too few pixels"):
        prepare([folder], tmp_path / "set", Options(size=SIZE, min_side=1000), cutter=Finder())
    with pytest.raises(DataError, match="6: it has too few pixels"):
        prepare([folder], tmp_path / "set", Options(size=SIZE, min_side=1000))
    with pytest.raises(DataError, match="neither"):
        prepare([folder / "image_0.png"], tmp_path / "set", Options(size=SIZE))
    with pytest.raises(DataError, match="There is no"):
        prepare([folder / "nowhere"], tmp_path / "set", Options(size=SIZE))


def test_a_source_that_is_not_there_is_told_with_those_that_are(folder, tmp_path):
    options = Options(size=SIZE, only_sources=("foo",))
    with pytest.raises(DataError, match=f"Nothing here is of the source foo; there are: {folder.name}"):
        prepare([folder], tmp_path / "set", options)
    table = tmp_path / "people.csv"
    table.write_text("file,source\nimage_0.png,second\nimage_1.png,first\n")
    with pytest.raises(DataError, match="source foo; there are: first, second"):
        prepare([folder], tmp_path / "set", options, people=people_table.read(table))


def test_a_folder_of_other_kinds_is_told_which_are_read(tmp_path):
    (tmp_path / "phone").mkdir()
    for name in ("a.heic", "b.tiff"):
        (tmp_path / "phone" / name).write_bytes(b"a picture of another kind")
    with pytest.raises(DataError, match=r"2: by its name no picture that is read here: save it as \.jpg"):
        prepare([tmp_path / "phone"], tmp_path / "set", Options(size=SIZE))


def test_a_folder_without_pictures_is_told_which_kinds_are_read(tmp_path):
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / ".a.txt").write_text("no picture")
    with pytest.raises(DataError, match=r"in \S*words\. These kinds are read: .*\.jpeg, \.jpg, \.png, \.w"):
        prepare([tmp_path / "words"], tmp_path / "set", Options(size=SIZE))


def test_sharpness_falls_with_blur_and_not_with_size():
    picture = pattern(5, 256)
    blurred = cv2.GaussianBlur(picture, (0, 0), 4)
    assert sharpness(picture) > 3 * sharpness(blurred)
    small = cv2.resize(picture, (128, 128), interpolation=cv2.INTER_AREA)
    assert sharpness(picture) == pytest.approx(sharpness(small), rel=0.1)


@pytest.mark.slow
def test_the_hash_holds_under_what_cameras_do_and_tells_pictures_apart():
    repeats = NearDuplicates(12)
    for seed in range(1500):
        repeats.add(perceptual_hash(pattern(seed, 48)), str(seed))
    brighter = np.clip(pattern(700, 120) * 1.1 + 8, 0, 255).astype(np.uint8)
    assert repeats.find(perceptual_hash(images.decode(jpeg(brighter)))) == "700"
    assert repeats.find(perceptual_hash(pattern(9999))) is None
    assert NearDuplicates(12).find(perceptual_hash(pattern(1))) is None


def test_the_command_writes_a_report_that_needs_nothing_else(folder, tmp_path, capsys):
    (folder / "<b>bad.png").write_bytes(b"x")
    words = ["prepare", str(folder), "--out", str(tmp_path / "set"), "--size", "32", "--no-detect"]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["count"] == 6
    assert told["dropped"] == {"broken": 1}
    page = (tmp_path / "set" / "report.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 6
    assert "&lt;b&gt;bad.png" in page
    assert "<b>bad" not in page
    assert "http" not in page
    (folder / "small.png").write_bytes(images.encode_png(pattern(8, 12)))
    assert main([*words, "--again"]) == 0
    said = capsys.readouterr().out
    assert "6 of 8 files kept" in said and "dropped 1: it has too few pixels" in said
    assert "dropped: it has too few pixels" in (tmp_path / "set" / "report.html").read_text()
    assert main(["prepare", str(folder / "none"), "--out", str(tmp_path / "x"), "--no-detect"]) == 2
    assert "There is no" in capsys.readouterr().err
