"""Teaches the upright network on palms that stand upright, turned by every angle; measures it on held people."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from mlcore.data import PackedDataset
from mlcore.models.upright import SIDE, UprightNet

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class UprightPlan:
    """How long and how hard."""

    steps: int = 2500
    batch: int = 48
    learning_rate: float = 2e-3
    seed: int = 0


@dataclass(frozen=True)
class AngleErrors:
    """Errors in degrees on pictures the network has not seen."""

    median: float
    p95: float
    over_30: float  # part that is turned badly wrong
    n: int


def turned(
    picture: Picture, degrees: float, zoom: float = 1.0, shift: tuple[float, float] = (0.0, 0.0)
) -> Picture:
    """A palm turned clockwise by an angle about its middle, at the network's side."""
    side = picture.shape[0]
    angle = math.radians(degrees)
    scale = SIDE / side * zoom
    linear = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    centre = np.array([side / 2, side / 2]) + np.array(shift) * side
    affine = np.column_stack([linear, np.array([SIDE / 2, SIDE / 2]) - linear @ centre])
    moved = cv2.warpAffine(
        picture, affine, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, dtype=np.uint8)


def as_input(pictures: npt.NDArray[np.uint8]) -> torch.Tensor:
    """Pictures at the network's side -> its numbers; each is centred by its own mean, so that light matters less."""
    values = torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div(127.5)
    return values - values.mean(dim=(2, 3), keepdim=True)


def train(
    pictures: npt.NDArray[np.uint8],
    plan: UprightPlan,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> UprightNet:
    """Train on upright pictures (N x side x side x 3)."""
    torch.manual_seed(plan.seed)
    stream = np.random.default_rng(plan.seed)
    small = np.stack([cv2.resize(picture, (128, 128), interpolation=cv2.INTER_AREA) for picture in pictures])
    network = UprightNet().train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, plan.learning_rate, total_steps=plan.steps)
    for step in range(plan.steps):
        batch, angles = _batch(small, plan.batch, stream)
        with torch.autocast("cpu", torch.bfloat16):
            said = network(as_input(batch).contiguous(memory_format=torch.channels_last)).float()
        wanted = torch.stack([angles.cos(), angles.sin()], dim=1)
        loss = functional.mse_loss(said, wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        on_step(step + 1, loss.item())
    return network.eval()


def _batch(
    small: npt.NDArray[np.uint8], count: int, stream: np.random.Generator
) -> tuple[npt.NDArray[np.uint8], torch.Tensor]:
    chosen, degrees = stream.integers(len(small), size=count), stream.uniform(0, 360, count)
    made = []
    for index, angle in zip(chosen, degrees, strict=True):
        picture = small[index][:, ::-1] if stream.random() < 0.5 else small[index]
        shift = (float(stream.uniform(-0.12, 0.12)), float(stream.uniform(-0.12, 0.12)))
        cut = turned(np.ascontiguousarray(picture), float(angle), float(stream.uniform(0.8, 1.3)), shift)
        light = stream.uniform(0.55, 1.3) * stream.uniform(0.88, 1.12, 3)
        values = cut * light + stream.normal(0, stream.uniform(0, 6), cut.shape)
        if stream.random() < 0.2:
            values = cv2.GaussianBlur(values, (0, 0), float(stream.uniform(0.4, 1.3)))
        made.append(np.clip(values, 0, 255).astype(np.uint8))
    return np.stack(made), torch.from_numpy(np.radians(degrees)).float()


def angle_of(network: UprightNet, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Degrees by which square pictures are turned clockwise, from four looks at each, a quarter turn apart."""
    sums = np.zeros(len(pictures), dtype=np.complex128)
    for quarter in range(4):
        looks = np.stack([turned(picture, 90.0 * quarter) for picture in pictures])
        with torch.inference_mode():
            said = network(as_input(looks)).numpy()
        sums += (said[:, 0] + 1j * said[:, 1]) * np.exp(-0.5j * np.pi * quarter)
    return np.degrees(np.angle(sums))


def measure(network: UprightNet, pictures: npt.NDArray[np.uint8], seed: int = 0) -> AngleErrors:
    """Turn held pictures by random angles, with the cut off its middle as a detector's is, and compare."""
    stream = np.random.default_rng(seed)
    true = stream.uniform(0, 360, len(pictures))
    shifts = stream.uniform(-0.08, 0.08, (len(pictures), 2))
    zooms = stream.uniform(0.85, 1.2, len(pictures))
    looks = np.stack(
        [
            turned(picture, float(angle), float(zoom), (float(shift[0]), float(shift[1])))
            for picture, angle, zoom, shift in zip(pictures, true, zooms, shifts, strict=True)
        ]
    )
    return errors_of(angle_of(network, looks) - true)


def errors_of(differences: npt.NDArray[np.float64]) -> AngleErrors:
    """Median and tail of differences of angles in degrees, taken the short way round."""
    away = np.abs((differences + 180) % 360 - 180)
    return AngleErrors(
        float(np.median(away)), float(np.percentile(away, 95)), float((away > 30).mean()), len(away)
    )


def pictures_of(packed: PackedDataset) -> npt.NDArray[np.uint8]:
    """All pictures of a part of a packed set."""
    return packed.images(np.arange(len(packed)))
