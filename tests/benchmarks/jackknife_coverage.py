"""How often intervals of the Frechet distance, Vendi, recall and coverage hold what sets of a size get on average, and
that of the Frechet distance at endless N the distance itself.

python -m tests.benchmarks.jackknife_coverage OUT.json [--sets 200] [--docs docs/measures.md]

Features are independent and skewed, as those of a network are; the reference is one fixed sample. The average is over
the same sets, bias by their number included: that is what the intervals speak of. Recall and coverage are looked at in
few features, for in many they are all or nothing. Their intervals speak of other real images too and are wider for it;
`parted` is how often those of two sets of one kind lie apart, and one would be called better by chance.
"""

import argparse
import json
import math
import sys
from pathlib import Path

import numpy as np

from mlcore.metrics.extrapolation import MINIMUM as FOR_EXTRAPOLATION
from mlcore.metrics.extrapolation import extrapolated_distance
from mlcore.metrics.fid import frechet_distance
from mlcore.metrics.jackknife import frechet_interval, vendi_interval
from mlcore.metrics.moments import Moments
from mlcore.metrics.prdc import NEAREST
from mlcore.metrics.subsets import measure_parts
from mlcore.metrics.vendi import vendi
from tests.benchmarks.kid_coverage import rectified
from tests.benchmarks.measures_table import into_docs

FEATURES = 256
REAL = 300
SHIFT = 0.2
SIZES = (60, 200, 300, 1_000)
TRUTH = 200_000  # images that are as good as endless
FEW = 6  # features
SHARES = ("recall", "coverage")


def simulated(images, sets):
    """For each measure the share of sets whose interval holds the mean over all sets."""
    reference = Moments.of(rectified(np.random.default_rng(0), (REAL, FEATURES)))
    endless_truth = frechet_distance(
        Moments.of(rectified(np.random.default_rng(1), (TRUTH, FEATURES), SHIFT)), reference
    )
    found = {"frechet": [], "vendi": []} | ({"endless": []} if images >= FOR_EXTRAPOLATION else {})
    for seed in range(sets):
        made = rectified(np.random.default_rng(1000 + seed), (images, FEATURES), SHIFT)
        for name, value, interval in (
            ("frechet", frechet_distance(Moments.of(made), reference), frechet_interval),
            ("vendi", vendi(made), vendi_interval),
        ):
            rest = (reference,) if name == "frechet" else ()
            found[name].append((value, *interval(made, *rest, value, seed=seed)))
        if "endless" in found:
            endless = extrapolated_distance(made, reference, seed=seed)
            found["endless"].append((endless.value, *endless.interval))
    truths = {"endless": endless_truth}
    return {name: covered(np.array(rows), truths.get(name)) for name, rows in found.items()} | shares(
        images, sets
    )


def shares(images, sets):
    """The same for shares of the real images."""
    real = rectified(np.random.default_rng(0), (REAL, FEW))
    rows = []
    for seed in range(sets):
        made = rectified(np.random.default_rng(1000 + seed), (images, FEW), SHIFT)
        rows += measure_parts(made, real, [np.arange(images)], nearest=NEAREST)
    found = {}
    for name in SHARES:
        values = np.array([(getattr(one, name), *getattr(one, f"{name}_ci")) for one in rows])
        _value, low, high = values.T
        parted = float((np.maximum(low[::2], low[1::2]) > np.minimum(high[::2], high[1::2])).mean())
        found[name] = covered(values) | {"parted": parted}
    return found


def covered(rows, truth=None):
    value, low, high = rows.T
    mean = value.mean() if truth is None else truth
    share = float(((low <= mean) & (mean <= high)).mean())
    return {"mean": float(mean), "share": share, "error": math.sqrt(share * (1 - share) / len(rows))}


def table(found, sets):
    lines = [
        f"| {sets} sets of | the distance's interval holds | at endless N the truth | Vendi's | recall's | coverage's "
        "| parted by chance |",
        "|---|---|---|---|---|---|---|",
    ]
    for images, one in found.items():
        held = (
            f"{100 * one[name]['share']:.0f} % ± {100 * one[name]['error']:.0f}" if name in one else "no line"
            for name in ("frechet", "endless", "vendi", *SHARES)
        )
        parted = max(one[name]["parted"] for name in SHARES)
        lines.append(f"| {images} | {' | '.join(held)} | {100 * parted:.0f} % |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--sets", type=int, default=200)
    parser.add_argument("--docs", type=Path)
    args = parser.parse_args()
    found = {images: simulated(images, args.sets) for images in SIZES}
    command = f"python -m tests.benchmarks.jackknife_coverage {args.out} --sets {args.sets}"
    content = {"command": command, "features": FEATURES, "real": REAL, "sizes": found}
    args.out.write_text(json.dumps(content, indent=1) + "\n")
    text = table(found, args.sets)
    if args.docs:
        into_docs(args.docs, "jackknife-coverage", text)
    print(text)
    return int(any(one[name]["share"] < 0.85 for one in found.values() for name in one))


if __name__ == "__main__":
    sys.exit(main())
