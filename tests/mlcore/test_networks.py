"""Every network at every size that is promised, and the networks of every preset: built without memory, run without
numbers.
"""

import warnings

import pytest
import torch

from mlcore import checkpoint, presets
from mlcore.models import constructing
from mlcore.models.constructing import outline

SIZES = (32, 64, 128, 256, 512)
# What each network is given at a size, and the shapes that go in; widths are small, for only shapes are asked here.
GENERATORS = {
    "dcgan-generator": lambda size: ({"image_size": size, "latent_size": 8, "width": 4}, [(2, 8)]),
    "fastgan-generator": lambda size: (
        {"image_size": size, "latent_size": 8, "widths": [4] * ((size // 4).bit_length())},
        [(2, 8)],
    ),
    "unet": lambda size: (
        {"image_size": size, "width": 8, "multipliers": [1, 2], "patch": 4},
        [(2, 3, size, size), (2,)],
    ),
}
JUDGES = {
    "dcgan-discriminator": lambda size: {"image_size": size, "width": 4},
    "wgan-critic": lambda size: {"image_size": size, "width": 4},
    "projected-discriminator": lambda size: {"image_size": size, "width": 4},
}


def empty(shape):
    return torch.empty(shape, device="meta")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_makes_pictures_of_its_size(name, size):
    arguments, inputs = GENERATORS[name](size)
    assert outline(name, arguments).eval()(*map(empty, inputs)).shape == (2, 3, size, size)


@pytest.mark.slow
@pytest.mark.parametrize("size", (SIZES[0], SIZES[-1]))
@pytest.mark.parametrize("name", JUDGES)
def test_a_judge_gives_each_picture_its_verdicts(name, size):
    verdicts = outline(name, JUDGES[name](size)).eval()(empty((2, 3, size, size)))
    assert verdicts.shape[0] == 2
    assert verdicts.numel() < 2 * size * size


@pytest.mark.slow
def test_a_network_made_meanwhile_has_its_norms():
    """Where there are no numbers spectral norms are not iterated: that must not reach a thread that has numbers."""
    with constructing._without_power_iterations():
        norm = torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(4, 4))
    assert torch.linalg.matrix_norm(norm.weight, 2).item() == pytest.approx(1, abs=0.05)


GO_ON = (
    "palm-256-whole",
    "palm-256",
    "palm-diffusion-128",
)  # from another one's checkpoint: tests of their recipes have one


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(presets.names()) - set(GO_ON)))
def test_what_a_preset_trains_is_what_its_header_names(name):
    preset = presets.read(name)
    with torch.device("meta"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*copying from a non-meta parameter.*")
        recipe = presets.RECIPES[preset.recipe][0](preset.settings)
    for kind, (architecture, arguments) in recipe.architectures().items():
        built = checkpoint.state_of(outline(architecture, arguments))
        trained = checkpoint.state_of(recipe.networks[kind])
        assert {key: value.shape for key, value in built.items()} == {
            key: value.shape for key, value in trained.items()
        }
