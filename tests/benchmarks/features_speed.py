"""Speed of features against pytorch-fid with one set of weights, and of the trace against scipy's sqrtm.

python -m tests.benchmarks.features_speed OUT.json [--images 16] [--rounds 3] [--threads 1]

Both sides start from the same PNG files in memory or on disk and end at 2048 numbers an image; rounds alternate,
so that a busy machine is busy for both. Ratios are medians of the rounds.
"""

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path

import cv2
import numpy as np
import scipy.linalg
import torch

from mlcore import images
from mlcore.metrics.fid import trace_of_root
from mlcore.metrics.moments import Moments
from mlcore.models import features
from mlcore.torchvision_cure import import_torchvision


def weights(folder):
    """Kaiming weights in the published file's form: speed does not depend on their values."""
    from mlcore.models.inception import InceptionV3

    torch.manual_seed(0)
    network = InceptionV3()
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    state = network.state_dict() | {"fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}
    torch.save(state, folder / "inception.pth")
    return folder / "inception.pth"


def theirs(path):
    """pytorch-fid's network and its own reading of files."""
    import_torchvision()
    from pytorch_fid import fid_score, inception

    inception.load_state_dict_from_url = lambda *a, **k: torch.load(path, weights_only=True)
    network = inception.InceptionV3([3]).eval()
    return lambda files: fid_score.get_activations(
        files, network, batch_size=16, dims=2048, device="cpu", num_workers=0
    )


def ours(path):
    extractor = features.load("inception-v3", path)
    return lambda files: extractor([images.decode(file.read_bytes()) for file in files]).numpy()


def timed(work, *arguments):
    started = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - started, result


def feature_rounds(count, rounds):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = weights(folder)
        random = np.random.default_rng(0)
        files = []
        for index in range(count):
            files.append(folder / f"{index}.png")
            picture = cv2.GaussianBlur(random.integers(0, 256, (128, 128, 3), dtype=np.uint8), (0, 0), 2)
            cv2.imwrite(str(files[-1]), picture)
        one, other = theirs(path), ours(path)
        one(files[:2]), other(files[:2])
        seconds = []
        for _ in range(rounds):
            theirs_s, expected = timed(one, files)
            ours_s, found = timed(other, files)
            seconds.append((theirs_s, ours_s))
        apart = float(np.linalg.norm(found - expected) / np.linalg.norm(expected))
    return {
        "images": count,
        "pytorch_fid_images_per_s": count / statistics.median(a for a, _ in seconds),
        "ours_images_per_s": count / statistics.median(b for _, b in seconds),
        "ratio": statistics.median(a / b for a, b in seconds),
        "relative_difference": apart,
    }


def trace_rounds(dim, rounds):
    random = np.random.default_rng(0)
    one = Moments.of(random.normal(size=(dim + 500, dim)))
    other = Moments.of(random.normal(size=(dim + 500, dim)) * np.linspace(0.5, 2, dim))
    seconds = []
    for _ in range(rounds):
        scipy_s, root = timed(scipy.linalg.sqrtm, one.covariance @ other.covariance)
        fresh = Moments(one.n, one.mean, one.covariance), Moments(other.n, other.mean, other.covariance)
        ours_s, found = timed(trace_of_root, *fresh)
        seconds.append((scipy_s, ours_s))
    return {
        "dim": dim,
        "scipy_s": statistics.median(a for a, _ in seconds),
        "ours_s": statistics.median(b for _, b in seconds),
        "ratio": statistics.median(a / b for a, b in seconds),
        "relative_difference": abs(found / np.trace(root).real - 1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--images", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dim", type=int, default=2048)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    warnings.simplefilter("ignore")
    result = {
        "command": "python -m " + " ".join(["tests.benchmarks.features_speed", *sys.argv[1:]]),
        "machine": f"{platform.machine()}, torch {torch.__version__}, {args.threads} thread(s)",
        "features": feature_rounds(args.images, args.rounds),
        "trace": trace_rounds(args.dim, args.rounds),
    }
    args.out.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
