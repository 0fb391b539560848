"""What a training run is told beside its recipe: how long, how often, and how photographs are changed."""

from dataclasses import dataclass, field

from mlcore.errors import TrainingError
from mlcore.recipes.augment import PhotoAugment
from mlcore.recipes.base import require
from mlcore.spec import LIMITS


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """How long and how often; nothing about losses."""

    steps: int = 1000
    epochs: int = 0  # passes over the data; if given, they decide how many steps
    batch: int = 16
    accumulate: int = 1
    seed: int = 0
    average_images: int = 10_000  # half-life of the averaged weights, in images ...
    average_decay: float = 0.0  # ... or, if given, how much of them stays at each step
    log_every: int = 50
    save_every: int = 500
    measure_every: int = 2000
    photo: PhotoAugment = field(default_factory=PhotoAugment)

    def __post_init__(self) -> None:
        """Refuse numbers with which no step can be taken."""
        least = dict.fromkeys(("steps", "batch", "accumulate", "average_images"), 1) | {"epochs": 0}
        least |= dict.fromkeys(("log_every", "save_every", "measure_every"), 1)
        for name, low in least.items():
            require(self, name, low)
        require(self, "seed", *LIMITS["seed"])
        if not 0 <= self.average_decay < 1:
            raise TrainingError(f"average_decay is {self.average_decay}; it must be from 0 to below 1.")
        if not 0 < self.photo.scale[0] <= self.photo.scale[1]:
            raise TrainingError(
                f"photo.scale is {list(self.photo.scale)}; it must be the least and the most, over 0."
            )
