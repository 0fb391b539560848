"""Speed of the look at a data set against a plain loop of Pillow and numpy that finds the same numbers.

python -m tests.benchmarks.eda_speed OUT.json [--images 120000] [--rounds 3]

Both read the same files of 32 x 32 and of 128 x 128 pixels from a disk that has them in memory. Rounds alternate,
so that a busy machine is busy for both; ratios are medians of the rounds.
"""

import argparse
import hashlib
import io
import json
import os
import platform
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from mlcore import summary
from tests.campaigns import lab_data


def plain(samples):
    """What one writes first: counts, sizes, pooled mean and deviation, equal and broken files."""
    counts, sizes, same, broken = Counter(), Counter(), {}, {}
    pixels, sums, squares = 0, np.zeros(3), np.zeros(3)
    for path, label in samples:
        data = path.read_bytes()
        try:
            with Image.open(io.BytesIO(data)) as image:
                colours = np.asarray(image.convert("RGB")) / 255
        except OSError as error:
            broken[str(path)] = str(error)
            continue
        counts[label] += 1
        sizes[f"{colours.shape[1]}x{colours.shape[0]}"] += 1
        pixels += colours.shape[0] * colours.shape[1]
        sums += colours.sum(axis=(0, 1))
        squares += (colours**2).sum(axis=(0, 1))
        same.setdefault(hashlib.sha256(data).hexdigest(), []).append(str(path))
    mean = sums / pixels
    return {
        "counts": dict(counts),
        "sizes": dict(sizes),
        "mean": mean,
        "deviation": np.sqrt(squares / pixels - mean**2),
        "duplicates": [names for names in same.values() if len(names) > 1],
        "broken": broken,
    }


def ours(samples):
    """The same by the function that the site uses."""
    return summary.summarise(samples)


def agree(one, other):
    """Whether both found the same numbers; decoders of JPEG differ in single grey levels."""
    same = (one["counts"], one["sizes"], one["duplicates"]) == (other.counts, other.sizes, other.duplicates)
    near = np.allclose(one["mean"], other.mean, atol=1e-3)
    return same and near and np.allclose(one["deviation"], other.deviation, atol=1e-3)


def timed(function, samples):
    """Seconds by the clock, seconds of processors (of ended children too), and the answer."""
    clock, spent = time.perf_counter(), sum(os.times()[:4])
    answer = function(samples)
    return time.perf_counter() - clock, sum(os.times()[:4]) - spent, answer


def measure(kind, side, images, rounds):
    """Both in turn on one folder of files."""
    with tempfile.TemporaryDirectory() as name:
        samples = lab_data.unpacked(Path(name), images, kind=kind, side=side)
        times = []
        for number in range(rounds + 1):
            ours_now, plain_now = timed(ours, samples), timed(plain, samples)
            assert agree(plain_now[2], ours_now[2])
            if number:  # the first round only brings the files into memory
                times.append((ours_now[:2], plain_now[:2]))
    return {
        "kind": kind,
        "side": side,
        "images": images,
        "ours_images_per_second": round(images / statistics.median(us[0] for us, _ in times)),
        "plain_images_per_second": round(images / statistics.median(them[0] for _, them in times)),
        "ratio": round(statistics.median(them[0] / us[0] for us, them in times), 2),
        "cpu_ratio": round(statistics.median(them[1] / us[1] for us, them in times), 2),
        "ours_cpu_microseconds": round(1e6 * statistics.median(us[1] for us, _ in times) / images, 1),
        "plain_cpu_microseconds": round(1e6 * statistics.median(them[1] for _, them in times) / images, 1),
    }


def main():
    """Measure both kinds of files and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--images", type=int, default=120_000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    result = {
        "command": f"python -m tests.benchmarks.eda_speed {args.output} --images {args.images} "
        f"--rounds {args.rounds}",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "load": round(os.getloadavg()[0], 1),
        "processes_of_ours": min(os.cpu_count(), summary.MOST),
        "rows": [
            measure("jpg", 32, args.images, args.rounds),
            measure("png", 32, args.images, args.rounds),
            measure("jpg", 128, args.images // 4, args.rounds),
            measure("png", 128, args.images // 4, args.rounds),
        ],
    }
    args.output.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
