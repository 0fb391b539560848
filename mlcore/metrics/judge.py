"""The offline measures of one set against one reference, in one call: what a checkpoint is chosen by."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore.metrics.fid import frechet_distance
from mlcore.metrics.kid import kid_with_interval
from mlcore.metrics.memorisation import wilson
from mlcore.metrics.moments import Moments
from mlcore.metrics.prdc import prdc
from mlcore.models.features import Extractor, Images


def judge(images: Images, reference_features: NDArray[np.floating], extractor: Extractor) -> dict[str, Any]:
    """KID with interval, Frechet distance, precision, recall, density, coverage of uint8 RGB images."""
    return judge_features(extractor(images).cpu().numpy(), reference_features)


def judge_features(
    features: NDArray[np.floating],
    reference_features: NDArray[np.floating],
    *,
    groups: NDArray[np.integer] | None = None,
    known: Moments | None = None,
) -> dict[str, Any]:
    """The same for features that are already there.

    `groups` says which reference images show one person: they are drawn together for the interval. `known` are
    the reference's moments where somebody has kept them.
    """
    distance = kid_with_interval(features, reference_features, groups=groups)
    shares = prdc(features, reference_features)
    # Where no image is inside any ball their spread is nothing, yet some of those that were not drawn could be.
    unseen = wilson(0, len(features))[1] if shares.density == 0 else 0.0
    return {
        "kid": distance.value,
        "kid_ci": [distance.low, distance.high],
        "fd": frechet_distance(Moments.of(features), known or Moments.of(reference_features)),
        "precision": shares.precision,
        "recall": shares.recall,
        "density": shares.density,
        "density_ci": [
            max(shares.density - 1.96 * shares.density_error, 0.0),
            max(shares.density + 1.96 * shares.density_error, unseen),
        ],
        "coverage": shares.coverage,
    }
