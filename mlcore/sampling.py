"""Samplers: plain functions from noise to images. They know no checkpoint, no file and no random state.

Scalars are computed in double precision by Python; a sampler that needs fresh noise asks `fresh(step)` for
it, so that every image keeps its own stream.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from mlcore.errors import BadHeader

Network = Callable[..., torch.Tensor]
Fresh = Callable[[int], torch.Tensor]
SAMPLERS = ("gan", "heun", "ddim")
MAX_STEPS = 1000


def sample(
    network: Network, noise: torch.Tensor, fresh: Fresh, sampler: str, arguments: Mapping[str, Any]
) -> torch.Tensor:
    """Images of this noise by the named sampler; `arguments` are the checkpoint header's."""
    try:
        if sampler == "gan":
            return network(noise)
        if not 1 <= int(arguments.get("steps", 18)) <= MAX_STEPS:
            raise BadHeader(f"The sampler's steps must be from 1 to {MAX_STEPS}.")
        if sampler == "heun":
            return heun(network, noise, fresh, **arguments)
        if sampler == "ddim":
            return ddim(network, noise, fresh, **arguments)
    except TypeError as error:
        raise BadHeader(f"The sampler {sampler} does not take the header's arguments: {error}.") from error
    raise BadHeader(f"The sampler {sampler!r} is not known; known are {', '.join(SAMPLERS)}.")


def edm_denoise(
    network: Network,
    noisy: torch.Tensor,
    sigma: torch.Tensor,
    sigma_data: float = 0.5,
    objective: str = "mix",
) -> torch.Tensor:
    """D(x; sigma) of Karras et al. 2022, arXiv:2206.00364, equation 7 and table 1; sigma has shape (N,).

    Of a network whose `objective` is 'image' the output is D itself, not a mix of image and noise.
    """
    if objective not in ("mix", "image"):
        raise BadHeader(f"The objective {objective!r} is not known to heun; known are mix and image.")
    s = sigma.view(-1, 1, 1, 1)
    total = s.square() + sigma_data**2
    skip = sigma_data**2 / total
    out = s * sigma_data * total.rsqrt()
    raw = network(noisy * total.rsqrt(), sigma.log() / 4)
    return raw if objective == "image" else skip * noisy + out * raw


def edm_weight(sigma: torch.Tensor, sigma_data: float = 0.5) -> torch.Tensor:
    """lambda(sigma), the weight of the squared error at that noise (the same paper, table 1)."""
    return (sigma.square() + sigma_data**2) / (sigma * sigma_data).square()


def edm_sigmas(
    steps: int, sigma_min: float = 0.002, sigma_max: float = 80.0, rho: float = 7.0
) -> list[float]:
    """The noise levels of equation 5, from sigma_max down to sigma_min, then 0."""
    if steps == 1:
        return [sigma_max, 0.0]
    low, high = sigma_min ** (1 / rho), sigma_max ** (1 / rho)
    return [(high + i / (steps - 1) * (low - high)) ** rho for i in range(steps)] + [0.0]


def heun(
    network: Network,
    noise: torch.Tensor,
    fresh: Fresh,
    *,
    steps: int = 18,
    sigma_min: float = 0.002,
    sigma_max: float = 80.0,
    rho: float = 7.0,
    sigma_data: float = 0.5,
    objective: str = "mix",
    churn: float = 0.0,
    mean: Sequence[float] = (),
) -> torch.Tensor:
    """Heun's method with optional churn (the same paper, algorithm 2, S_noise = 1).

    `mean` is the mean colour of the data. Noise alone has none of it, and a network that asks every pixel takes
    that for a darker picture: without it palms of 128 pixels came out 22 of 255 levels too dark.
    """
    if len(mean) not in (0, noise.shape[1]):
        raise BadHeader(
            f"The mean colour has {len(mean)} numbers; the images have {noise.shape[1]} channels."
        )
    sigmas = edm_sigmas(steps, sigma_min, sigma_max, rho)
    gamma = min(churn / steps, math.sqrt(2) - 1)
    x = noise * sigmas[0]
    if mean:
        x = x + torch.tensor(mean, dtype=x.dtype, device=x.device).view(1, -1, 1, 1)
    for step, (now, then) in enumerate(itertools.pairwise(sigmas)):
        raised = now * (1 + gamma)
        if gamma > 0:
            x = x + fresh(step) * math.sqrt(raised**2 - now**2)
        slope = (x - edm_denoise(network, x, _level(x, raised), sigma_data, objective)) / raised
        euler = x + (then - raised) * slope
        if then > 0:
            there = (euler - edm_denoise(network, euler, _level(x, then), sigma_data, objective)) / then
            euler = x + (then - raised) * (slope + there) / 2
        x = euler
    return x.clamp(-1, 1)


def alphas_cumprod(schedule: str, timesteps: int) -> list[float]:
    """Products of alpha per timestep: 'linear' (Ho et al. 2020, arXiv:2006.11239), 'cosine' (Nichol and
    Dhariwal 2021, arXiv:2102.09672, equation 17) or 'sigmoid' (Jabri et al. 2022, arXiv:2212.11972, appendix
    B).
    """
    if not 1 <= timesteps <= 10_000:
        raise BadHeader("A schedule has 1 to 10,000 timesteps.")
    if schedule == "linear":
        scale = 1000 / timesteps
        span = max(timesteps - 1, 1)
        betas = [scale * (1e-4 + (0.02 - 1e-4) * t / span) for t in range(timesteps)]
    elif schedule == "cosine":
        curve = [math.cos((t / timesteps + 0.008) / 1.008 * math.pi / 2) ** 2 for t in range(timesteps + 1)]
        betas = _betas(curve)
    elif schedule == "sigmoid":
        start, end = _sigmoid(-3), _sigmoid(3)
        curve = [(end - _sigmoid(t / timesteps * 6 - 3)) / (end - start) for t in range(timesteps + 1)]
        betas = _betas(curve)
    else:
        raise BadHeader(f"The schedule {schedule!r} is not known; known are linear, cosine and sigmoid.")
    products, product = [], 1.0
    for beta in betas:
        product *= 1 - beta
        products.append(product)
    return products


def ddim(
    network: Network,
    noise: torch.Tensor,
    fresh: Fresh,
    *,
    steps: int = 50,
    timesteps: int = 1000,
    schedule: str = "sigmoid",
    objective: str = "noise",
    eta: float = 0.0,
) -> torch.Tensor:
    """DDIM (Song et al. 2021, arXiv:2010.02502, equation 12); with eta 1 and all timesteps it is DDPM.

    `objective` is what the network predicts: 'noise', 'image' or 'v' (Salimans and Ho 2022,
    arXiv:2202.00512).
    """
    products = alphas_cumprod(schedule, timesteps)
    steps = min(steps, timesteps)
    times = [round(i * (timesteps - 1) / max(steps - 1, 1)) for i in range(steps)][::-1]
    x = noise
    for step, time in enumerate(times):
        now = products[time]
        then = products[times[step + 1]] if step + 1 < steps else 1.0
        predicted = network(x, torch.full((x.shape[0],), float(time), device=x.device))
        image = _image(objective, x, predicted, now).clamp(-1, 1)
        epsilon = (x - math.sqrt(now) * image) / math.sqrt(1 - now)
        spread = eta * math.sqrt((1 - then) / (1 - now) * (1 - now / then)) if then < 1 else 0.0
        x = math.sqrt(then) * image + math.sqrt(max(1 - then - spread**2, 0.0)) * epsilon
        if spread > 0:
            x = x + spread * fresh(step)
    return x


def _image(objective: str, x: torch.Tensor, predicted: torch.Tensor, product: float) -> torch.Tensor:
    """The clean image that the network's prediction stands for."""
    if objective == "noise":
        return (x - math.sqrt(1 - product) * predicted) / math.sqrt(product)
    if objective == "v":
        return math.sqrt(product) * x - math.sqrt(1 - product) * predicted
    if objective == "image":
        return predicted
    raise BadHeader(f"The objective {objective!r} is not known; known are noise, image and v.")


def _betas(curve: list[float]) -> list[float]:
    return [min(max(1 - b / a, 0.0), 0.999) for a, b in itertools.pairwise(curve)]


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def _level(x: torch.Tensor, sigma: float) -> torch.Tensor:
    return torch.full((x.shape[0],), sigma, device=x.device)
