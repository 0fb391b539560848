"""How often the intervals of the Frechet distance and of Vendi hold what sets of that size get on average.

python -m tests.benchmarks.jackknife_coverage OUT.json [--sets 100] [--docs docs/measures.md]

Features are independent and skewed, as those of a network are; the reference is one fixed sample. The average is over
the same sets, bias by their number included: that is what the intervals speak of.
"""

import argparse
import json
import math
import sys
from pathlib import Path

import numpy as np

from mlcore.metrics.fid import frechet_distance
from mlcore.metrics.jackknife import frechet_interval, vendi_interval
from mlcore.metrics.moments import Moments
from mlcore.metrics.vendi import vendi
from tests.benchmarks.kid_coverage import rectified
from tests.benchmarks.measures_table import into_docs

FEATURES = 256
REAL = 300
SHIFT = 0.2
SIZES = (60, 200, 1_000)


def simulated(images, sets):
    """For each measure the share of sets whose interval holds the mean over all sets."""
    reference = Moments.of(rectified(np.random.default_rng(0), (REAL, FEATURES)))
    found = {"frechet": [], "vendi": []}
    for seed in range(sets):
        made = rectified(np.random.default_rng(1000 + seed), (images, FEATURES), SHIFT)
        for name, value, interval in (
            ("frechet", frechet_distance(Moments.of(made), reference), frechet_interval),
            ("vendi", vendi(made), vendi_interval),
        ):
            rest = (reference,) if name == "frechet" else ()
            found[name].append((value, *interval(made, *rest, value, seed=seed)))
    return {name: covered(np.array(rows)) for name, rows in found.items()}


def covered(rows):
    value, low, high = rows.T
    mean = value.mean()
    share = float(((low <= mean) & (mean <= high)).mean())
    return {"mean": float(mean), "share": share, "error": math.sqrt(share * (1 - share) / len(rows))}


def table(found, sets):
    lines = [f"| {sets} sets of | the distance's interval holds | Vendi's holds |", "|---|---|---|"]
    for images, one in found.items():
        shares = (
            f"{100 * one[name]['share']:.0f} % ± {100 * one[name]['error']:.0f}"
            for name in ("frechet", "vendi")
        )
        lines.append(f"| {images} | {' | '.join(shares)} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--sets", type=int, default=100)
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
