import pytest
import torch
from torch import nn

from mlcore import fold

from . import eight_pixels
from .eight_pixels import DCGAN, DISCRIMINATOR, UNET


@pytest.mark.parametrize(
    ("header", "inputs"),
    [
        (DCGAN, [torch.randn(16, 6)]),
        (DISCRIMINATOR, [torch.randn(16, 3, 8, 8)]),
        (UNET, [torch.randn(16, 3, 8, 8), torch.rand(16)]),
    ],
)
def test_folding_changes_nothing_that_matters(header, inputs) -> None:
    plain, fast = eight_pixels.network(header), fold.fast(eight_pixels.network(header))
    with torch.inference_mode():
        assert torch.allclose(plain(*inputs), fast(*inputs), atol=2e-5)


@pytest.mark.parametrize("header", [DCGAN, DISCRIMINATOR], ids=["generator", "discriminator"])
def test_batch_norms_are_gone_from_a_dcgan(header) -> None:
    fast = fold.fast(eight_pixels.network(header))
    assert not [part for part in fast.modules() if isinstance(part, nn.BatchNorm2d)]


@pytest.mark.parametrize("header", [DCGAN, DISCRIMINATOR, UNET], ids=["generator", "discriminator", "unet"])
def test_the_networks_that_ship_can_be_traced(header) -> None:
    """One that cannot is never folded, and nobody would notice but by its speed."""
    assert isinstance(fold.fast(eight_pixels.network(header)), torch.fx.GraphModule)


def test_a_spectral_norm_becomes_plain_weight() -> None:
    network = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Conv2d(3, 4, 3)), nn.ReLU()).eval()
    x = torch.randn(2, 3, 8, 8)
    before = network(x)
    fast = fold.fast(network)
    assert torch.allclose(fast(x), before, atol=1e-6)
    assert not any(hasattr(part, "parametrizations") for part in fast.modules())


class Shared(nn.Module):
    """A convolution whose output goes two ways cannot take the norm of one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)
        nn.init.uniform_(self.norm.running_var, 2, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.conv(x)
        return h + self.norm(h)


class Twice(nn.Module):
    """A convolution that is called twice, once with a norm after it and once without."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)
        nn.init.uniform_(self.norm.running_var, 2, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.conv(x)) + self.conv(x)


class Branching(nn.Module):
    """Code that depends on numbers cannot be traced."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x if x.sum() > 0 else -x


@pytest.mark.parametrize("network", [Shared, Twice, Branching])
def test_what_cannot_be_folded_is_left_as_it_is(network) -> None:
    plain = network().eval()
    x = torch.randn(2, 3, 4, 4)
    before = plain(x).clone()
    assert torch.allclose(fold.fast(plain)(x), before, atol=1e-6)


@pytest.mark.parametrize(("channels", "bias"), [(3, True), (1, False)])
def test_phases_are_the_transposed_convolution(channels: int, bias: bool) -> None:
    layer = nn.ConvTranspose2d(5, channels, 4, 2, 1, bias=bias)
    x = torch.randn(2, 5, 6, 7)
    with torch.inference_mode():
        assert torch.allclose(fold.Phases(layer)(x), layer(x), atol=1e-6)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(5, 7, 4, 2, 1),
        nn.Conv2d(5, 7, (3, 2), (1, 2), (0, 1), bias=False),
        nn.ConvTranspose2d(5, 7, 4, 2, 1),
        nn.ConvTranspose2d(5, 7, 4, 2, 1, bias=False),
    ],
)
def test_products_are_the_convolution(layer: nn.Module) -> None:
    kind = fold.Products if isinstance(layer, nn.Conv2d) else fold.TransposedProducts
    x = torch.randn(2, 5, 6, 8)
    with torch.inference_mode():
        assert torch.allclose(kind(layer)(x), layer(x), atol=1e-6)


def test_only_layers_of_few_channels_or_many_weights_are_done_otherwise(monkeypatch) -> None:
    monkeypatch.setattr(fold, "MANY_WEIGHTS", 8 * 16 * 16)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3),
        nn.Conv2d(8, 16, 4),
        nn.Conv2d(16, 32, 4, padding=3, dilation=2),
        nn.ConvTranspose2d(32, 16, 4, 2, 1),
        nn.ConvTranspose2d(16, 4, 4, 2, 1),
        nn.ConvTranspose2d(4, 3, 4, 2, 1),
    ).eval()
    x = torch.randn(2, 3, 9, 9)
    before = network(x).detach()
    fast = fold.fast(network)
    kinds = [type(part) for part in fast.children()]
    assert kinds == [
        nn.Conv2d,
        fold.Products,
        nn.Conv2d,
        fold.TransposedProducts,
        nn.ConvTranspose2d,
        fold.Phases,
    ]
    with torch.inference_mode():
        assert torch.allclose(fast(x), before, atol=1e-6)
        assert torch.allclose(fast(x.to(memory_format=torch.channels_last)), before, atol=1e-6)


@pytest.mark.slow
def test_large_and_thin_layers_say_the_same_in_any_number_of_threads_and_at_any_place() -> None:
    """The promise of equal bytes rests on it: real sizes, for other kernels serve small ones."""
    networks = {
        (16, 512, 8, 8): nn.Sequential(nn.Conv2d(512, 1024, 4, 2, 1)),
        (16, 1024, 4, 4): nn.Sequential(nn.ConvTranspose2d(1024, 512, 4, 2, 1)),
        (16, 64, 64, 64): nn.Sequential(nn.ConvTranspose2d(64, 3, 4, 2, 1)),
    }
    threads = torch.get_num_threads()
    try:
        for shape, network in networks.items():
            fast, x = fold.fast(network.eval()), torch.randn(shape)
            said = []
            with torch.inference_mode():
                for number in (1, 2, 3):
                    torch.set_num_threads(number)
                    said += [fast(x), fast(x.flip(0)).flip(0)]
            assert all(torch.equal(one, said[0]) for one in said)
    finally:
        torch.set_num_threads(threads)
