import json
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mlcore import __main__ as command_line
from mlcore import images

from . import eight_pixels


@pytest.fixture
def generator(tmp_path: Path) -> Path:
    (tmp_path / "zoo").mkdir()
    return eight_pixels.pair(tmp_path / "zoo")


def run(*words: object) -> int:
    return command_line.main([str(word) for word in words])


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def change(path: Path, old: str, new: str) -> None:
    """Damage a manifest."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="latin-1")


def test_images_and_manifest_are_written_and_verify(generator: Path, tmp_path: Path, capsys) -> None:
    assert run("generate", generator, tmp_path / "out", 20, "--seed", 3) == 0
    found = files(tmp_path / "out")
    assert [name for name in found if name.endswith(".png")] == [f"{i:06d}.png" for i in range(20)]
    lines = found["manifest.csv"].decode().splitlines()
    assert lines[0] == "file,index,seed,score,sha256" and len(lines) == 21
    recipe = json.loads(images.png_text(found["000007.png"])["palmsite"])
    assert recipe["index"] == 7 and recipe["seed"] == 3
    assert run("generate", generator, tmp_path / "out", "--verify") == 0
    assert "20 files: 0 wrong" in capsys.readouterr().out


def test_the_same_call_writes_the_same_bytes(generator: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert run("generate", generator, tmp_path / name, 18) == 0
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_a_stopped_call_goes_on_where_it_was(generator: Path, tmp_path: Path, capsys) -> None:
    assert run("generate", generator, tmp_path / "whole", 40) == 0
    shutil.copytree(tmp_path / "whole", tmp_path / "part")
    part = tmp_path / "part"
    lines = (part / "manifest.csv").read_text().splitlines()
    (part / "manifest.csv").write_text("\n".join(lines[:11]) + "\n" + lines[11][:30])  # torn by a kill
    for index in [5, *range(12, 40)]:
        (part / f"{index:06d}.png").unlink()
    (part / ".000012.png.part").write_bytes(b"half")
    capsys.readouterr()
    assert run("generate", generator, part, 40, "--json") == 0
    assert json.loads(capsys.readouterr().out)["new"] == 31
    (part / ".000012.png.part").unlink(missing_ok=True)
    assert files(part) == files(tmp_path / "whole")
    assert run("generate", generator, part, 40) == 0
    assert "all were there already" in capsys.readouterr().out


def test_an_archive_holds_everything_and_verifies(generator: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    assert run("generate", generator, out, 17, "--archive", "images.zip") == 0
    assert [path.name for path in sorted(out.iterdir())] == ["images.zip", "manifest.csv", "manifest.json"]
    with zipfile.ZipFile(out / "images.zip") as packed:
        assert packed.testzip() is None
        assert packed.namelist() == [f"{i:06d}.png" for i in range(17)] + [
            *("manifest.csv", "manifest.json", "README.md")
        ]
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in packed.infolist())
    first = (out / "images.zip").read_bytes()
    assert run("generate", generator, out, "--verify", "--json") == 0
    assert run("generate", generator, out, 17, "--archive", "images.zip") == 0
    assert run("generate", generator, tmp_path / "again", 17, "--archive", "images.zip") == 0
    assert (tmp_path / "again" / "images.zip").read_bytes() == first


@pytest.mark.parametrize(
    "wish",
    [
        (17, "--seed", 3, "--first-index", 5, "--candidates", 2),
        (9, "--min-probability", "0.2", "--max-draws", 2),
        ("--people", 2, "--images", 3, "--variation", 0.5),
    ],
    ids=["images", "the likely ones", "people"],
)
def test_the_readme_of_an_archive_says_how_to_make_it_again_and_how_to_verify_it(
    generator: Path, tmp_path: Path, wish
) -> None:
    run("generate", generator, tmp_path / "out", *wish, "--archive", "my images.zip")
    with zipfile.ZipFile(tmp_path / "out" / "my images.zip") as packed:
        text = packed.read("README.md").decode()
        count = sum(name.endswith(".png") for name in packed.namelist())
    plan = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert text.startswith(f"# {count} synthetic images") and f"seed: {plan['seed']}\n" in text
    assert plan["checkpoint"] in text and plan["discriminator"] in text

    def words(line: str, folder: Path) -> list[str]:
        found = [word.replace("DIR", str(folder)) for word in shlex.split(line)]
        return [str(generator) if word == "CKPT" else word for word in found]

    again, unpack, verify = [line for line in text.splitlines() if line.startswith("    python -m ")]
    run(*words(again, tmp_path / "again")[3:])
    data = (tmp_path / "again" / "my images.zip").read_bytes()
    assert data == (tmp_path / "out" / "my images.zip").read_bytes()
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "my images.zip").write_bytes(data)
    zipfile.main(words(unpack, tmp_path / "alone")[3:])
    assert run(*words(verify, tmp_path / "alone")[3:]) == 0


def test_verify_lists_what_is_damaged_inside_a_zip(generator: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    run("generate", generator, out, 4, "--archive", "images.zip")
    data = bytearray((out / "images.zip").read_bytes())
    data[data.index(b"000002.png") + 60] ^= 1
    (out / "images.zip").write_bytes(data)
    capsys.readouterr()
    assert run("generate", generator, out, "--verify", "--json") == 1
    assert json.loads(capsys.readouterr().out)["wrong"] == ["000002.png"]


def test_a_zip_that_cannot_be_opened_is_one_line(generator: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    run("generate", generator, out, 4, "--archive", "images.zip")
    data = (out / "images.zip").read_bytes()
    capsys.readouterr()
    for damaged in (data[:-30], b"", b"a text"):
        (out / "images.zip").write_bytes(damaged)
        assert run("generate", generator, out, "--verify", "--json") == 2
        told = capsys.readouterr()
        assert "images.zip is no zip, or a damaged one" in told.err
        assert told.err.count("\n") == 1 and told.out == ""


@pytest.mark.parametrize("name", ["a/../../x.zip", "manifest.json", "sub/im.zip", ".zip", "..", "im.tar"])
def test_an_archive_stays_in_its_folder_and_off_the_manifest(
    generator: Path, tmp_path: Path, capsys, name: str
) -> None:
    out = tmp_path / "deep" / "out"
    assert run("generate", generator, out, 2, "--archive", name) == 2
    told = capsys.readouterr().err
    assert f"'{name}' is no plain name of a zip; give one as images.zip" in told and told.count("\n") == 1
    assert not (tmp_path / "deep").exists()
    run("generate", generator, out, 2)
    change(out / "manifest.json", '"archive": ""', f'"archive": "{name}"')
    assert run("generate", generator, out, "--verify") == 2
    assert "is no plain name of a zip" in capsys.readouterr().err


def test_verify_finds_a_changed_and_a_missing_file(generator: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    run("generate", generator, out, 20)
    data = bytearray((out / "000004.png").read_bytes())
    data[-20] ^= 1
    (out / "000004.png").write_bytes(data)
    (out / "000009.png").unlink()
    capsys.readouterr()
    assert run("generate", generator, out, "--verify", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["wrong"] == ["000004.png", "000009.png"] and told["differ"] == []


def test_verify_makes_images_again_and_sees_a_forged_manifest(
    generator: Path, tmp_path: Path, capsys
) -> None:
    import hashlib

    out = tmp_path / "out"
    run("generate", generator, out, 4)
    data = (out / "000001.png").read_bytes()
    (out / "000002.png").write_bytes(data)
    rows = (out / "manifest.csv").read_text().splitlines()
    rows[3] = rows[3].rsplit(",", 1)[0] + "," + hashlib.sha256(data).hexdigest()
    (out / "manifest.csv").write_text("\n".join(rows) + "\n")
    capsys.readouterr()
    assert run("generate", generator, out, "--verify", "--json") == 1
    assert json.loads(capsys.readouterr().out)["differ"] == ["000002.png"]


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("manifest.csv", "000001.png,1,0,", "000001.png,1,x,", "manifest.csv, line 3, is no row"),
        ("manifest.csv", "000001.png,1,0,", "000001.png,1,0,z", "manifest.csv, line 3, is no row"),
        ("manifest.csv", "000001.png,1,0,", "000001.png,1,", "manifest.csv, line 3, is no row"),
        ("manifest.csv", "index", "number", "manifest.csv has other columns than file, index, seed"),
        ("manifest.csv", "000001.png", "\xff", "manifest.csv is no text"),
        ("manifest.json", '"seed"', '"seat"', "manifest.json does not say the seed"),
        ("manifest.json", '"checkpoint"', '"check"', "manifest.json does not say the checkpoint"),
        ("manifest.json", '"seed": 0', '"seed": "x"', "seed must be a whole number, not 'x'"),
        ("manifest.json", '"layout"', '"layout" x', "manifest.json is no JSON"),
    ],
)
def test_a_damaged_manifest_is_one_line(
    generator: Path, tmp_path: Path, capsys, file, old, new, says
) -> None:
    out = tmp_path / "out"
    run("generate", generator, out, 4)
    change(out / file, old, new)
    capsys.readouterr()
    assert run("generate", generator, out, "--verify", "--json") == 2
    told = capsys.readouterr()
    assert says in told.err and told.err.count("\n") == 1 and told.out == ""


def verified(generator: Path, out: Path, capsys) -> dict[str, object]:
    """What --verify tells of a folder in which something is wrong; it must say so in words as well."""
    assert run("generate", generator, out, "--verify") == 1
    assert ".png" in capsys.readouterr().out
    assert run("generate", generator, out, "--verify", "--json") == 1
    return {key: value for key, value in json.loads(capsys.readouterr().out).items() if value}


@pytest.mark.parametrize("archive", [(), ("--archive", "images.zip")], ids=["folder", "zip"])
def test_verify_finds_what_the_manifest_does_not_say(
    generator: Path, tmp_path: Path, capsys, archive
) -> None:
    whole = tmp_path / "whole"
    run("generate", generator, whole, 4, *archive)
    rows = (whole / "manifest.csv").read_text().splitlines(keepends=True)
    score = rows[3].split(",")[3]
    copy = ["manifest.csv"] if archive else []  # which the archive has of it
    plan = ["manifest.json"] if archive else []
    for number, (file, old, new, wrong, more) in enumerate(
        [
            ("manifest.csv", rows[2], "", ["000001.png", *copy], {"files": 3, "strangers": ["000001.png"]}),
            ("manifest.csv", "000001.png", "x.png", [*copy, "x.png"], {"strangers": ["000001.png"]}),
            ("manifest.csv", "000001.png,1,0", "000001.png,1,7", ["000001.png", *copy], {"remade": 3}),
            ("manifest.csv", score, "0.123456", copy, {"differ": ["000002.png"]}),
            ("manifest.json", '"count": 4', '"count": 3', ["000003.png", *plan], {"remade": 3}),
        ]
    ):
        out = tmp_path / str(number)
        shutil.copytree(whole, out)
        change(out / file, old, new)
        told = verified(generator, out, capsys)
        assert told.get("wrong", []) == wrong and told.items() >= more.items()
        assert "absent" not in told


def test_verify_finds_strangers(generator: Path, tmp_path: Path, capsys) -> None:
    out, packed = tmp_path / "out", tmp_path / "packed"
    run("generate", generator, out, 4)
    run("generate", generator, packed, 4, "--archive", "images.zip")
    (out / "note.txt").write_text("mine")
    shutil.copy(out / "000003.png", packed / "cat.png")
    with zipfile.ZipFile(packed / "images.zip", "a") as archive:
        archive.write(out / "000003.png", "000099.png")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.write(out / "000002.png", "000002.png")
    assert verified(generator, packed, capsys)["strangers"] == ["000002.png", "000099.png", "cat.png"]
    assert run("generate", generator, out, "--verify") == 0
    shutil.copy(out / "000003.png", out / "000099.png")
    assert verified(generator, out, capsys)["strangers"] == ["000099.png"]


def test_what_was_stopped_or_fell_short_is_whole_and_what_is_lost_is_not(
    generator: Path, tmp_path: Path, capsys
) -> None:
    out = tmp_path / "out"
    run("generate", generator, out, 4)
    rows = (out / "manifest.csv").read_text().splitlines(keepends=True)

    def keep(*kept: int) -> None:
        (out / "manifest.csv").write_text("".join(rows[number] for number in (0, *kept)))

    keep(1, 2)
    for index in (2, 3):
        (out / f"{index:06d}.png").unlink()
    capsys.readouterr()
    assert run("generate", generator, out, "--verify") == 0
    assert "2 of 4 were not made: stopped early" in capsys.readouterr().out
    (out / "000000.png").unlink()
    keep(2)
    assert verified(generator, out, capsys)["wrong"] == ["000000.png"]
    middle = sum(float(row.split(",")[3]) for row in rows[1:]) / 4
    choosing = ("--min-probability", f"{middle:.4f}", "--max-draws", 1)
    short = tmp_path / "short"
    assert run("generate", generator, short, 4, *choosing, "--archive", "images.zip") == 1
    capsys.readouterr()
    assert run("generate", generator, short, "--verify", "--json") == 0
    assert json.loads(capsys.readouterr().out)["absent"] > 0


@pytest.mark.parametrize(
    ("largest", "archive"),
    [(100, ()), (1000, ()), (1500, ()), (9000, ("--archive", "images.zip"))],
    ids=["the plan", "an image", "the manifest", "the zip"],
)
def test_a_full_disk_is_told_with_the_folder_and_the_same_call_goes_on(
    generator: Path, tmp_path: Path, capsys, largest: int, archive
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    assert run("generate", generator, whole, 30, *archive) == 0
    capsys.readouterr()
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, usual[1]))
    try:
        assert run("generate", generator, out, 30, *archive) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    told = capsys.readouterr().err
    assert f"{out} cannot be written: File too large" in told and "the same call goes on" in told
    assert run("generate", generator, out, 30, *archive) == 0
    assert files(out) == files(whole)


def test_a_shortfall_is_told_and_is_no_success(generator: Path, tmp_path: Path, capsys) -> None:
    code = run(
        "generate", generator, tmp_path / "o", 20, "--min-probability", 0.99, "--max-draws", 2, "--json"
    )
    told = json.loads(capsys.readouterr().out)
    assert code == (1 if told["short"] else 0)
    assert told["images"] + len(told["short"]) == 20 == told["asked"]


def test_choosing_by_scores_that_are_not_calibrated_is_told_as_score_tells_it(
    generator: Path, tmp_path: Path, capsys
) -> None:
    assert run("generate", generator, tmp_path / "plain", 2) == 0
    assert "calibrated" not in capsys.readouterr().err
    choosing = ["generate", generator, tmp_path / "o", 2, "--min-probability", 0.01]
    assert run(*choosing) == 0
    told = capsys.readouterr().err
    assert "These scores are not calibrated" in told
    assert run("score", generator, tmp_path / "plain") == 0
    assert capsys.readouterr().err == told
    assert run(*choosing, "--json") == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["generate", "nowhere.safetensors", "OUT"], "There is no file nowhere.safetensors"),
        (["generate", "GEN", "OUT", "0"], "count is 0; it must be from 1"),
        (["generate", "GEN", "OUT", "5", "--candidates", "99"], "candidates is 99"),
        (["generate", "GEN", "OUT", "5", "--hand", "left"], "does not know left from right"),
        (["generate", "GEN", "OUT", "--verify"], "nothing was made here"),
        (["generate", "PNG", "OUT"], "not a safetensors file"),
        (["score", "GEN", "nowhere"], "There is no file or folder nowhere"),
        (["score", "GEN", "OUT"], "There are no images"),
        (["inspect", "PNG"], "not a safetensors file"),
        (["convert", "nowhere.pt", "x.safetensors"], "There is no file nowhere.pt"),
        (["convert", "PNG", "GEN"], "exists; choose another name"),
        (["classifier", "summarise", "nowhere"], "There is no folder nowhere"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_two(generator, tmp_path, capsys, words, message) -> None:
    out = tmp_path / "empty"
    out.mkdir()
    png = tmp_path / "a.png"
    png.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
    places = {"GEN": generator, "OUT": out, "PNG": png}
    assert run(*(places.get(word, word) for word in words)) == 2
    told = capsys.readouterr()
    assert (
        message in told.err and told.err.count("\n") == 1 and "Traceback" not in told.err and told.out == ""
    )


def test_a_folder_of_something_else_is_left_alone(generator: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("mine")
    assert run("generate", generator, out, 2) == 2
    assert files(out) == {"thesis.txt": b"mine"}
    run("generate", generator, tmp_path / "a", 2)
    assert run("generate", generator, tmp_path / "a", 2, "--seed", 9) == 2
    assert "was begun with seed = 0, not 9" in capsys.readouterr().err


def test_scores_agree_with_the_manifest(generator: Path, tmp_path: Path, capsys) -> None:
    run("generate", generator, tmp_path / "out", 5)
    capsys.readouterr()
    assert run("score", generator, tmp_path / "out", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    rows = (tmp_path / "out" / "manifest.csv").read_text().splitlines()[1:]
    written = {str(tmp_path / "out" / row.split(",")[0]): float(row.split(",")[3]) for row in rows}
    assert told["scores"] == written and told["calibrated"] is False
    (tmp_path / "out" / "000000.png").write_bytes(b"torn")
    assert run("score", generator, tmp_path / "out", "--csv", tmp_path / "s.csv") == 1
    assert len((tmp_path / "s.csv").read_text().splitlines()) == 5


def test_a_calibration_that_is_kept_nowhere_is_told(generator: Path, tmp_path: Path, capsys) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), np.uint8)
    (tmp_path / "real").mkdir()
    for number, picture in enumerate(pictures):
        (tmp_path / "real" / f"{number}.png").write_bytes(images.encode_png(picture))
    calibrate = ("score", generator, "--calibrate", tmp_path / "real")
    assert run(*calibrate) == 0
    told = capsys.readouterr()
    assert "fitted on 40 real" in told.out and "nothing was kept: give --out" in told.err
    for kept in (("--out", tmp_path / "new.safetensors"), ("--diagram", tmp_path / "d.svg"), ("--json",)):
        assert run(*calibrate, *kept) == 0
        assert "nothing was kept" not in capsys.readouterr().err


def test_inspect_prints_and_draws(generator: Path, tmp_path: Path, capsys) -> None:
    assert (
        run("inspect", generator, "--grid", tmp_path / "g.png", "--count", 5, "--columns", 3, "--json") == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert told["architecture"] == "dcgan-generator" and len(told["sha256"]) == 64
    assert images.decode((tmp_path / "g.png").read_bytes()).shape == (16, 24, 3)
    assert run("inspect", generator) == 0
    assert "dcgan-generator" in capsys.readouterr().out


@pytest.mark.slow
def test_bench_measures_both_ways(generator: Path, capsys) -> None:
    assert run("bench", generator, "--count", 16, "--rounds", 1, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ratio"] > 0 and told["share_of_matmul"] > 0 and told["scored"] is True


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_process_loses_nothing_that_it_wrote(generator: Path, tmp_path: Path, sign: int) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "mlcore", "generate", str(generator), str(out), "6000"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        # A shell that runs the tests in its background has them, and all they start, ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        until = time.monotonic() + 120
        manifest = out / "manifest.csv"  # it follows the images: they may be many before its first row
        while not (manifest.exists() and manifest.read_text().count("\n") > 40) and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(sign)
        _, told = process.communicate(timeout=60)
    assert process.returncode != 0 and b"Traceback" not in told
    before = {path.name: path.stat().st_mtime_ns for path in out.glob("0*.png")}
    assert 40 <= len(before) < 6000
    listed = manifest.read_text().splitlines()[1:-1]
    assert run("generate", generator, out, 6000) == 0
    kept = [row.split(",")[0] for row in listed]
    assert kept and all((out / name).stat().st_mtime_ns == before[name] for name in kept)
    assert run("generate", generator, out, "--verify") == 0


def test_a_reader_that_leaves_early_is_no_mistake() -> None:
    kept, written = os.pipe()
    os.close(kept)  # as `head` does once it has its lines
    with os.fdopen(written, "wb") as out:
        words = [sys.executable, "-u", "-m", "mlcore", "download", "--list"]
        done = subprocess.run(words, stdout=out, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_every_command_teaches_in_its_help() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mlcore", "--help"], capture_output=True, text=True, check=True
    )
    assert "generate" in done.stdout and "bench" in done.stdout


@pytest.mark.parametrize("name", ["generate", "score", "inspect", "convert", "bench", "classifier"])
def test_help_shows_examples(name: str, capsys) -> None:
    with pytest.raises(SystemExit) as stop:
        run(name, "--help")
    assert stop.value.code == 0 and f"python -m mlcore {name}" in capsys.readouterr().out
