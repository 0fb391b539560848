"""Teaches the upright network on photos whose palms' true angles are known, turned by every angle.

The truth comes from registration: where in the photo does the upright cut of the same palm lie?
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from mlcore import images
from mlcore.crop import Place, take
from mlcore.detector_data import PALM, Sample
from mlcore.models.upright import UprightNet
from mlcore.upright import LOOK, Pictures, angle_of, as_input, turned

CANVAS = 3.0  # side of a kept piece of photo in sides of the palm's box, so that any turn and shift is real
CANVAS_PIXELS = 224
FEWEST_MATCHES = 60


@dataclass(frozen=True)
class UprightPlan:
    """How long and how hard."""

    steps: int = 2500
    batch: int = 48
    learning_rate: float = 2e-3
    seed: int = 0


@dataclass(frozen=True)
class AngleErrors:
    """Errors in degrees on pictures that the network has not seen."""

    median: float
    p95: float
    over_30: float  # part that is turned badly wrong
    n: int


def true_angle(photo: npt.NDArray[np.uint8], upright: npt.NDArray[np.uint8]) -> float | None:
    """Degrees by which the photo shows the upright cut turned clockwise, None where they do not match surely.

    SIFT features (Lowe 2004), ratio test, similarity by RANSAC.
    """
    sift = cv2.SIFT_create(  # type: ignore[attr-defined]
        1200, contrastThreshold=0.01
    )
    larger = cv2.resize(photo, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)
    places, kinds = sift.detectAndCompute(cv2.cvtColor(larger, cv2.COLOR_RGB2GRAY), None)
    cut_places, cut_kinds = sift.detectAndCompute(cv2.cvtColor(upright, cv2.COLOR_RGB2GRAY), None)
    if kinds is None or cut_kinds is None or min(len(kinds), len(cut_kinds)) < FEWEST_MATCHES:
        return None
    pairs = cv2.BFMatcher().knnMatch(cut_kinds, kinds, k=2)
    good = [best for best, second in pairs if best.distance < 0.8 * second.distance]
    if len(good) < FEWEST_MATCHES:
        return None
    source = np.array([cut_places[match.queryIdx].pt for match in good], dtype=np.float32)
    target = np.array([places[match.trainIdx].pt for match in good], dtype=np.float32)
    affine, agreed = cv2.estimateAffinePartial2D(source, target, ransacReprojThreshold=4.5, maxIters=5000)
    if affine is None or int(agreed.sum()) < FEWEST_MATCHES:
        return None
    return float(np.degrees(np.arctan2(affine[1, 0], affine[0, 0])))


def canvases(
    samples: Sequence[Sample], cuts: Path, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> Pictures:
    """Upright pieces of photo around palms, the palm's box in the middle; photos without a sure match are left."""
    made = []
    for number, sample in enumerate(samples, 1):
        on_progress(number, len(samples))
        beside = cuts / sample.path.name
        boxes = [box for box in sample.boxes if box.name == PALM]
        if not boxes or not beside.exists():
            continue
        photo = sample.pixels()
        angle = true_angle(photo, images.decode(beside.read_bytes()))
        if angle is None:
            continue
        left, top, right, bottom = boxes[0].corners(photo.shape[1], photo.shape[0])
        middle, side = ((left + right) / 2, (top + bottom) / 2), max(right - left, bottom - top)
        made.append(take(photo, Place(middle, side * CANVAS, angle), CANVAS_PIXELS))
    return np.stack(made) if made else np.empty((0, CANVAS_PIXELS, CANVAS_PIXELS, 3), np.uint8)


def train(
    pictures: Pictures, plan: UprightPlan, on_step: Callable[[int, float], None] = lambda step, loss: None
) -> UprightNet:
    """Train on upright canvases."""
    torch.manual_seed(plan.seed)
    stream = np.random.default_rng(plan.seed)
    network = UprightNet().train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, plan.learning_rate, total_steps=plan.steps)
    for step in range(plan.steps):
        looks, angles = _batch(pictures, plan.batch, stream)
        with torch.autocast("cpu", torch.bfloat16):
            said = network(as_input(looks).contiguous(memory_format=torch.channels_last)).float()
        loss = functional.mse_loss(said, torch.stack([angles.cos(), angles.sin()], dim=1))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        on_step(step + 1, loss.item())
    return network.eval()


def _batch(pictures: Pictures, count: int, stream: np.random.Generator) -> tuple[Pictures, torch.Tensor]:
    chosen, degrees = stream.integers(len(pictures), size=count), stream.uniform(0, 360, count)
    looks = []
    for index, angle in zip(chosen, degrees, strict=True):
        picture = pictures[index][:, ::-1] if stream.random() < 0.5 else pictures[index]
        look = _look(np.ascontiguousarray(picture), float(angle), stream, 0.07, (0.8, 1.25))
        light = stream.uniform(0.55, 1.3) * stream.uniform(0.88, 1.12, 3)
        values = look * light + stream.normal(0, stream.uniform(0, 6), look.shape)
        if stream.random() < 0.2:
            values = np.asarray(cv2.GaussianBlur(values, (0, 0), float(stream.uniform(0.4, 1.3))))
        looks.append(np.clip(values, 0, 255).astype(np.uint8))
    return np.stack(looks), torch.from_numpy(np.radians(degrees)).float()


def _look(
    picture: npt.NDArray[np.uint8],
    degrees: float,
    stream: np.random.Generator,
    shift: float,
    zoom: tuple[float, float],
) -> npt.NDArray[np.uint8]:
    """A look at a canvas as the detector's box would give it: a little beside, a little too large or small."""
    aside = (float(stream.uniform(-shift, shift)), float(stream.uniform(-shift, shift)))
    return turned(picture, degrees, CANVAS / LOOK * float(stream.uniform(*zoom)), aside)


def measure(network: UprightNet, pictures: Pictures, seed: int = 0) -> AngleErrors:
    """Turn held canvases by random angles and compare."""
    stream = np.random.default_rng(seed)
    true = stream.uniform(0, 360, len(pictures))
    looks = [
        _look(picture, float(angle), stream, 0.03, (0.88, 1.12))
        for picture, angle in zip(pictures, true, strict=True)
    ]
    return errors_of(angle_of(network, np.stack(looks)) - true)


def errors_of(differences: npt.NDArray[np.float64]) -> AngleErrors:
    """Median and tail of differences of angles in degrees, taken the short way round."""
    away = np.abs((differences + 180) % 360 - 180)
    return AngleErrors(
        float(np.median(away)), float(np.percentile(away, 95)), float((away > 30).mean()), len(away)
    )
