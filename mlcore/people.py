"""Several images of one synthetic person: the palm stays, pose, light and a little of its shape change.

A person is a place in the generator's latent space; left and right hand lie near each other, and each image of a
hand lies a little aside of it and is then photographed by a camera of its own. Image k of a hand is a function of
(checkpoint sha256, seed, person, hand, k and the spec's other per-image fields) alone.
"""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore import camera, engine, images, noise
from mlcore.generator import BATCH, Model
from mlcore.scoring import Judgement
from mlcore.spec import PeopleSpec

# Shares of a latent's length; the rest is what is common.
HANDS_APART = 0.4
IMAGES_APART = 0.08
Latent = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonImage(engine.GeneratedImage):
    """An image of a synthetic person: whose, which hand ('any' where the generator knows none), which number."""

    person: int
    hand: str
    image: int


def generate(
    spec: PeopleSpec,
    model: Model,
    on_progress: Callable[[engine.Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    *,
    indices: Iterable[int] | None = None,
) -> Generator[PersonImage, None, engine.Progress]:
    """Yield the spec's images in the order of their indices; `indices` makes only some, with the same bytes."""
    model.check(spec)
    wanted = list(range(spec.count) if indices is None else indices)
    palms = _Palms(spec, model)
    progress = engine.Progress(0, len(wanted), 0)
    for at in range(0, len(wanted), BATCH):
        if should_stop is not None and should_stop():
            return progress
        items = [(index, *place(spec, model, index)) for index in wanted[at : at + BATCH]]
        pixels = palms.pictures([item[1:] for item in items])
        scores = model.scorer.probabilities(pixels) if model.scorer is not None else None
        for number, (index, person, hand, image) in enumerate(items):
            yield PersonImage(
                index=index,
                seed=spec.seed,
                score=None if scores is None else float(scores[number]),
                pixels=pixels[number],
                person=person,
                hand=hand,
                image=image,
            )
        done = min(at + BATCH, len(wanted))
        progress = engine.Progress(done, len(wanted), done)
        if on_progress is not None:
            on_progress(progress)
    return progress


def place(spec: PeopleSpec, model: Model, index: int) -> tuple[int, str, int]:
    """Person, hand and number of an image; a hand that may be any is decided where the generator knows hands."""
    person, hand, image = spec.place(index)
    return person, model.side(spec.seed, person, hand) if model.hands() else "any", image


def recipe(model: Model, spec: PeopleSpec, index: int) -> dict[str, Any]:
    """What an image is a function of, and where the promise of equal bytes holds."""
    person, hand, image = place(spec, model, index)
    return {
        "checkpoint": model.sha256,
        "discriminator": model.scorer.sha256 if model.scorer is not None else "",
        "seed": spec.seed,
        "person": person,
        "hand": hand,
        "image": image,
        "candidates": spec.candidates,
        "variation": spec.variation,
        "look": spec.look,
        **model.place,
    }


class _Palms:
    """The palms of the spec's people, each chosen once."""

    def __init__(self, spec: PeopleSpec, model: Model) -> None:
        self.spec, self.model = spec, model
        self._chosen: dict[tuple[int, str], int] = {}

    def pictures(self, items: list[tuple[int, str, int]]) -> images.Pixels:
        """At most 16 images, one for each (person, hand, image)."""
        drawn = self._drawn([(*item, self._choice(*item[:2])) for item in items])
        for number, (person, hand, image) in enumerate(items):
            if image:
                seen = noise.stream(self.spec.seed, person, image, f"camera {hand}")
                drawn[number] = camera.photograph(drawn[number], seen, self.spec.variation)
        return drawn

    def _drawn(self, items: list[tuple[int, str, int, int]]) -> images.Pixels:
        """What the network draws for each (person, hand, image, candidate), turned to the hand it is."""
        seed = self.spec.seed
        pixels = self.model.paint(
            [self._latent(*item) for item in items],
            # The sampler's own noise is the palm's: it must not differ between images of one hand.
            lambda step: [
                noise.stream(seed, person, draw, f"step {step} {hand}") for person, hand, _, draw in items
            ],
            [self.model.label(seed, item[0], self.spec.look) for item in items],
        )
        for number, (_, hand, _, _) in enumerate(items):
            if hand not in ("any", self.model.drawn):
                pixels[number] = pixels[number, :, ::-1].copy()
        return pixels

    def _latent(self, person: int, hand: str, image: int, draw: int) -> Latent:
        def drawn(number: int, purpose: str) -> Latent:
            return noise.normal(noise.stream(self.spec.seed, person, number, purpose), self.model.noise_shape)

        palm = _aside(drawn(0, "person"), drawn(draw, f"palm {hand}"), HANDS_APART)
        share = IMAGES_APART * self.spec.variation if image else 0.0
        return _aside(palm, drawn(image, f"pose {hand}"), share) if share else palm

    def _choice(self, person: int, hand: str) -> int:
        """Which candidate is this person's palm: the one that looks most real, the first of equals."""
        if self.spec.candidates == 1 or self.model.scorer is None:
            return 0
        if (person, hand) not in self._chosen:
            if (
                len(self._chosen) >= engine.MAX_WAITING
            ):  # memory stays flat; what was forgotten is found again
                self._chosen.clear()
            judged: list[Judgement] = []
            for at in range(0, self.spec.candidates, BATCH):
                draws = range(at, min(at + BATCH, self.spec.candidates))
                pixels = self._drawn([(person, hand, 0, draw) for draw in draws])
                judged += self.model.scorer.judge(pixels)
            self._chosen[person, hand] = judged.index(max(judged))
        return self._chosen[person, hand]


def _aside(common: Latent, own: Latent, share: float) -> Latent:
    """A latent beside another: normal numbers stay normal, for the squares of the shares sum to one."""
    return (sqrt(1 - share**2) * common + share * own).astype(np.float32)
