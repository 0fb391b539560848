"""A generator that was loaded: what may be asked of it, and how it draws.

The network always runs at one batch shape, the rest padded: another shape would change rounding and with it bytes.
"""

import platform
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mlcore import checkpoint, fold, images, noise, sampling, scoring
from mlcore.errors import BadHeader, SpecError, WrongKind
from mlcore.memory import keep_freed_memory
from mlcore.spec import GenerationSpec, PeopleSpec

BATCH = 16


class Model:
    """A generator, loaded once and shared, with the discriminator that scores it where it is at hand."""

    def __init__(
        self, loaded: checkpoint.Checkpoint, scorer: scoring.Scorer | None = None, computing: str = "torch"
    ) -> None:
        if loaded.header.kind != "generator":
            raise WrongKind(f"A {loaded.header.kind} makes no images; give a generator.")
        keep_freed_memory()
        self.header = loaded.header
        self.sha256 = loaded.sha256
        self.scorer = scorer
        network = checkpoint.build(loaded)
        self.image_size = int(network.image_size)  # type: ignore[arg-type]
        # A latent vector's length, or for a diffusion network the shape of its noise, a picture.
        size: Any = network.latent_size
        self.noise_shape = (size,) if isinstance(size, int) else tuple(size)
        self.network = _ready(network, computing)
        # Where equal bytes are promised. Verdicts are torch's always, the same whoever drew the image.
        self.place = backend(computing)
        hand = self.header.conditions.get("hand", {})
        self._left_share = _left_share(hand)
        self.drawn = str(hand.get("drawn", "left"))

    def hands(self) -> bool:
        """Whether left and right may be asked for."""
        return "hand" in self.header.conditions

    def calibrated(self) -> bool:
        """Whether its scores are probabilities that hold."""
        return self.scorer is not None and self.scorer.calibration.fitted

    def looks(self) -> dict[str, float]:
        """The looks that may be asked for, with how often each is drawn for 'any'."""
        return dict(self.header.conditions.get("looks", {}))

    def draw(self, spec: GenerationSpec, items: list[tuple[int, int]]) -> images.Pixels:
        """At most 16 images, one for each (index, draw), NHWC; always computed as 16."""
        pixels = self.paint(
            [noise.latent(spec.seed, index, self.noise_shape, draw) for index, draw in items],
            lambda step: [noise.stream(spec.seed, index, draw, f"step {step}") for index, draw in items],
            [self.label(spec.seed, index, spec.look) for index, _ in items],
        )
        for place, (index, _) in enumerate(items):
            if self.hands() and self.side(spec.seed, index, spec.hand) != self.drawn:
                pixels[place] = pixels[place, :, ::-1].copy()
        return pixels

    @torch.inference_mode()
    def paint(
        self,
        latents: Sequence[NDArray[np.float32]],
        streams: Callable[[int], Sequence[np.random.RandomState]],
        labels: Sequence[int],
    ) -> images.Pixels:
        """What the network draws from at most 16 latents, NHWC; always computed as 16.

        `streams` gives each image's own randomness for one step of a stochastic sampler; `labels` count where
        the network takes some.
        """
        count, missing = len(latents), BATCH - len(latents)
        batch = torch.from_numpy(np.stack([*latents, *[latents[-1]] * missing]))
        if batch.dim() == 4:
            batch = batch.to(memory_format=torch.channels_last)

        def fresh(step: int) -> torch.Tensor:
            parts = [noise.normal(stream, self.noise_shape) for stream in streams(step)]
            return torch.from_numpy(np.stack([*parts, *[parts[-1]] * missing]))

        network: sampling.Network = self.network
        if self.looks():
            chosen = torch.tensor([*labels, *[labels[-1]] * missing])
            network = lambda *inputs: self.network(*inputs, chosen)  # noqa: E731
        made = sampling.sample(network, batch, fresh, self.header.sampler, self.header.sampler_arguments)
        return images.to_uint8(made, self.header.normalisation)[:count]

    def side(self, seed: int, number: int, wanted: str) -> str:
        """The hand of an image or a person: the wanted one, or for 'any' as often left as in the training data."""
        if wanted != "any":
            return wanted
        return "left" if noise.uniform(seed, number, "hand") < self._left_share else "right"

    def label(self, seed: int, number: int, look: str) -> int:
        """The place of an image's or a person's look among those that the network knows."""
        looks = self.looks()
        if look != "any":
            return list(looks).index(look)
        sums = list(accumulate(looks.values()))
        place = noise.uniform(seed, number, "look") * sums[-1] if sums else 0.0
        return next((i for i, total in enumerate(sums) if place < total), max(len(sums) - 1, 0))

    def check(self, spec: GenerationSpec | PeopleSpec) -> None:
        """Refuse a wish that this checkpoint cannot fulfil."""
        field, hand = ("hand", spec.hand) if isinstance(spec, GenerationSpec) else ("hands", spec.hands)
        if hand != "any" and not self.hands():
            raise SpecError(field, "This generator does not know left from right; ask for any.")
        if spec.look != "any" and spec.look not in self.looks():
            known = ", ".join(["any", *self.looks()])
            raise SpecError("look", f"This generator has no look {spec.look!r}; it has {known}.")
        least = spec.min_probability if isinstance(spec, GenerationSpec) else 0
        if self.scorer is None and (spec.candidates > 1 or least > 0):
            field = "candidates" if spec.candidates > 1 else "min_probability"
            raise SpecError(
                field, f"{field} needs the discriminator that scores this generator, not at hand."
            )


def _left_share(hand: Any) -> float:
    """How many palms are left where any may be: as in the training data, or half where the header does not say."""
    share = hand.get("left_share", 0.5) if isinstance(hand, dict) else None
    if not isinstance(share, int | float) or isinstance(share, bool) or not 0 <= share <= 1:
        raise BadHeader("its condition hand must have a left_share from 0 to 1.")
    if hand.get("drawn", "left") not in ("left", "right"):
        raise BadHeader("its condition hand must be drawn left or right.")
    return float(share)


def _ready(network: torch.nn.Module, computing: str) -> torch.nn.Module:
    """The network as the chosen library runs it."""
    if computing == "openvino":
        from mlcore.openvino_network import OpenVinoNetwork

        return OpenVinoNetwork(network)
    if computing != "torch":
        raise SpecError("backend", f"There is no backend {computing!r}; choose torch or openvino.")
    return fold.fast(network)


def backend(computing: str = "torch") -> dict[str, str]:
    """Where equal bytes are promised: machine type, torch, and what the chosen library uses on it."""
    capability = torch.backends.cpu.get_cpu_capability()
    if computing == "openvino":
        from mlcore import openvino_network

        capability = f"{capability} openvino {openvino_network.version()}"
    return {"machine": platform.machine(), "torch": torch.__version__, "backend": capability}
