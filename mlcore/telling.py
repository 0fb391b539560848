"""How well probabilities tell real from made: closed formulas on numpy arrays. Knows no files and no models."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

CURVE_POINTS = 200
BINS = 10
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def report(is_real: Flags, p_real: Floats) -> dict[str, Any]:
    """Accuracy at one half, ROC with its area, confusion (rows: what it is; real first), calibration."""
    said_real = p_real >= 0.5
    confusion = [
        [int((is_real & said_real).sum()), int((is_real & ~said_real).sum())],
        [int((~is_real & said_real).sum()), int((~is_real & ~said_real).sum())],
    ]
    bins = calibration(is_real, p_real)
    return {
        "accuracy": round(float((said_real == is_real).mean()), 4),
        "roc_auc": round(roc_auc(is_real, p_real), 4),
        "roc": roc(is_real, p_real),
        "confusion": confusion,
        "calibration": bins,
        "calibration_error": round(
            sum(row["n"] * abs(row["real"] - row["p"]) for row in bins) / len(is_real), 4
        ),
        "tested": len(is_real),
    }


def roc_auc(is_real: Flags, p_real: Floats) -> float:
    """The chance that a real image gets more than a made one, ties counting half (Mann and Whitney 1947)."""
    real, fake = p_real[is_real], np.sort(p_real[~is_real])
    below = np.searchsorted(fake, real, side="left")
    not_above = np.searchsorted(fake, real, side="right")
    return float((below + not_above).sum() / (2 * len(real) * len(fake)))


def roc(is_real: Flags, p_real: Floats) -> list[list[float]]:
    """(false alarms, hits) from (0, 0) to (1, 1) as the threshold falls, thinned to some hundred points."""
    order = np.argsort(-p_real, kind="stable")
    sorted_p, hits = p_real[order], is_real[order]
    # Equal probabilities cannot be parted by a threshold: only the last of each run is a point.
    last = np.append(sorted_p[1:] != sorted_p[:-1], True)
    true, false = np.cumsum(hits)[last], np.cumsum(~hits)[last]
    points = np.column_stack([false / max(false[-1], 1), true / max(true[-1], 1)])
    if len(points) > CURVE_POINTS:
        points = points[np.unique(np.linspace(0, len(points) - 1, CURVE_POINTS).astype(int))]
    return [[0.0, 0.0], *np.round(points, 4).tolist()]


def calibration(is_real: Flags, p_real: Floats) -> list[dict[str, float]]:
    """In each tenth of the probabilities: their mean, the share that is real, and how many."""
    place = np.minimum((p_real * BINS).astype(int), BINS - 1)
    rows = []
    for number in range(BINS):
        inside = place == number
        if inside.any():
            rows.append(
                {
                    "p": round(float(p_real[inside].mean()), 4),
                    "real": round(float(is_real[inside].mean()), 4),
                    "n": int(inside.sum()),
                }
            )
    return rows
