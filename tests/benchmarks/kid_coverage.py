"""How often KID's 95 % interval holds the true value, on features whose true value is known.

python -m tests.benchmarks.kid_coverage OUT.json [--draws 300] [--images 240] [--docs docs/measures.md]

Features are independent and rectified, as those of a network are. Their true KID follows from moments of one number:
E (x.y / d + 1)^3 over two sides whose numbers are independent has a closed form.
"""

import argparse
import json
import math
import sys
from pathlib import Path

import numpy as np

from mlcore.metrics.kid import kid_with_interval
from tests.benchmarks.measures_table import into_docs

FEATURES = 64
MANY = 4_000_000


def rectified(random, shape, shift=0.0):
    return np.maximum(random.standard_normal(shape) + shift, 0.0)


def heavy(random, shape, shift=0.0):
    """Rectified numbers of Student's t with 7 degrees: as few as leave the cube of a product a variance."""
    return np.maximum(random.standard_t(7, shape) + shift, 0.0)


CASES = {
    "apart": (rectified, 0.0, 0.2),
    "equal": (rectified, 0.0, 0.0),
    "apart, heavy tails": (heavy, 0.0, 0.2),
}


def moments(draw, shift):
    """Mean of the first three powers of one number."""
    numbers = draw(np.random.default_rng(1), MANY, shift)
    return [float((numbers**power).mean()) for power in (1, 2, 3)]


def mean_kernel(one, other, d=FEATURES):
    """E (x.y / d + 1)^3 where each of the d products has the moments of a number of one times one of the other."""
    first, second, third = (a * b for a, b in zip(one, other, strict=True))
    sum1 = d * first
    sum2 = d * second + d * (d - 1) * first**2
    sum3 = d * third + 3 * d * (d - 1) * second * first + d * (d - 1) * (d - 2) * first**3
    return sum3 / d**3 + 3 * sum2 / d**2 + 3 * sum1 / d + 1


def true_kid(draw, shift, other_shift):
    one, other = moments(draw, shift), moments(draw, other_shift)
    return mean_kernel(one, one) + mean_kernel(other, other) - 2 * mean_kernel(one, other)


def simulated(draw, shift, other_shift, draws, images):
    truth, held = true_kid(draw, shift, other_shift), 0
    for seed in range(draws):
        random = np.random.default_rng(1000 + seed)
        made, real = (draw(random, (images, FEATURES), each) for each in (shift, other_shift))
        found = kid_with_interval(made, real, seed=seed)
        held += found.low <= truth <= found.high
    share = held / draws
    return {"truth": truth, "share": share, "error": math.sqrt(share * (1 - share) / draws)}


def table(found, draws, images):
    lines = [
        f"| features, {draws} draws of {images} and {images} | the interval holds the true KID |",
        "|---|---|",
    ]
    lines += [
        f"| {name} | {100 * one['share']:.1f} % ± {100 * one['error']:.1f} |" for name, one in found.items()
    ]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--draws", type=int, default=300)
    parser.add_argument("--images", type=int, default=240)
    parser.add_argument("--docs", type=Path)
    args = parser.parse_args()
    found = {name: simulated(*case, args.draws, args.images) for name, case in CASES.items()}
    command = (
        f"python -m tests.benchmarks.kid_coverage {args.out} --draws {args.draws} --images {args.images}"
    )
    args.out.write_text(
        json.dumps({"command": command, "features": FEATURES, "cases": found}, indent=1) + "\n"
    )
    text = table(found, args.draws, args.images)
    if args.docs:
        into_docs(args.docs, "kid-coverage", text)
    print(text)
    return int(any(one["share"] < 0.9 for one in found.values()))


if __name__ == "__main__":
    sys.exit(main())
