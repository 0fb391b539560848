"""Wishes that travel between web, queue and engine: frozen, validated, as JSON with a version.

Standard library only: this is the one module of mlcore that web code may import.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from mlcore.errors import SpecError

__all__ = ["HANDS", "LIMITS", "GenerationSpec", "PeopleSpec", "SpecError"]

VERSION = 1
HANDS = ("any", "left", "right")
# Lowest and highest value of every number. The highest index keeps file names at eight digits.
LIMITS: dict[str, tuple[int, int]] = {
    "count": (1, 10_000_000),
    "seed": (0, 2**63 - 1),
    "first_index": (0, 99_999_999),
    "candidates": (1, 64),
    "max_draws": (1, 1024),
    "people": (1, 100_000),
    "images": (1, 10_000),
    "first_person": (0, 999_999),
}
SIDES: dict[str, tuple[str, ...]] = {
    "both": ("left", "right"),
    "left": ("left",),
    "right": ("right",),
    "any": ("any",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationSpec:
    """Which images to make: `count` of them from `first_index` on, each a function of seed and index.

    Of `candidates` drawn per image the one that looks most real is kept. With `min_probability` further
    rounds are drawn until one reaches it, at most `max_draws` draws an image; an image that never does is
    reported as short. `hand` and `look` ask for what the checkpoint's header offers under `conditions`.
    """

    count: int
    seed: int = 0
    first_index: int = 0
    candidates: int = 1
    min_probability: float = 0.0
    max_draws: int = 64
    hand: str = "any"
    look: str = "any"

    def __post_init__(self) -> None:
        """Refuse what cannot be made, naming the field, the value and the limit."""
        for name in ("count", "seed", "first_index", "candidates", "max_draws"):
            _check_whole(name, getattr(self, name))
        probability = self.min_probability
        if isinstance(probability, bool) or not isinstance(probability, int | float):
            raise SpecError("min_probability", f"min_probability must be a number, not {probability!r}.")
        if not 0.0 <= probability <= 0.99:
            raise SpecError(
                "min_probability", f"min_probability is {probability}; it must be from 0 to 0.99."
            )
        if self.first_index + self.count - 1 > LIMITS["first_index"][1]:
            raise SpecError("count", f"The last image would have an index over {LIMITS['first_index'][1]}.")
        if self.candidates > self.max_draws:
            raise SpecError(
                "max_draws",
                f"max_draws is {self.max_draws}, less than the {self.candidates} candidates; raise it.",
            )
        if self.hand not in HANDS:
            raise SpecError("hand", f"hand is {self.hand!r}; choose one of {', '.join(HANDS)}.")
        _check_look(self.look)

    @property
    def indices(self) -> range:
        """The indices of the images asked for."""
        return range(self.first_index, self.first_index + self.count)

    def to_json(self) -> str:
        """One line of JSON, keys sorted, that `from_json` reads back."""
        return json.dumps({"version": VERSION, **asdict(self)}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes | Mapping[str, Any]) -> Self:
        """The spec that was written; refuses unknown fields and versions rather than guess."""
        if isinstance(text, Mapping):
            data: Any = dict(text)
        else:
            try:
                data = json.loads(text)
            except ValueError as error:
                raise SpecError("", f"This is no JSON: {error}.") from error
        if not isinstance(data, dict):
            raise SpecError("", "A spec is a JSON object.")
        version = data.pop("version", None)
        if version != VERSION:
            raise SpecError(
                "version", f"This spec has version {version!r}; this program reads version {VERSION}."
            )
        unknown = sorted(set(data) - {field.name for field in fields(cls)})
        if unknown:
            raise SpecError(unknown[0], f"A spec has no field {unknown[0]!r}.")
        if "count" not in data:
            raise SpecError("count", "count is missing.")
        return cls(**data)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleSpec:
    """Several images of each of several synthetic people, each a function of seed, person, hand and image alone.

    Image 0 of a hand is the palm itself; the others show it as a camera would on other days, changed by
    `variation`: 0 not at all, 1 as an ordinary camera, 2 twice as much. `hands` 'any' is one hand a person,
    left or right as it falls. Of `candidates` palms for each hand the one that looks most real is the person's.
    """

    people: int
    images: int = 8
    hands: str = "both"
    seed: int = 0
    first_person: int = 0
    candidates: int = 1
    variation: float = 1.0
    look: str = "any"

    def __post_init__(self) -> None:
        """Refuse what cannot be made, naming the field, the value and the limit."""
        for name in ("people", "images", "seed", "first_person", "candidates"):
            _check_whole(name, getattr(self, name))
        if self.hands not in tuple(SIDES):  # a list, which JSON may bring, is no key
            raise SpecError("hands", f"hands is {self.hands!r}; choose one of {', '.join(SIDES)}.")
        value = self.variation
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 2:
            raise SpecError("variation", f"variation is {value!r}; it must be a number from 0 to 2.")
        if self.count > LIMITS["count"][1]:
            raise SpecError(
                "images", f"That is {self.count:,} images; at most {LIMITS['count'][1]:,} at once."
            )
        _check_look(self.look)

    @property
    def count(self) -> int:
        """Images altogether."""
        return self.people * len(SIDES[self.hands]) * self.images

    def place(self, index: int) -> tuple[int, str, int]:
        """Person, hand ('any' if the spec says so) and number of the image at this index of the order."""
        hand, image = divmod(index, self.images)
        person, side = divmod(hand, len(SIDES[self.hands]))
        return self.first_person + person, SIDES[self.hands][side], image


def _check_whole(name: str, value: object) -> None:
    low, high = LIMITS[name]
    if isinstance(value, bool) or not isinstance(value, int):
        raise SpecError(name, f"{name} must be a whole number, not {value!r}.")
    if not low <= value <= high:
        raise SpecError(name, f"{name} is {value}; it must be from {low} to {high}.")


def _check_look(look: object) -> None:
    if not isinstance(look, str) or not 1 <= len(look) <= 64:
        raise SpecError("look", "look must be a name of 1 to 64 characters, or 'any'.")
