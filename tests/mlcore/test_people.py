"""People: the same bytes however they are asked for, palms that stay themselves, and folders that verify."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from mlcore import __main__ as command_line
from mlcore import camera, engine, images, noise, people, zoo_index
from mlcore.errors import SpecError
from mlcore.generator import Model
from mlcore.spec import PeopleSpec

from . import eight_pixels
from .eight_pixels import DCGAN, UNET

HAND = {"hand": {"drawn": "right", "left_share": 0.5}}


@pytest.fixture
def model(tmp_path: Path) -> Model:
    return engine.load(eight_pixels.pair(tmp_path, conditions=HAND))


def made(model: Model, spec: PeopleSpec, **options) -> dict[tuple[int, str, int], bytes]:
    found = people.generate(spec, model, **options)
    return {(image.person, image.hand, image.image): image.pixels.tobytes() for image in found}


def run(*words: object) -> int:
    return command_line.main([str(word) for word in words])


@pytest.mark.parametrize("header", [DCGAN, UNET], ids=["dcgan", "unet"])
def test_an_image_depends_on_person_hand_and_number_alone(tmp_path: Path, header) -> None:
    model = engine.load(eight_pixels.pair(tmp_path, header, conditions=HAND))
    whole = made(model, PeopleSpec(people=3, images=4, seed=5))
    assert len(whole) == 24 == len(set(whole.values()))
    assert made(model, PeopleSpec(people=3, images=4, seed=5), indices=[17, 2]).items() <= whole.items()
    more = made(model, PeopleSpec(people=1, first_person=2, hands="left", images=6, seed=5))
    assert {key: more[key] for key in more if key[2] < 4}.items() <= whole.items()
    whose = {
        person: next(iter({h for p, h, _ in made(model, PeopleSpec(people=3, hands="any")) if p == person}))
        for person in range(3)
    }
    assert set(whose.values()) <= {"left", "right"}


def test_another_number_seed_or_hand_is_another_palm(model: Model) -> None:
    spec = {"people": 2, "images": 1}
    one, two = made(model, PeopleSpec(**spec)), made(model, PeopleSpec(**spec, seed=1))
    assert len({*one.values(), *two.values()}) == 8


def test_without_variation_all_images_of_a_hand_are_one(model: Model) -> None:
    found = made(model, PeopleSpec(people=2, images=3, variation=0.0))
    assert len(set(found.values())) == 4


@pytest.mark.slow
def test_images_of_a_palm_are_nearer_to_it_than_other_palms_are(model: Model) -> None:
    found = {
        key: np.frombuffer(pixels, np.uint8).astype(float)
        for key, pixels in made(model, PeopleSpec(people=12, images=4, hands="left")).items()
    }

    def apart(a: tuple, b: tuple) -> float:
        return float(np.abs(found[a] - found[b]).mean())

    own = [apart((p, "left", 0), (p, "left", k)) for p in range(12) for k in range(1, 4)]
    others = [apart((p, "left", 0), (q, "left", 0)) for p in range(12) for q in range(p)]
    assert np.median(own) < np.median(others)


def test_the_person_is_the_most_real_of_the_candidates(model: Model) -> None:
    spec = PeopleSpec(people=2, images=2, hands="left", candidates=20)
    found = {(i.person, i.image): i for i in people.generate(spec, model)}
    plain = {i.person: i.score for i in people.generate(PeopleSpec(people=2, images=1, hands="left"), model)}
    assert all(found[person, 0].score >= plain[person] for person in (0, 1))
    assert any(found[person, 0].score > plain[person] for person in (0, 1))
    again = {(i.person, i.image): i.pixels.tobytes() for i in people.generate(spec, model, indices=[3])}
    assert again == {(1, 1): found[1, 1].pixels.tobytes()}


def test_who_knows_no_hands_makes_people_with_one_unnamed_hand(tmp_path: Path) -> None:
    model = engine.load(eight_pixels.save(tmp_path, "alone", DCGAN))
    assert {key[1] for key in made(model, PeopleSpec(people=2, images=2, hands="any"))} == {"any"}
    for wish, field in (({"hands": "both"}, "hands"), ({"hands": "any", "candidates": 2}, "candidates")):
        with pytest.raises(SpecError) as refusal:
            next(people.generate(PeopleSpec(people=1, **wish), model))
        assert refusal.value.field == field


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"people": 0}, "people"),
        ({"people": 1, "images": 0}, "images"),
        ({"people": 1, "hands": "three"}, "hands"),
        ({"people": 1, "hands": ["left"]}, "hands"),
        ({"people": 1, "variation": 3}, "variation"),
        ({"people": 1, "variation": float("nan")}, "variation"),
        ({"people": 100_000, "images": 10_000}, "images"),
        ({"people": 1, "look": ""}, "look"),
    ],
)
def test_impossible_people_are_refused(wish: dict, field: str) -> None:
    with pytest.raises(SpecError) as refusal:
        PeopleSpec(**wish)
    assert refusal.value.field == field


def test_a_camera_without_strength_changes_nothing_but_rounding() -> None:
    picture = np.full((32, 32, 3), 90, np.uint8)
    picture[8:20, 4:9] = (140, 100, 60)
    same = camera.photograph(picture, noise.stream(0, 0), 0.0)
    assert np.abs(same.astype(int) - picture).max() <= 1


@pytest.mark.parametrize("shape", [(32, 32, 3), (24, 40, 3)])
def test_a_camera_moves_and_lights_and_is_repeatable(shape: tuple[int, int, int]) -> None:
    picture = np.random.default_rng(0).integers(40, 200, shape, dtype=np.uint8)
    first, second = (camera.photograph(picture, noise.stream(0, 0), 1.0) for _ in range(2))
    assert (first == second).all() and first.shape == shape and first.dtype == np.uint8
    assert (camera.photograph(picture, noise.stream(0, 1), 1.0) != first).any()


def test_people_are_written_with_their_names_and_verify(model, tmp_path: Path, capsys) -> None:
    generator, out = tmp_path / "generator.safetensors", tmp_path / "out"
    assert run("generate", generator, out, "--people", 2, "--images", 3) == 0
    rows = list(csv.DictReader((out / "manifest.csv").read_text().splitlines()))
    assert list(rows[0]) == ["file", "index", "seed", "score", "sha256", "person", "hand"]
    assert [row["file"] for row in rows[2:5]] == [
        "p0000/left/002.png",
        "p0000/right/000.png",
        "p0000/right/001.png",
    ]
    assert {(row["person"], row["hand"]) for row in rows} == {
        (person, hand) for person in ("p0000", "p0001") for hand in ("left", "right")
    }
    recipe = json.loads(images.png_text((out / "p0001/right/002.png").read_bytes())["palmsite"])
    assert (recipe["person"], recipe["hand"], recipe["image"]) == (1, "right", 2)
    assert run("generate", generator, out, "--verify") == 0
    assert "12 files: 0 wrong" in capsys.readouterr().out
    (out / "p0001/left/001.png").write_bytes(b"x")
    assert run("generate", generator, out, "--verify", "--json") == 1
    assert json.loads(capsys.readouterr().out)["wrong"] == ["p0001/left/001.png"]


def test_a_stopped_folder_of_people_goes_on(model, tmp_path: Path) -> None:
    wish = ("--people", 2, "--images", 3, "--hands", "both", "--json")
    for name in ("whole", "part"):
        assert run("generate", tmp_path / "generator.safetensors", tmp_path / name, *wish) == 0
    part = tmp_path / "part"
    rows = (part / "manifest.csv").read_text().splitlines()
    (part / "manifest.csv").write_text("\n".join(rows[:6]) + "\n" + rows[6][:-2])  # torn within the hand
    (part / "p0000/left/001.png").unlink()
    assert run("generate", tmp_path / "generator.safetensors", part, *wish) == 0
    for path in (tmp_path / "whole").rglob("*.*"):
        assert (part / path.relative_to(tmp_path / "whole")).read_bytes() == path.read_bytes()


def test_an_archive_of_people_leaves_no_empty_folders(model, tmp_path: Path) -> None:
    generator, out = tmp_path / "generator.safetensors", tmp_path / "out"
    assert run("generate", generator, out, "--people", 2, "--images", 2, "--archive", "p.zip") == 0
    assert sorted(path.name for path in out.iterdir()) == ["manifest.csv", "manifest.json", "p.zip"]
    assert run("generate", generator, out, "--verify") == 0


def test_a_person_is_the_one_of_generate(model, tmp_path: Path, capsys, monkeypatch) -> None:
    generator = tmp_path / "generator.safetensors"
    monkeypatch.setattr(zoo_index, "find", lambda name: generator)
    assert run("person", tmp_path / "one", 5, "--person", 1, "--hand", "left") == 0
    names = sorted(path.name for path in (tmp_path / "one").glob("*.png"))
    assert names == ["base_palm.png", *(f"variation_{number}.png" for number in range(1, 6))]
    assert run("generate", generator, tmp_path / "all", "--people", 2, "--images", 3) == 0
    for mine, theirs in (("base_palm", "000"), ("variation_2", "002")):
        ours = (tmp_path / "one" / f"{mine}.png").read_bytes()
        assert ours == (tmp_path / "all" / "p0001" / "left" / f"{theirs}.png").read_bytes()
    capsys.readouterr()
    assert run("person", tmp_path / "one", "--verify") == 0
    assert "6 files: 0 wrong or missing\n6 made again: 0 differ" in capsys.readouterr().out


def test_more_of_a_person_keeps_the_first_ones_and_fewer_are_refused(
    model, tmp_path: Path, capsys, monkeypatch
) -> None:
    monkeypatch.setattr(zoo_index, "find", lambda name: tmp_path / "generator.safetensors")
    out, whole = tmp_path / "out", tmp_path / "whole"
    assert run("person", out, 3) == 0 and run("person", whole, 5) == 0
    kept = {path: path.stat().st_mtime_ns for path in out.glob("*.png")}
    assert run("person", out, 5) == 0
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        path.name: path.read_bytes() for path in whole.iterdir()
    }
    assert run("person", out, "--verify") == 0
    capsys.readouterr()
    assert run("person", out, 3) == 2
    assert "was begun with 5 variations, not 3; ask for as many or more" in capsys.readouterr().err
    assert run("person", out, 9, "--seed", 1) == 2
    assert "was begun with seed = 0, not 1" in capsys.readouterr().err
    assert json.loads((out / "manifest.json").read_text())["images"] == 6


@pytest.mark.parametrize("more", [("50",), ("--min-probability", "0.5"), ("--hand", "left")])
def test_people_are_not_counted_twice(model, tmp_path: Path, capsys, more) -> None:
    out = tmp_path / "out"
    assert run("generate", tmp_path / "generator.safetensors", out, *more, "--people", 2) == 2
    assert "--people" in capsys.readouterr().err


@pytest.mark.parametrize("option", [("--hands", "left"), ("--images", "8"), ("--variation", "1")])
def test_what_only_people_have_is_not_passed_over(model, tmp_path: Path, capsys, option) -> None:
    out = tmp_path / "out"
    assert run("generate", tmp_path / "generator.safetensors", out, 2, *option) == 2
    assert f"{option[0]} can be had of people only: say how many with --people" in capsys.readouterr().err
    assert not out.exists()


def test_a_manifest_cannot_point_outside_its_folder(model, tmp_path: Path, capsys) -> None:
    generator, out = tmp_path / "generator.safetensors", tmp_path / "out"
    assert run("generate", generator, out, "--people", 1, "--images", 2) == 0
    text = (out / "manifest.csv").read_text().replace("p0000/left/001.png", "../secret.png")
    (out / "manifest.csv").write_text(text)
    capsys.readouterr()
    (tmp_path / "secret.png").mkdir()  # reading it would end in an error
    assert run("generate", generator, out, "--verify", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["wrong"], told["strangers"]) == (["../secret.png"], ["p0000/left/001.png"])
