"""What every way of training has in common: its networks, its optimisers and one careful step of an optimiser.

A recipe owns losses; it does not know about files, progress or how long to go on: that is the trainer.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional
from torch.optim import Optimizer

from mlcore.errors import TrainingError
from mlcore.images import STANDARD, Normalisation

Losses = dict[str, float]


class Recipe(ABC):
    """Networks, optimisers and `step`: all that differs between one way of training and another.

    `generator` is what the trainer averages over time, samples and ships; `discriminator`, where there is one,
    ships as its partner.
    """

    name: ClassVar[str]
    # Feature networks that it trains against: what it makes looks better in them than it is.
    seen: ClassVar[tuple[str, ...]] = ()
    sampler = "gan"
    normalisation: Normalisation = STANDARD

    def __init__(self, networks: dict[str, nn.Module], precision: str = "float32") -> None:
        self.networks = nn.ModuleDict(networks)
        self.precision = precision
        self.optimisers: dict[str, Optimizer] = {}
        self.device = torch.device("cpu")

    @property
    def generator(self) -> nn.Module:
        """The network that makes images."""
        return self.networks["generator"]

    def to(self, device: torch.device) -> None:
        """Move the networks, and make the optimisers for where they are."""
        self.device = device
        self.networks.to(device)
        self.optimisers = self.make_optimisers()

    @abstractmethod
    def make_optimisers(self) -> dict[str, Optimizer]:
        """One optimiser per network that learns, by its name."""

    @abstractmethod
    def step(self, batches: list[Tensor]) -> Losses:
        """Learn from real images (in `normalisation`, NCHW), one micro-batch after another, and say the losses."""

    @abstractmethod
    def architectures(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """For each network that ships: its name in the registry and its arguments."""

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """What one image is made from."""
        size = self.generator.latent_size
        return (size,) if isinstance(size, int) else tuple(cast("tuple[int, ...]", size))

    def draw(self, generator: nn.Module, latents: Tensor) -> Tensor:
        """Images from latents by this generator, the recipe's own or its average."""
        made: Tensor = generator(latents)
        return made

    def sampler_arguments(self) -> dict[str, Any]:
        """What the sampler needs to know beside the network; nothing for a GAN."""
        return {}

    def autocast(self) -> AbstractContextManager[object]:
        """Half precision inside, where the recipe was made with it; bfloat16 needs no loss scaling."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.precision == "bfloat16")

    def learn(self, network: str, losses: Iterable[Callable[[], Tensor]]) -> float:
        """One step of a network's optimiser on the mean of these losses, computed one after the other.

        With several processes their gradients are averaged, so that all take the same step.
        """
        optimiser = self.optimisers[network]
        optimiser.zero_grad(set_to_none=True)
        pieces = list(losses)
        total = 0.0
        for piece in pieces:
            with self.autocast():
                loss = piece()
            (loss / len(pieces)).backward()  # type: ignore[no-untyped-call]
            total += loss.item() / len(pieces)
        self._average_gradients(optimiser)
        optimiser.step()
        return total

    @staticmethod
    def _average_gradients(optimiser: Optimizer) -> None:
        if not (distributed.is_available() and distributed.is_initialized()):
            return
        world = distributed.get_world_size()
        for group in optimiser.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    distributed.all_reduce(parameter.grad)
                    parameter.grad /= world


def require(settings: object, name: str, low: int, high: int | None = None) -> None:
    """Refuse a number with which no step can be taken, before any work."""
    value = getattr(settings, name)
    if value < low or (high is not None and value > high):
        limits = f"at least {low}" if high is None else f"from {low:,} to {high:,}"
        raise TrainingError(f"{name} is {value}; it must be {limits}.")


def hinge(on_real: Tensor, on_fake: Tensor) -> tuple[Tensor, Tensor]:
    """Hinge loss of several heads, (N, K) verdicts each, summed over the heads: on real images and on made ones."""
    return functional.relu(1 - on_real).sum(dim=1).mean(), functional.relu(1 + on_fake).sum(dim=1).mean()


def frozen(module: nn.Module, is_frozen: bool = True) -> None:
    """Keep gradients out of a network while another one learns through it."""
    for parameter in module.parameters():
        parameter.requires_grad_(not is_frozen)


def learnable(module: nn.Module) -> list[nn.Parameter]:
    """The parameters of a network that were not fixed when it was made."""
    return [parameter for parameter in module.parameters() if parameter.requires_grad]
