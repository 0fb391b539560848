"""How real a discriminator finds an image, as a calibrated probability. Any image, made here or not.

A verdict is made on uint8 pixels at one fixed batch shape, so that an image scores the same alone, in a batch
and read back from its file.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from mlcore import checkpoint, fold, images
from mlcore.errors import BadHeader, ScoringError, WrongKind

BATCH = 16
BINS = 10
MIN_CALIBRATION = 20
DECIMALS, ODDS_DECIMALS = 6, 3
Floats = NDArray[np.float64]
Judgement = tuple[float, float]  # probability and log-odds, rounded


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt's line from a raw verdict to the log-odds of being real (Platt 1999), and how well it holds.

    `error` is the expected calibration error on images that the line was not fitted on, for as many real as
    generated.
    """

    slope: float = 1.0
    offset: float = 0.0
    real: int = 0
    generated: int = 0
    error: float | None = None
    bins: tuple[tuple[float, float, int], ...] = ()

    @property
    def fitted(self) -> bool:
        """Whether it was fitted on images, so that 0.8 means 0.8."""
        return self.real > 0

    def probabilities(self, verdicts: Floats) -> Floats:
        """Probability of being real for each raw verdict."""
        return np.asarray(expit(self.log_odds(verdicts)), dtype=np.float64)

    def log_odds(self, verdicts: Floats) -> Floats:
        """The same without ends: a verdict far out still differs from one farther out."""
        return np.asarray(self.slope * verdicts + self.offset, dtype=np.float64)

    def to_header(self) -> dict[str, Any]:
        """As it stands in a checkpoint's header."""
        return {**asdict(self), "method": "platt"}

    @classmethod
    def from_header(cls, content: dict[str, Any]) -> Self:
        """What `to_header` wrote; an empty dict is no calibration."""
        if not content:
            return cls()
        values = {key: value for key, value in content.items() if key != "method"}
        try:
            values["bins"] = tuple((float(a), float(b), int(c)) for a, b, c in values.get("bins", ()))
            calibration = cls(**values)
            float(calibration.slope), float(calibration.offset), int(calibration.real)
        except (TypeError, ValueError) as error:
            raise BadHeader(f"The calibration in the header is not sound: {error}.") from error
        return calibration


class Scorer:
    """A discriminator ready to judge images."""

    def __init__(self, discriminator: checkpoint.Checkpoint, calibration: Calibration | None = None) -> None:
        if discriminator.header.kind != "discriminator":
            raise WrongKind(f"A {discriminator.header.kind} cannot score images; give a discriminator.")
        self.header = discriminator.header
        self._discriminator = discriminator
        self.sha256 = discriminator.sha256
        self.calibration = calibration or Calibration.from_header(self.header.calibration)
        network = checkpoint.build(discriminator)
        self.size = int(getattr(network, "image_size", self.header.arguments.get("image_size", 128)))
        self.network = fold.fast(network)
        # A judge that has seen only one kind of hand looks at an image and at its mirror image.
        self.mirrors = "hand" in self.header.conditions

    def plain(self) -> torch.nn.Module:
        """The network as it was trained, neither folded nor laid out anew, to measure against."""
        return checkpoint.build(self._discriminator)

    def verdicts(self, pictures: Sequence[images.Pixels] | images.Pixels) -> Floats:
        """Raw verdicts, larger = more real, of RGB uint8 images of any size."""
        found = [
            self._batch(
                np.stack([images.resize(picture, self.size) for picture in pictures[at : at + BATCH]])
            )
            for at in range(0, len(pictures), BATCH)
        ]
        return np.concatenate(found) if found else np.zeros(0)

    def probabilities(self, pictures: Sequence[images.Pixels] | images.Pixels) -> Floats:
        """Probability of being real for each image, six decimals as they are written down."""
        return self._written(self.verdicts(pictures))

    def judge(self, pictures: images.Pixels) -> list[Judgement]:
        """Probability, and log-odds to tell those apart whose probabilities are written alike; the larger is better.

        Log-odds are rounded, or the last bits of a processor would choose between draws that are as good.
        """
        verdicts = self.verdicts(pictures)
        odds = np.round(self.calibration.log_odds(verdicts), ODDS_DECIMALS)
        return list(zip(self._written(verdicts).tolist(), odds.tolist(), strict=True))

    def _written(self, verdicts: Floats) -> Floats:
        return np.round(self.calibration.probabilities(verdicts), DECIMALS)

    def _batch(self, pixels: images.Pixels) -> Floats:
        """Verdicts of at most 16 images, padded to 16."""
        padded = np.zeros((BATCH, *pixels.shape[1:]), np.uint8)
        padded[: len(pixels)] = pixels
        found = self._run(padded)
        if self.mirrors:
            found = np.maximum(found, self._run(padded[:, :, ::-1]))
        return found[: len(pixels)]

    @torch.inference_mode()
    def _run(self, pixels: images.Pixels) -> Floats:
        batch = images.from_uint8(pixels, self.header.normalisation).to(memory_format=torch.channels_last)
        out = self.network(batch).double().reshape(BATCH, -1)
        # Several heads agree by their mean.
        return np.asarray(out.mean(dim=1).numpy(), dtype=np.float64)


def load(path: str | Path) -> Scorer:
    """The scorer in a discriminator's file."""
    return Scorer(checkpoint.load(path))


def calibrate(real: Floats, generated: Floats, people: Sequence[str] = ()) -> Calibration:
    """Fit Platt's line to verdicts on real images and on generated ones; both sides weigh the same.

    The error is told from halves that the line was not fitted on; the line itself is then fitted on all. `people` says
    who is on each real image: nobody is in both halves, or the line would be tried on hands it knows.
    """
    if min(len(real), len(generated)) < MIN_CALIBRATION:
        raise ScoringError(
            f"Calibration needs {MIN_CALIBRATION} real and {MIN_CALIBRATION} generated images; "
            f"there are {len(real)} and {len(generated)}."
        )
    met: dict[str, int] = {}
    sides = np.array([met.setdefault(one, len(met)) for one in people] or range(len(real))) % 2
    probabilities, labels, weights = [], [], []
    for half in (0, 1):
        slope, offset = _platt(real[sides == half], generated[half::2])
        for values, label in ((real[sides != half], 1.0), (generated[1 - half :: 2], 0.0)):
            probabilities.append(np.asarray(expit(slope * values + offset)))
            labels.append(np.full(len(values), label))
            weights.append(np.full(len(values), 0.5 / len(values)))
    error, bins = reliability(np.concatenate(probabilities), np.concatenate(labels), np.concatenate(weights))
    slope, offset = _platt(real, generated)
    if slope <= 0:
        raise ScoringError("This discriminator finds generated images more real than real ones; train it on.")
    return Calibration(slope, offset, len(real), len(generated), error, bins)


def _platt(real: Floats, generated: Floats) -> tuple[float, float]:
    """Slope and offset of least log-loss, with Platt's softened targets so that perfect separation stays
    finite.
    """
    both = np.concatenate([real, generated])
    centre, scale = float(both.mean()), float(both.std()) or 1.0
    x = (both - centre) / scale
    high, low = (len(real) + 1) / (len(real) + 2), 1 / (len(generated) + 2)
    target = np.concatenate([np.full(len(real), high), np.full(len(generated), low)])
    weight = np.concatenate(
        [np.full(len(real), 0.5 / len(real)), np.full(len(generated), 0.5 / len(generated))]
    )

    def loss(line: Floats) -> tuple[float, Floats]:
        z = line[0] * x + line[1]
        value = float((weight * (np.logaddexp(0, z) - target * z)).sum())
        slope = weight * (expit(z) - target)
        return value, np.array([(slope * x).sum(), slope.sum()])

    line = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS").x
    return float(line[0] / scale), float(line[1] - line[0] * centre / scale)


def reliability(
    probabilities: Floats, labels: Floats, weights: Floats | None = None, bins: int = BINS
) -> tuple[float, tuple[tuple[float, float, int], ...]]:
    """Expected calibration error (Guo et al. 2017, equation 3) and, per bin, said, share real and count."""
    weights = np.full(len(labels), 1 / len(labels)) if weights is None else weights / weights.sum()
    places = np.minimum((probabilities * bins).astype(int), bins - 1)
    error, rows = 0.0, []
    for place in range(bins):
        inside = places == place
        if not inside.any():
            continue
        mass = float(weights[inside].sum())
        said = float((weights[inside] * probabilities[inside]).sum()) / mass
        share = float((weights[inside] * labels[inside]).sum()) / mass
        error += mass * abs(said - share)
        rows.append((round(said, 4), round(share, 4), int(inside.sum())))
    return round(error, 4), tuple(rows)


def reliability_svg(calibration: Calibration) -> str:
    """The reliability diagram: what was said against what was so, a circle a bin, its area the count."""
    if not calibration.bins:
        raise ScoringError("There is no calibration to draw.")
    largest = max(count for _, _, count in calibration.bins)
    dots = "".join(
        f'<circle cx="{40 + 240 * said:.1f}" cy="{260 - 240 * share:.1f}" '
        f'r="{3 + 9 * (count / largest) ** 0.5:.1f}">'
        f"<title>said {said:.2f}, so {share:.2f}, {count} images</title></circle>"
        for said, share, count in calibration.bins
    )
    ticks = "".join(
        f'<text x="{40 + 240 * t:.0f}" y="276" text-anchor="middle">{t:g}</text>'
        f'<text x="34" y="{264 - 240 * t:.0f}" text-anchor="end">{t:g}</text>'
        for t in (0, 0.5, 1)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 310" role="img" font-family="sans-serif" '
        'font-size="10"><title>Reliability of the probability of being real</title>'
        '<rect x="40" y="20" width="240" height="240" fill="none" stroke="#999"/>'
        '<path d="M40 260L280 20" stroke="#999" stroke-dasharray="4"/>'
        f'<g fill="#1f6f5c" fill-opacity=".75">{dots}</g>{ticks}'
        '<text x="160" y="292" text-anchor="middle">probability said</text>'
        '<text x="12" y="140" text-anchor="middle" transform="rotate(-90 12 140)">share real</text>'
        f'<text x="160" y="14" text-anchor="middle">error {calibration.error:.3f}, '
        f"{calibration.real} real and "
        f"{calibration.generated} generated</text></svg>"
    )
