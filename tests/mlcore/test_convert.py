import pickle
import subprocess
from pathlib import Path

import pytest
import torch
from torch import nn

from mlcore import checkpoint, convert, engine, noise, pickle_reader
from mlcore.convert import Wishes
from mlcore.errors import CheckpointMissing, ConversionError
from mlcore.spec import GenerationSpec
from mlcore.torchvision_cure import import_torchvision

pytestmark = pytest.mark.slow


@pytest.fixture
def in_one_process(monkeypatch) -> None:
    """Reads pickles here, where torch is: for tests of what becomes of their tensors. The others start the process."""

    def run(command: list[str], **_how: object) -> subprocess.CompletedProcess:
        return subprocess.CompletedProcess(command, pickle_reader.main(*command[3:]), "", "")

    monkeypatch.setattr(pickle_reader.resource, "setrlimit", lambda *_limits: None)
    monkeypatch.setattr(convert.subprocess, "run", run)


def old_generator(latent: int, width: int, multiplier: int, last: type[nn.Module]) -> nn.Sequential:
    """A generator as the PyTorch tutorial writes it, under its own names."""
    layers: list[nn.Module] = [nn.ConvTranspose2d(latent, width * multiplier, 4, 1, 0, bias=False)]
    while multiplier > 1:
        layers += [nn.BatchNorm2d(width * multiplier), nn.ReLU(True)]
        layers += [nn.ConvTranspose2d(width * multiplier, width * multiplier // 2, 4, 2, 1, bias=False)]
        multiplier //= 2
    layers += [
        nn.BatchNorm2d(width),
        nn.ReLU(True),
        nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False),
        last(),
    ]
    network = nn.Sequential(*layers)
    for part in network:
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.running_var, 0.5, 2)
            nn.init.normal_(part.running_mean)
    return network.eval()


def critic(width: int, norm: bool, bias: bool, classes: int = 1) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    layers += [nn.Conv2d(width, 2 * width, 4, 2, 1, bias=bias)]
    layers += [nn.InstanceNorm2d(2 * width, affine=True)] if norm else []
    layers += [nn.LeakyReLU(0.2)]
    layers += [nn.Conv2d(2 * width, 1, 4, 1, 0, bias=False)] if classes == 1 else []
    layers += [nn.Flatten(), nn.Linear(2 * width * 16, 2)] if classes == 2 else []
    return nn.Sequential(*layers).eval()


@pytest.mark.usefixtures("in_one_process")
@pytest.mark.parametrize("prefix", ["", "module.", "netG.main."])
def test_a_tutorial_generator_makes_the_same_images(tmp_path: Path, prefix: str) -> None:
    old = old_generator(7, 4, 2, nn.Tanh)
    torch.save(
        {"epoch": 3, "state_dict": {prefix + k: v for k, v in old.state_dict().items()}}, tmp_path / "g.pt"
    )
    header = convert.convert(tmp_path / "g.pt", tmp_path / "g.safetensors", Wishes())
    assert header.arguments == {"image_size": 16, "latent_size": 7, "width": 4, "activation": "tanh"}
    network = checkpoint.build(checkpoint.load(tmp_path / "g.safetensors"))
    z = torch.randn(3, 7)
    assert torch.allclose(network(z), old(z.view(3, 7, 1, 1)), atol=1e-6)


def test_genpalms_come_out_with_their_colours_right(tmp_path: Path) -> None:
    old = old_generator(10, 4, 2, nn.Sigmoid)
    torch.save(old.state_dict(), tmp_path / "generator.pt")
    convert.convert(tmp_path / "generator.pt", tmp_path / "g.safetensors", Wishes(format="genpalms"))
    model = engine.load(tmp_path / "g.safetensors")
    made = next(engine.generate(GenerationSpec(count=1, seed=4), model)).pixels
    z = torch.from_numpy(noise.latent(4, 0, 10)).view(1, 10, 1, 1)
    bgr = (old(z)[0] * 255).round().byte().permute(1, 2, 0).detach().numpy()
    assert abs(made.astype(int) - bgr[..., ::-1].astype(int)).max() <= 1


@pytest.mark.usefixtures("in_one_process")
@pytest.mark.parametrize(
    "old", [old_generator(500, 4, 2, nn.Sigmoid), critic(4, norm=True, bias=False, classes=2)]
)
def test_what_could_be_genpalms_is_not_guessed(tmp_path: Path, old: nn.Sequential) -> None:
    torch.save(old.state_dict(), tmp_path / "old.pt")
    with pytest.raises(ConversionError, match="say --format genpalms or --format dcgan"):
        convert.convert(tmp_path / "old.pt", tmp_path / "new.safetensors", Wishes())
    assert not (tmp_path / "new.safetensors").exists()
    for form, colours in (("genpalms", "BGR"), ("dcgan", "RGB")):
        header = convert.convert(tmp_path / "old.pt", tmp_path / f"{form}.safetensors", Wishes(format=form))
        assert header.normalisation.channels == colours


@pytest.mark.usefixtures("in_one_process")
@pytest.mark.parametrize(
    ("norm", "bias", "classes", "form", "architecture"),
    [
        (True, False, 1, "wgan-gp", "wgan-critic"),
        (False, True, 1, "auto", "wgan-critic"),
        (True, False, 2, "genpalms", "dcgan-discriminator"),
    ],
)
def test_judges_judge_as_before(tmp_path: Path, norm, bias, classes, form, architecture) -> None:
    old = critic(4, norm, bias, classes)
    torch.save(old.state_dict(), tmp_path / "d.pt")
    header = convert.convert(tmp_path / "d.pt", tmp_path / "d.safetensors", Wishes(format=form))
    assert header.architecture == architecture and header.kind == "discriminator"
    assert (header.normalisation == convert.GENPALMS) is (form == "genpalms")
    network = checkpoint.build(checkpoint.load(tmp_path / "d.safetensors"))
    x = torch.randn(2, 3, 16, 16)
    expected = old(x).flatten(1)
    expected = expected[:, 1:] - expected[:, :1] if classes == 2 else expected
    assert torch.allclose(network(x), expected, atol=1e-5)


@pytest.mark.usefixtures("in_one_process")
@pytest.mark.parametrize("objective", ["pred_noise", "pred_v", "pred_x0"])
@pytest.mark.filterwarnings("ignore")
def test_a_diffusion_trainers_file_says_the_same_as_its_package(tmp_path: Path, objective: str) -> None:
    import_torchvision()
    import denoising_diffusion_pytorch as package

    torch.manual_seed(0)
    unet = package.Unet(dim=8, dim_mults=(1, 2, 4), flash_attn=False)
    for parameter in unet.parameters():
        nn.init.normal_(parameter, std=0.15)
    process = package.GaussianDiffusion(
        unet, image_size=16, timesteps=100, objective=objective, beta_schedule="cosine", auto_normalize=True
    )
    averaged = {f"ema_model.{key}": value for key, value in process.state_dict().items()}
    others = {f"online_model.{key}": value * 0 for key, value in process.state_dict().items()}
    content = {
        "step": 88000,
        "model": {key: value * 0 for key, value in process.state_dict().items()},
        "opt": {"state": {}, "param_groups": [{"lr": 2e-5}]},
        "ema": {"initted": torch.tensor(True), "step": torch.tensor(1), **others, **averaged},
        "version": "2.3.4",
    }
    torch.save(content, tmp_path / "model-88.pt")
    header = convert.convert(tmp_path / "model-88.pt", tmp_path / "u.safetensors", Wishes(image_size=16))
    names = {"pred_noise": "noise", "pred_v": "v", "pred_x0": "image"}
    assert header.sampler_arguments == {
        "steps": 50,
        "timesteps": 100,
        "schedule": "cosine",
        "objective": names[objective],
    }
    network = checkpoint.build(checkpoint.load(tmp_path / "u.safetensors"))
    x, time = torch.randn(2, 3, 16, 16), torch.tensor([3.0, 77.0])
    with torch.no_grad():
        expected, found = unet.eval()(x, time), network(x, time)
    assert expected.std() > 0.05
    assert (expected - found).abs().max() < 1e-5 * max(1.0, expected.abs().max().item())
    assert next(engine.generate(GenerationSpec(count=1), tmp_path / "u.safetensors")).pixels.shape == (
        16,
        16,
        3,
    )


@pytest.mark.usefixtures("in_one_process")
def test_names_are_kept_whatever_is_in_them_and_in_their_order(tmp_path: Path) -> None:
    names = ["z", "a\nb", "a", "\n", "ä"]
    torch.save({name: torch.full((1,), float(at)) for at, name in enumerate(names)}, tmp_path / "old.pt")
    read = convert.read_pickle(tmp_path / "old.pt")
    assert list(read) == names and [float(value) for value in read.values()] == [0, 1, 2, 3, 4]


class Evil:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple:
        return (Path.touch, (self.mark,))


def test_nothing_in_a_hostile_file_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "was-here"
    torch.save({"a": torch.zeros(1), "b": Evil(mark)}, tmp_path / "evil.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Evil(mark)))
    for name in ("evil.pt", "plain.pt"):
        with pytest.raises(ConversionError, match="holds more than tensors"):
            convert.convert(tmp_path / name, tmp_path / "out.safetensors", Wishes())
    assert not mark.exists() and not (tmp_path / "out.safetensors").exists()


def test_a_whole_pickled_model_is_told_what_to_save_instead(tmp_path: Path) -> None:
    torch.save(old_generator(7, 4, 2, nn.Tanh), tmp_path / "whole.pt")
    with pytest.raises(ConversionError, match=r"^whole\.pt holds more .* a whole pickled model ") as told:
        convert.convert(tmp_path / "whole.pt", tmp_path / "out.safetensors", Wishes())
    assert str(told.value).isprintable() and "weights_only" not in str(told.value)


@pytest.mark.usefixtures("in_one_process")
def test_what_is_no_known_network_is_told(tmp_path: Path) -> None:
    with pytest.raises(CheckpointMissing):
        convert.convert(tmp_path / "none.pt", tmp_path / "o.safetensors", Wishes())
    torch.save({"lr": 1.0}, tmp_path / "a.pt")
    with pytest.raises(ConversionError, match="no tensors"):
        convert.convert(tmp_path / "a.pt", tmp_path / "o.safetensors", Wishes())
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / "b.pt")
    with pytest.raises(ConversionError, match="no network of 4 x 4"):
        convert.convert(tmp_path / "b.pt", tmp_path / "o.safetensors", Wishes())
    state = old_generator(7, 4, 2, nn.Tanh).state_dict()
    state.pop("1.running_mean")
    torch.save(state, tmp_path / "c.pt")
    with pytest.raises(ConversionError, match="tensors"):
        convert.convert(tmp_path / "c.pt", tmp_path / "o.safetensors", Wishes())
