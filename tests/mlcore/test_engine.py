import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mlcore import checkpoint, engine, images, zoo_index
from mlcore.errors import BadHeader, CheckpointMissing, ScoringError, SpecError, WrongKind
from mlcore.generator import Model
from mlcore.models.registry import ARCHITECTURES
from mlcore.spec import GenerationSpec

from . import eight_pixels
from .eight_pixels import DCGAN, DISCRIMINATOR, UNET

STOCHASTIC = {"steps": 3, "churn": 2.0}
KINDS = {"dcgan": (DCGAN, {}), "unet": (UNET, {}), "churn": (UNET, {"sampler_arguments": STOCHASTIC})}


@pytest.fixture(params=KINDS)
def model(request, tmp_path: Path) -> Model:
    header, changes = KINDS[request.param]
    return engine.load(eight_pixels.pair(tmp_path, header, **changes))


def made(model: Model, spec: GenerationSpec, **options) -> dict[int, tuple[bytes, float | None]]:
    return {
        image.index: (image.pixels.tobytes(), image.score)
        for image in engine.generate(spec, model, **options)
    }


def digest(pictures: dict[int, tuple[bytes, float | None]]) -> str:
    return hashlib.sha256(repr(sorted(pictures.items())).encode()).hexdigest()


def test_any_subset_in_any_order_makes_the_same_bytes(model: Model) -> None:
    spec = GenerationSpec(count=37, seed=5)
    whole = made(model, spec)
    assert list(whole) == list(range(37)) and len({pixels for pixels, _ in whole.values()}) == 37
    for indices in ([36], [3, 2, 1], list(range(36, -1, -1)), [7, 30]):
        assert made(model, spec, indices=indices) == {index: whole[index] for index in indices}
    chunk = GenerationSpec(count=5, first_index=17, seed=5)
    assert made(model, chunk) == {index: whole[index] for index in range(17, 22)}


def test_chosen_images_do_not_depend_on_their_neighbours(model: Model) -> None:
    spec = GenerationSpec(count=20, seed=1, candidates=3)
    assert made(model, spec, indices=[11]) == {11: made(model, spec)[11]}


@pytest.mark.slow
def test_threads_and_restarts_make_the_same_bytes(tmp_path: Path) -> None:
    code = (
        "import sys, torch; torch.set_num_threads(int(sys.argv[1]))\n"
        "from tests.mlcore.test_engine import digest, made\n"
        "from mlcore import engine\n"
        "from mlcore.spec import GenerationSpec\n"
        "for path in sys.argv[2:]:\n"
        "    print(digest(made(engine.load(path), GenerationSpec(count=19, seed=3, candidates=2))))"
    )
    paths = []
    for name, (header, changes) in KINDS.items():
        (tmp_path / name).mkdir()
        paths.append(eight_pixels.pair(tmp_path / name, header, **changes))
    here = [digest(made(engine.load(path), GenerationSpec(count=19, seed=3, candidates=2))) for path in paths]
    for threads in ("1", "2"):
        command = [sys.executable, "-c", code, threads, *map(str, paths)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert said.split() == here


@pytest.mark.slow
def test_a_network_of_real_size_makes_the_same_bytes(tmp_path: Path) -> None:
    header = checkpoint.Header(
        kind="generator", architecture="dcgan-generator", arguments={"image_size": 64, "width": 32}
    )
    model = engine.load(eight_pixels.save(tmp_path, "g", header))
    spec = GenerationSpec(count=33, seed=9)
    whole = made(model, spec)
    before = torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        assert made(model, spec, indices=[5, 32, 17]) == {index: whole[index] for index in (5, 32, 17)}
    torch.set_num_threads(before)


def test_the_seed_makes_other_images(model: Model) -> None:
    assert made(model, GenerationSpec(count=1, seed=1)) != made(model, GenerationSpec(count=1, seed=2))


def test_candidates_keep_the_one_that_looks_most_real(tmp_path: Path) -> None:
    model = engine.load(eight_pixels.pair(tmp_path))
    spec = GenerationSpec(count=6, seed=2, candidates=5)
    for image in engine.generate(spec, model):
        draws = model.draw(spec, [(image.index, draw) for draw in range(5)])
        scores = model.scorer.probabilities(draws)
        assert image.score == scores.max()
        assert (image.pixels == draws[scores.argmax()]).all()


def test_candidates_are_told_apart_where_the_judge_is_sure_of_all(tmp_path: Path) -> None:
    """A judge that was never calibrated says 0.000000 of every draw, and still likes one best."""
    model = engine.load(eight_pixels.pair(tmp_path))
    sure = replace(model.scorer.calibration, slope=10.0, offset=-200.0)
    model.scorer.calibration = sure
    spec = GenerationSpec(count=6, seed=2, candidates=5)
    kept = []
    for image in engine.generate(spec, model):
        draws = model.draw(spec, [(image.index, draw) for draw in range(5)])
        verdicts = model.scorer.verdicts(draws)
        assert image.score == 0
        assert (image.pixels == draws[verdicts.argmax()]).all()
        kept.append(int(verdicts.argmax()))
    assert set(kept) != {0}


def test_min_probability_draws_on_within_its_bound_and_tells_the_shortfall(tmp_path: Path) -> None:
    model = engine.load(eight_pixels.pair(tmp_path))
    scores = [
        model.scorer.probabilities(model.draw(GenerationSpec(count=1), [(i, d) for d in range(6)]))
        for i in range(40)
    ]
    bar = float(np.median([row.max() for row in scores]))
    spec = GenerationSpec(count=40, min_probability=bar, max_draws=6)
    told: list[engine.Progress] = []
    found = {image.index: image.score for image in engine.generate(spec, model, told.append)}
    for index, row in enumerate(scores):
        good = [score for score in row if score >= bar]
        assert found.get(index) == (good[0] if good else None)
    last = told[-1]
    assert (last.done, last.total) == (40, 40)
    assert dict(last.short) == {index: row.max() for index, row in enumerate(scores) if row.max() < bar}
    needed = [next((d + 1 for d, score in enumerate(row) if score >= bar), 6) for row in scores]
    assert last.drawn == sum(needed)
    alone = list(engine.generate(spec, model, indices=[min(found)]))
    assert alone[0].score == found[min(found)]


def test_an_image_that_needs_many_draws_does_not_hold_all_others_in_memory(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(engine, "MAX_WAITING", 4)
    model = engine.load(eight_pixels.pair(tmp_path))
    bar = float(np.quantile([s for _, s in made(model, GenerationSpec(count=64)).values()], 0.9))
    spec = GenerationSpec(count=64, min_probability=bar, max_draws=8)
    few = made(model, spec)
    monkeypatch.setattr(engine, "MAX_WAITING", 256)
    assert made(model, spec) == few


def test_stopping_leaves_a_prefix(model: Model) -> None:
    spec = GenerationSpec(count=64)
    told: list[engine.Progress] = []
    kept = made(model, spec, on_progress=told.append, should_stop=lambda: len(told) >= 2)
    assert list(kept) == list(range(32))
    assert made(model, spec, indices=range(32, 64)).keys().isdisjoint(kept)


def test_hands_are_mirror_images_and_any_is_both(tmp_path: Path) -> None:
    model = engine.load(eight_pixels.pair(tmp_path, conditions={"hand": {"drawn": "left"}}))
    left, right, some = (
        {i.index: i.pixels for i in engine.generate(GenerationSpec(count=40, hand=hand), model)}
        for hand in ("left", "right", "any")
    )
    assert all((left[index] == right[index][:, ::-1]).all() for index in left)
    mirrored = [bool((some[index] == right[index]).all()) for index in some]
    assert 8 < sum(mirrored) < 32
    assert all((some[i] == (right if flipped else left)[i]).all() for i, flipped in enumerate(mirrored))


@pytest.mark.parametrize("drawn", ["left", "right"])
def test_any_hand_is_left_as_often_as_in_the_training_data(tmp_path: Path, drawn: str) -> None:
    def by_hand(share: dict[str, float], hand: str, count: int = 96) -> list[bytes]:
        folder = tmp_path / f"{share}"
        folder.mkdir(exist_ok=True)
        model = engine.load(eight_pixels.pair(folder, conditions={"hand": {"drawn": drawn, **share}}))
        spec = GenerationSpec(count=count, hand=hand)
        return [image.pixels.tobytes() for image in engine.generate(spec, model)]

    left = by_hand({}, "left")
    lefts = {
        share: [a == b for a, b in zip(by_hand({"left_share": share}, "any"), left, strict=True)]
        for share in (0, 0.2, 0.5, 1)
    }
    assert sum(lefts[0]) == 0 and sum(lefts[1]) == 96 and 8 < sum(lefts[0.2]) < 32
    # A larger share only adds: who asks again of a model with another share keeps most of the hands.
    assert all(fewer <= more for fewer, more in zip(lefts[0.2], lefts[0.5], strict=True))
    # Without a share it is half, and a hand that was asked for does not depend on it.
    assert [a == b for a, b in zip(by_hand({}, "any"), left, strict=True)] == lefts[0.5]
    assert by_hand({"left_share": 0.2}, "left") == left


@pytest.mark.parametrize(
    "hand", [{"left_share": 1.2}, {"left_share": "half"}, {"left_share": True}, {"drawn": "up"}, "left"]
)
def test_a_hand_that_makes_no_sense_is_refused(tmp_path: Path, hand: object) -> None:
    with pytest.raises(BadHeader, match="condition hand"):
        engine.load(eight_pixels.save(tmp_path, "odd", DCGAN, conditions={"hand": hand}))


class Labelled(torch.nn.Module):
    """Paints its label: 0 black, 1 white."""

    image_size, latent_size = 8, 2

    def __init__(self) -> None:
        super().__init__()
        self.unused = torch.nn.Parameter(torch.zeros(1))

    def forward(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return (2.0 * labels - 1).view(-1, 1, 1, 1).expand(-1, 3, 8, 8)


def test_looks_are_drawn_by_their_weights_and_can_be_asked_for(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(ARCHITECTURES, "labelled", Labelled)
    header = checkpoint.Header(
        kind="generator", architecture="labelled", conditions={"looks": {"dark": 1, "light": 3}}
    )
    checkpoint.save(tmp_path / "l.safetensors", Labelled().state_dict(), header)
    model = engine.load(tmp_path / "l.safetensors")

    def whites(**wish: str) -> float:
        spec = GenerationSpec(count=160, **wish)
        return float(np.mean([image.pixels.mean() == 255 for image in engine.generate(spec, model)]))

    assert whites(look="light") == 1 and whites(look="dark") == 0
    assert 0.62 < whites() < 0.88
    with pytest.raises(SpecError, match="it has any, dark, light"):
        whites(look="green")


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"hand": "left"}, "hand"),
        ({"look": "x"}, "look"),
        ({"candidates": 2}, "candidates"),
        ({"min_probability": 0.5}, "min_probability"),
    ],
)
def test_wishes_that_the_checkpoint_cannot_fulfil_are_refused(tmp_path: Path, wish: dict, field: str) -> None:
    model = engine.load(eight_pixels.save(tmp_path, "alone", DCGAN))
    with pytest.raises(SpecError) as refusal:
        next(engine.generate(GenerationSpec(count=1, **wish), model))
    assert refusal.value.field == field


def test_without_a_discriminator_there_is_no_score(tmp_path: Path) -> None:
    model = engine.load(eight_pixels.save(tmp_path, "alone", DCGAN))
    assert next(engine.generate(GenerationSpec(count=1), model)).score is None
    with pytest.raises(ScoringError):
        engine.calibrate(model, np.zeros((30, 8, 8, 3), np.uint8))
    with pytest.raises(ScoringError):
        engine.load_scorer(tmp_path / "alone.safetensors")


def test_the_partner_is_found_by_its_hash_whatever_its_name(tmp_path: Path) -> None:
    path = eight_pixels.pair(tmp_path)
    (tmp_path / "discriminator.safetensors").rename(tmp_path / "zzz.safetensors")
    eight_pixels.save(tmp_path, "another", DISCRIMINATOR, seed=7)
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    assert engine.load(path).scorer.sha256 == checkpoint.load(path).header.partner
    (tmp_path / "zzz.safetensors").unlink()
    again = eight_pixels.save(tmp_path, "g2", DCGAN, partner="0" * 64)
    assert engine.load(again).scorer is None


def test_weights_are_loaded_once_until_the_file_changes(tmp_path: Path) -> None:
    path = eight_pixels.pair(tmp_path)
    first = engine.load(path)
    assert engine.load(str(path)) is first
    eight_pixels.save(tmp_path, "generator", DCGAN, seed=4, step=12345)
    assert engine.load(path) is not first


def test_only_generators_generate(tmp_path: Path) -> None:
    with pytest.raises(WrongKind):
        engine.load(eight_pixels.save(tmp_path, "d", DISCRIMINATOR))


def test_bgr_and_zero_to_one_come_out_as_rgb(tmp_path: Path) -> None:
    plain = engine.load(eight_pixels.save(tmp_path, "a", DCGAN))
    header = {"normalisation": images.Normalisation(-1.0, 1.0, "BGR")}
    swapped = engine.load(eight_pixels.save(tmp_path, "b", DCGAN, **header))
    spec = GenerationSpec(count=2)
    for one, other in zip(engine.generate(spec, plain), engine.generate(spec, swapped), strict=True):
        assert (one.pixels == other.pixels[..., ::-1]).all()


def test_the_recipe_holds_what_the_image_depends_on_and_nothing_else(tmp_path: Path) -> None:
    model = engine.load(eight_pixels.pair(tmp_path))
    one = engine.recipe(model, GenerationSpec(count=5, seed=3), 4)
    assert one == engine.recipe(model, GenerationSpec(count=9, first_index=4, seed=3), 4)
    assert one["checkpoint"] == model.sha256 and one["index"] == 4 and one["torch"] == torch.__version__
    assert not {"count", "first_index", "time", "owner", "set"} & set(one)


class Brightness(torch.nn.Module):
    """Judges by brightness alone, so that it is known what it likes."""

    image_size = 8

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.full((1,), 4.0))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.scale * pictures.mean(dim=(1, 2, 3))


def test_a_calibration_is_fitted_stored_and_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARCHITECTURES, "brightness", Brightness)
    judge = checkpoint.Header(kind="discriminator", architecture="brightness")
    partner = checkpoint.save(tmp_path / "judge.safetensors", Brightness().state_dict(), judge)
    path = eight_pixels.save(tmp_path, "generator", DCGAN, partner=partner)
    model = engine.load(path)
    bright = np.random.RandomState(0).randint(120, 256, (60, 8, 8, 3)).astype(np.uint8)
    found = engine.calibrate(model, bright)
    sha256 = engine.store_calibration(path, tmp_path / "calibrated.safetensors", found)
    again = engine.load(tmp_path / "calibrated.safetensors")
    assert again.sha256 == sha256 and again.scorer.calibration == found and found.fitted
    assert again.scorer.probabilities(bright).min() > 0.5 > again.scorer.probabilities(bright // 8).max()
    assert (
        again.draw(GenerationSpec(count=1), [(0, 0)]) == model.draw(GenerationSpec(count=1), [(0, 0)])
    ).all()


def test_the_default_is_the_palm_nearest_to_held_out_ones(tmp_path: Path) -> None:
    def ship(name: str, subject: str, kid: float, size: int = 8) -> None:
        metrics = {"held_out": {"efficientnet-lite2": {"kid": kid, "kid_ci": [kid - 0.003, kid + 0.003]}}}
        arguments = {**DCGAN.arguments, "image_size": size}
        eight_pixels.save(
            tmp_path, name, DCGAN, metrics=metrics, arguments=arguments, notes={"subject": subject}
        )

    ship("far", "palm", 0.05, 16)
    ship("near", "palm", 0.02)
    ship("hand", "hand", 0.01)
    assert zoo_index.choose_default(tmp_path) == "near"
    assert zoo_index.find("default", tmp_path).stem == "near"
    ship("as-near", "palm", 0.022)
    assert zoo_index.choose_default(tmp_path) == "near"
    ship("as-near-and-larger", "palm", 0.022, 16)
    assert zoo_index.choose_default(tmp_path) == "as-near-and-larger"
    eight_pixels.save(tmp_path, "being-measured", DCGAN, notes={"subject": "palm"})
    assert zoo_index.choose_default(tmp_path) == "as-near-and-larger"


def test_the_zoo_knows_names_and_the_default(tmp_path: Path) -> None:
    path = eight_pixels.pair(tmp_path)
    with pytest.raises(CheckpointMissing, match="No trained model ships"):
        zoo_index.find("default", tmp_path)
    (tmp_path / "index.json").write_text('{"default": "generator"}')
    assert zoo_index.find("default", tmp_path) == zoo_index.find("generator", tmp_path) == path
    assert list(zoo_index.names(tmp_path)) == ["generator"]
    with pytest.raises(CheckpointMissing, match="known: default, generator"):
        zoo_index.find("../generator", tmp_path)
