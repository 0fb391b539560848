"""How far our measures are from those that everybody uses, on the same images and the same features.

python -m tests.benchmarks.parity OUT.json [--images 24] [--dims 2048] [--docs docs/measures.md]

pytorch-fid and we get one file of kaiming-initialised weights; torch-fidelity and the formulas of prdc get the same
features. Prints a Markdown table and exits 1 where a difference is larger than the one that is promised.
"""

import argparse
import json
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import scipy.linalg
import torch

from mlcore import images
from mlcore.metrics.fid import frechet_distance, trace_of_root
from mlcore.metrics.kid import kid
from mlcore.metrics.moments import Moments
from mlcore.metrics.prdc import prdc
from mlcore.torchvision_cure import import_torchvision
from tests.benchmarks.features_speed import ours, theirs, weights
from tests.benchmarks.measures_table import into_docs
from tests.mlcore.metrics.test_prdc import formulas

PROMISED = 1e-3
HEAD = "| with | what | ours | theirs | relative difference | promised |\n|---|---|---|---|---|---|"


def drawn(random, count, tint):
    """Smooth coloured noise: something that a network tells apart."""
    coarse = random.integers(0, 256, (count, 12, 12, 3)).astype(np.float32) * (1 - tint) + 255 * tint * 0.7
    grown = torch.nn.functional.interpolate(
        torch.from_numpy(coarse).permute(0, 3, 1, 2), size=(128, 128), mode="bicubic"
    )
    return grown.clamp(0, 255).permute(0, 2, 3, 1).numpy().astype(np.uint8)


def of_inception(count, dims):
    """Features, and the distance over the first so many of them."""
    from pytorch_fid.fid_score import calculate_frechet_distance

    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = weights(folder)
        files = []
        for number, picture in enumerate(
            np.concatenate([drawn(random, count, 0.0), drawn(random, count, 0.4)])
        ):
            files.append(folder / f"{number:06d}.png")
            files[-1].write_bytes(images.encode_png(picture))
        expected, found = theirs(path)(files), ours(path)(files)
    apart = float(np.linalg.norm(found - expected) / np.linalg.norm(expected))
    yield "pytorch-fid 0.3.0", "features, norm of the difference", None, None, apart, PROMISED
    both = (one[:, :dims].astype(np.float64) for one in (found, expected))
    sides = [(one[:count], one[count:]) for one in both]
    mine = frechet_distance(*(Moments.of(side) for side in sides[0]))
    other = calculate_frechet_distance(
        *(value for side in sides[1] for value in (side.mean(0), np.cov(side, rowvar=False)))
    )
    what = f"distance of {count} and {count} images, {dims} of 2048 numbers"
    yield "pytorch-fid 0.3.0", what, mine, other, abs(mine / other - 1), PROMISED


def of_trace():
    random = np.random.default_rng(1)
    one = Moments.of(random.normal(size=(700, 512)))
    other = Moments.of(random.normal(size=(700, 512)) * np.linspace(0.5, 2, 512))
    mine = trace_of_root(one, other)
    root = float(np.trace(scipy.linalg.sqrtm(one.covariance @ other.covariance)).real)
    yield "scipy sqrtm", "trace term, 512 numbers", mine, root, abs(mine / root - 1), 1e-9


def of_features():
    """Heavy-tailed features, as networks give them."""
    from torch_fidelity.metric_kid import kid_features_to_metric
    from torch_fidelity.metric_prc import calculate_precision_recall_full

    random = np.random.default_rng(2)
    made, real = random.gamma(1.0, 0.4, size=(400, 64)), random.gamma(1.1, 0.4, size=(400, 64))
    both = torch.from_numpy(made), torch.from_numpy(real)
    found = kid_features_to_metric(
        *both,
        kid_subsets=1,
        kid_subset_size=400,
        kid_degree=3,
        kid_gamma=None,
        kid_coef0=1,
        rng_seed=0,
        verbose=False,
    )
    other, mine = found["kernel_inception_distance_mean"], kid(made, real)
    yield "torch-fidelity 0.4.0", "KID of 400 and 400", mine, other, abs(mine / other - 1), 1e-9
    shares = prdc(made, real, nearest=3)
    for name, value in zip(("precision", "recall"), calculate_precision_recall_full(*both, 3), strict=True):
        mine = getattr(shares, name)
        yield (
            "torch-fidelity 0.4.0",
            f"{name}, 3rd neighbour",
            mine,
            float(value),
            abs(mine - float(value)),
            1e-6,
        )
    shares = prdc(made, real, nearest=5)
    for name, value in zip(
        ("precision", "recall", "density", "coverage"), formulas(made, real, 5), strict=True
    ):
        mine = getattr(shares, name)
        yield (
            "the formulas of prdc",
            f"{name}, 5th neighbour",
            mine,
            float(value),
            abs(mine - float(value)),
            1e-9,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--images", type=int, default=24)
    # All 2048 cost the other side's sqrtm a minute and more.
    parser.add_argument("--dims", type=int, default=2048)
    parser.add_argument("--docs", type=Path)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    import_torchvision()
    started = time.monotonic()
    rows = [*of_inception(args.images, args.dims), *of_trace(), *of_features()]
    names = ("with", "what", "ours", "theirs", "difference", "promised")
    args.out.write_text(
        json.dumps(
            {
                "command": f"python -m tests.benchmarks.parity docs/benchmarks/{args.out.name} "
                f"--images {args.images} --dims {args.dims}",
                "seconds": round(time.monotonic() - started),
                "rows": [dict(zip(names, row, strict=True)) for row in rows],
            },
            indent=1,
        )
        + "\n"
    )
    lines = [HEAD]
    for package, what, mine, other, apart, promised in rows:
        numbers = ["" if value is None else f"{value:.6g}" for value in (mine, other)]
        lines.append(f"| {package} | {what} | {numbers[0]} | {numbers[1]} | {apart:.0e} | {promised:.0e} |")
    text = "\n".join(lines)
    if args.docs:
        into_docs(args.docs, "parity", text)
    print(text)
    return int(any(apart > promised for *_rest, apart, promised in rows))


if __name__ == "__main__":
    sys.exit(main())
