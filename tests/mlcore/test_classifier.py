from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from mlcore import backbone, checkpoint, classifier, images
from mlcore.errors import ClassifierError, WrongKind
from mlcore.feature_cache import FeatureCache

from . import eight_pixels

SETTINGS = classifier.FitSettings(epochs=30, input_size=32)


def counted() -> backbone.Backbone:
    """A backbone of plain colour means that counts the images it was given."""

    class Means(torch.nn.Module):
        seen = 0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.seen += 1
            return torch.cat([x.mean(dim=(2, 3)), x.std(dim=(2, 3))], dim=1)

    return backbone.Backbone("means", "a" * 64, Means(), lambda x: x)


@pytest.fixture
def samples(tmp_path: Path) -> list[tuple[Path, str]]:
    source = np.random.RandomState(0)
    found = []
    for label, level in (("dark", 80), ("light", 150)):
        (tmp_path / label).mkdir()
        for number in range(30):
            pixels = (
                source.normal(level + source.normal(0, 12), 30, (40, 40, 3)).clip(0, 255).astype(np.uint8)
            )
            path = tmp_path / label / f"{number:02d}.png"
            path.write_bytes(images.encode_png(pixels))
            found.append((path, label))
    return found


def test_it_learns_what_can_be_told_apart(samples) -> None:
    told: list[classifier.Epoch] = []
    model = classifier.fit(samples, SETTINGS, counted(), on_epoch=told.append)
    assert model.classes == ["dark", "light"] and model.report["accuracy"] > 0.95
    assert model.report["held"] == 12 and model.report["trained"] == 48
    assert np.sum(model.report["confusion"]) == 12
    assert [epoch.epoch for epoch in told] == [*range(1, 31), 30]
    assert told[-1].loss < told[0].loss and told[-1].held_accuracy > 0.95


def test_it_finds_the_minimum_of_the_regularised_log_loss(samples) -> None:
    settings = replace(SETTINGS, C=0.5, epochs=1500, lr=0.02, batch_size=1000, hold=0.0)
    network = counted()
    model = classifier.fit(samples, settings, network)
    vectors, _ = classifier.embed([path for path, _ in samples], 32, network)
    x = np.stack([(vectors[path] - model.mean) / model.deviation for path, _ in samples]).astype(np.float64)
    y = np.array([label == "light" for _, label in samples])
    n = len(y)

    def loss(flat: np.ndarray) -> float:
        weights, bias = flat[:12].reshape(2, 6), flat[12:]
        logits = x @ weights.T + bias
        right = logits[np.arange(n), y.astype(int)]
        penalty = (weights**2).sum() / (2 * settings.C * n)
        return float((np.logaddexp(logits[:, 0], logits[:, 1]) - right).mean() + penalty)

    best = minimize(loss, np.zeros(14), method="BFGS").fun
    assert loss(np.concatenate([model.weights.ravel(), model.bias])) == pytest.approx(best, rel=1e-3)


def test_the_same_call_fits_the_same_model(samples) -> None:
    one, other = (classifier.fit(samples, SETTINGS, counted()) for _ in range(2))
    assert (one.weights == other.weights).all() and one.history == other.history
    assert (classifier.fit(samples, replace(SETTINGS, seed=1), counted()).weights != one.weights).any()


def test_a_model_survives_its_file_and_predicts(samples, tmp_path: Path) -> None:
    network = counted()
    model = classifier.fit(samples, SETTINGS, network)
    classifier.save(tmp_path / "m.safetensors", model)
    again = classifier.load(tmp_path / "m.safetensors")
    assert again.classes == model.classes and again.history == model.history and again.settings == SETTINGS
    (tmp_path / "torn.png").write_bytes(samples[0][0].read_bytes()[:200])
    paths = [samples[0][0], samples[-1][0], tmp_path / "torn.png"]
    found, broken = classifier.predict(again, paths, network)
    assert found == classifier.predict(model, paths, network)[0]
    assert max(found[paths[0]], key=found[paths[0]].get) == "dark"
    assert sum(found[paths[1]].values()) == pytest.approx(1, abs=1e-5) and found[paths[1]]["light"] > 0.5
    assert list(broken) == [paths[2]]


def test_features_are_computed_once_for_the_same_bytes(samples, tmp_path: Path) -> None:
    paths = [path for path, _ in samples]
    copy = tmp_path / "copy.png"
    copy.write_bytes(paths[0].read_bytes())
    network, store = counted(), FeatureCache(tmp_path / "cache")
    first, _ = classifier.embed(paths, 32, network, store)
    calls = network._network.seen
    second, _ = classifier.embed([*paths, copy], 32, network, FeatureCache(tmp_path / "cache"))
    assert network._network.seen == calls
    assert (
        all((second[path] == first[path]).all() for path in paths) and (second[copy] == first[paths[0]]).all()
    )
    classifier.embed(paths[:1], 64, network, store)
    assert network._network.seen == calls + 1


def test_broken_images_are_left_out_and_told(samples, tmp_path: Path) -> None:
    samples[3][0].write_bytes(b"no image")
    model = classifier.fit(samples, SETTINGS, counted())
    assert list(model.report["broken"]) == [str(samples[3][0])]
    assert model.report["counts"] == {"dark": 29, "light": 30}


def test_stopping_keeps_what_was_learned(samples) -> None:
    told: list[classifier.Epoch] = []
    model = classifier.fit(
        samples, SETTINGS, counted(), on_epoch=told.append, should_stop=lambda: len(told) == 3
    )
    assert len(model.history) == 3 + 1


def test_the_last_of_the_history_is_the_finished_model(samples) -> None:
    told: list[classifier.Epoch] = []
    network = counted()
    model = classifier.fit(samples, replace(SETTINGS, hold=0, epochs=1), network, on_epoch=told.append)
    assert told == model.history
    before, last = model.history[-2:]
    assert (before.epoch, last.epoch) == (1, 1) and last.accuracy == pytest.approx(model.report["accuracy"])
    said, _ = classifier.predict(model, [path for path, _ in samples], network)
    own = [said[path][label] for path, label in samples]
    assert last.loss == pytest.approx(-np.log(own).mean(), abs=1e-4) and last.loss < before.loss


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("C", 0),
        ("lr", float("nan")),
        ("epochs", 0),
        ("batch_size", 0),
        ("input_size", 8),
        ("hold", 1),
        ("seed", True),
    ],
)
def test_settings_that_cannot_train_are_refused(field: str, value: object) -> None:
    with pytest.raises(ClassifierError, match=field):
        classifier.FitSettings(**{field: value})


def test_what_cannot_be_fitted_or_used_is_told(samples, tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match="needs two classes"):
        classifier.fit(samples[:30], SETTINGS, counted())
    with pytest.raises(ClassifierError, match="fewer than two"):
        classifier.fit(samples[:31], SETTINGS, counted())
    model = classifier.fit(samples, SETTINGS, counted())
    other = backbone.Backbone("other", "b" * 64, torch.nn.Identity(), lambda x: x)
    with pytest.raises(
        ClassifierError, match=r"fitted on features of means.* give the weights it was fitted with"
    ):
        classifier.predict(model, [samples[0][0]], other)
    with pytest.raises(WrongKind):
        classifier.load(eight_pixels.save(tmp_path, "g", eight_pixels.DCGAN))
    classifier.save(tmp_path / "m.safetensors", model)
    loaded = checkpoint.load(tmp_path / "m.safetensors")
    checkpoint.save(tmp_path / "m.safetensors", loaded.state | {"bias": torch.zeros(3)}, loaded.header)
    with pytest.raises(ClassifierError, match="do not fit together"):
        classifier.load(tmp_path / "m.safetensors")


@pytest.mark.slow
def test_the_packaged_backbone_gives_features_of_an_image_alone() -> None:
    network = backbone.load()
    pictures = list(np.random.RandomState(0).randint(0, 256, (5, 40, 40, 3)).astype(np.uint8))
    together = network.embed(pictures, 64)
    assert network.name == "efficientnet-lite0" and together.shape == (5, 1280)
    assert (network.embed(pictures[3:4], 64)[0] == together[3]).all()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_resnet18_is_used_when_its_weights_are_at_hand(tmp_path: Path) -> None:
    from mlcore.torchvision_cure import import_torchvision

    import_torchvision()
    from torchvision.models import resnet18

    torch.save(resnet18().state_dict(), tmp_path / "resnet18.pth")
    network = backbone.load(tmp_path / "resnet18.pth")
    assert network.name == "resnet18"
    assert network.embed([np.zeros((40, 40, 3), np.uint8)], 64).shape == (1, 512)
    with pytest.raises(ClassifierError, match="There is no file"):
        backbone.load(tmp_path / "none.pth")
    (tmp_path / "bad.pth").write_bytes(b"zzz")
    with pytest.raises(ClassifierError, match="does not hold"):
        backbone.load(tmp_path / "bad.pth")
