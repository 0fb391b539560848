import math

import pytest
import torch

from mlcore import sampling
from mlcore.errors import BadHeader

DATA = 0.4  # deviation of the Gaussian data whose best denoiser is known in closed form


def no_noise(_step: int) -> torch.Tensor:
    raise AssertionError("a deterministic sampler asks for no fresh noise")


def best_raw(noisy_scaled: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
    """The network F for which D is the best denoiser of N(0, DATA^2): D(x) = DATA^2 / (DATA^2 + s^2) x."""
    s = (4 * level).exp().view(-1, 1, 1, 1)
    total = (s**2 + 0.5**2).sqrt()
    x = noisy_scaled * total
    skip, out = 0.5**2 / total**2, s * 0.5 / total
    return (DATA**2 / (DATA**2 + s**2) * x - skip * x) / out


def best_noise(x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
    """The best prediction of the noise in sqrt(a) x0 + sqrt(1 - a) e when x0 is N(0, DATA^2)."""
    product = sampling.alphas_cumprod("cosine", 1000)[int(time[0])]
    return math.sqrt(1 - product) / (product * DATA**2 + 1 - product) * x


def test_preconditioning_is_the_papers_at_its_ends() -> None:
    x = torch.randn(2, 3, 4, 4)
    ones = torch.ones_like(x)
    nothing = sampling.edm_denoise(lambda *_: ones, x, torch.full((2,), 1e-8))
    assert torch.allclose(nothing, x, atol=1e-6)
    everything = sampling.edm_denoise(lambda *_: ones, x * 1e4, torch.full((2,), 1e6))
    assert torch.allclose(everything, 0.5 * ones, atol=1e-3)
    assert sampling.edm_weight(torch.tensor([0.5])).item() == pytest.approx(8.0)


def test_a_network_may_say_the_image_itself() -> None:
    noise = torch.randn(16, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    image = torch.full((1, 3, 8, 8), 0.3)
    # One that always says the same image leads there from any noise, by any number of steps.
    found = sampling.heun(lambda *_: image, noise, no_noise, steps=4, objective="image")
    assert torch.allclose(found, image.expand_as(found), atol=1e-4)
    with pytest.raises(BadHeader, match="mix and image"):
        sampling.heun(lambda *_: image, noise, no_noise, objective="v")


def test_noise_levels_fall_from_high_to_low_to_zero() -> None:
    sigmas = sampling.edm_sigmas(18)
    assert sigmas[0] == pytest.approx(80) and sigmas[-2] == pytest.approx(0.002) and sigmas[-1] == 0
    assert sigmas == sorted(sigmas, reverse=True) and len(sigmas) == 19


def test_heun_finds_the_known_distribution() -> None:
    noise = torch.randn(16, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    # Probability flow of a Gaussian is linear: x(0) = x(T) * DATA / sqrt(DATA^2 + T^2).
    expected = noise * 80 * DATA / math.sqrt(DATA**2 + 80**2)
    inside = expected.abs() < 0.9
    errors = [
        (sampling.heun(best_raw, noise, no_noise, steps=steps) - expected)[inside].abs().max().item()
        for steps in (40, 80, 160)
    ]
    # Of second order: half the step, a quarter of the error.
    assert errors[0] < 0.02 and errors[1] < errors[0] / 3 and errors[2] < errors[1] / 3


def test_heun_begins_around_the_mean_colour() -> None:
    """The network's image is what it was shown: the first look is the noise at its highest level, around the mean."""
    noise = torch.zeros(1, 3, 4, 4)
    looks: list[torch.Tensor] = []

    def shown(x: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        looks.append(x)
        return x * math.sqrt(2.0**2 + 0.5**2)

    sampling.heun(shown, noise, no_noise, steps=2, sigma_max=2.0, objective="image", mean=[0.5, 0.0, -0.25])
    first = looks[0] * math.sqrt(2.0**2 + 0.5**2)
    assert torch.allclose(first.mean(dim=(0, 2, 3)), torch.tensor([0.5, 0.0, -0.25]))
    with pytest.raises(BadHeader, match="2 numbers; the images have 3 channels"):
        sampling.heun(shown, noise, no_noise, mean=[0.5, 0.0])


def test_heun_with_churn_takes_fresh_noise_and_keeps_the_distribution() -> None:
    source = torch.Generator().manual_seed(1)
    noise = torch.randn(64, 3, 8, 8, generator=source)
    asked = []

    def fresh(step: int) -> torch.Tensor:
        asked.append(step)
        return torch.randn(noise.shape, generator=source)

    made = sampling.heun(best_raw, noise, fresh, steps=160, churn=20)
    assert asked == list(range(160))
    clipped = DATA * torch.randn(100_000, generator=source)
    assert made.std().item() == pytest.approx(clipped.clamp(-1, 1).std().item(), rel=0.03)


@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_ddim_finds_the_known_distribution(eta: float) -> None:
    source = torch.Generator().manual_seed(2)
    noise = torch.randn(64, 3, 8, 8, generator=source)
    fresh = no_noise if eta == 0 else lambda _: torch.randn(noise.shape, generator=source)
    made = sampling.ddim(best_noise, noise, fresh, steps=200, schedule="cosine", eta=eta)
    assert made.std().item() == pytest.approx(DATA, rel=0.06)
    assert abs(made.mean().item()) < 0.02


def test_the_three_objectives_say_the_same() -> None:
    noise = torch.randn(4, 3, 4, 4)
    products = sampling.alphas_cumprod("sigmoid", 1000)

    def image(x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        return torch.tanh(x * 0.3)

    def as_noise(x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        a = products[int(time[0])]
        return (x - math.sqrt(a) * image(x, time)) / math.sqrt(1 - a)

    def as_v(x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        a = products[int(time[0])]
        return math.sqrt(a) * as_noise(x, time) - math.sqrt(1 - a) * image(x, time)

    made = [
        sampling.ddim(network, noise, no_noise, steps=10, objective=name)
        for name, network in (("image", image), ("noise", as_noise), ("v", as_v))
    ]
    assert torch.allclose(made[0], made[1], atol=1e-3) and torch.allclose(made[0], made[2], atol=1e-3)


@pytest.mark.parametrize("schedule", ["linear", "cosine", "sigmoid"])
def test_schedules_fall_from_one_to_nothing(schedule: str) -> None:
    products = sampling.alphas_cumprod(schedule, 1000)
    assert products[0] > 0.999 and products[-1] < 1e-3 and products == sorted(products, reverse=True)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("euler", {}),
        ("heun", {"steps": 0}),
        ("heun", {"steps": 10**6}),
        ("heun", {"speed": 2}),
        ("ddim", {"schedule": "square"}),
        ("ddim", {"objective": "fame"}),
        ("ddim", {"timesteps": 10**6}),
    ],
)
def test_headers_that_name_nothing_known_are_refused(name: str, arguments: dict) -> None:
    with pytest.raises(BadHeader):
        sampling.sample(lambda x, _: x, torch.zeros(1, 3, 4, 4), no_noise, name, arguments)
