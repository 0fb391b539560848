"""How much the lab takes at once: the numbers of the settings, and the sentences that show them. Reads only."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

__all__ = ["BACKBONES", "FIT_DEFAULTS", "FIT_RANGES", "Limits", "available_backbone", "limits"]

RESNET18, LITE0 = "ResNet18", "EfficientNet-Lite0"
# As people are told it: where the settings look for torchvision's file, without what the folder is here.
WEIGHTS_PLACE = "PALMSITE_DATA/weights/resnet18.pth"
BACKBONES = (RESNET18, LITE0)
FIT_DEFAULTS: dict[str, Any] = {
    "backbone": RESNET18,
    "input_size": 64,
    "batch_size": 128,
    "lr": 0.03,
    "C": 0.1,
    "num_epochs": 1,
    "seed": 0,
}
# Lowest and highest of every number; the same as mlcore.classifier.FitSettings takes.
FIT_RANGES: dict[str, tuple[float, float]] = {
    "input_size": (32, 512),
    "batch_size": (1, 65_536),
    "lr": (1e-6, 10),
    "C": (1e-6, 1e6),
    "num_epochs": (1, 1000),
    "seed": (0, 2**31 - 1),
}


@dataclass(frozen=True)
class Limits:
    """The numbers of PALMSITE_LAB."""

    archive_bytes: int
    unpacked_bytes: int
    entries: int
    image_bytes: int
    image_pixels: int
    predict_images: int
    predict_seconds: float
    threshold: float
    kept_days: int
    resnet18_weights: str


def limits() -> Limits:
    """What holds now."""
    return Limits(**settings.PALMSITE_LAB)


def resnet18_weights() -> Path | None:
    """Torchvision's file of ResNet18 weights, where the operator has put it."""
    path = Path(limits().resnet18_weights)
    return path if path.is_file() else None


def available_backbone(wanted: str) -> str:
    """The network that will be used when this one is wanted."""
    return RESNET18 if wanted == RESNET18 and resnet18_weights() else LITE0
