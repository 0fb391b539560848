"""Speed of making, scoring and writing images against the plain eager loop, and whether memory stays flat.

python -m tests.benchmarks.sampling_speed OUT.json [--count 64] [--rounds 5] [--threads 2] [--many 10000]
[--model CKPT]

Without --model the networks have random weights: speed does not depend on their values. Both ways run in turn
on the same weights, so that a busy machine slows both; medians count. Memory is the peak of a process that
makes 100 images and of one that makes --many.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

from mlcore import checkpoint, engine
from mlcore.checkpoint import Header
from mlcore.commands.bench import measure
from tests.mlcore import eight_pixels

PAIRS = {
    "dcgan-128": (
        Header(kind="generator", architecture="dcgan-generator"),
        Header(kind="discriminator", architecture="dcgan-discriminator"),
    ),
    "dcgan-256": (
        Header(kind="generator", architecture="dcgan-generator", arguments={"image_size": 256, "width": 32}),
        Header(
            kind="discriminator",
            architecture="dcgan-discriminator",
            arguments={"image_size": 256, "width": 32},
        ),
    ),
    "fastgan-128": (
        Header(kind="generator", architecture="fastgan-generator"),
        Header(kind="discriminator", architecture="projected-discriminator"),
    ),
}
PEAK = """
import sys, tempfile
from pathlib import Path
from mlcore import engine, image_folder
from mlcore.spec import GenerationSpec
model, spec = engine.load(sys.argv[1]), GenerationSpec(count=int(sys.argv[2]))
with tempfile.TemporaryDirectory() as folder, image_folder.ImageFolder(Path(folder), {}) as written:
    for image in engine.generate(spec, model):
        written.add(image, engine.recipe(model, spec, image.index))
# VmHWM, not ru_maxrss: the latter starts with the peak of the process that forked this one.
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) / 1024)
"""


def saved(folder, name):
    """The pair as files in a folder of its own."""
    made, judge = PAIRS[name]
    (folder / name).mkdir()
    path = eight_pixels.save(folder / name, "judge", judge, seed=1)
    return eight_pixels.save(folder / name, "generator", made, partner=checkpoint.file_sha256(path))


def peak(path, count):
    """Largest resident memory in MB of a process that makes `count` images."""
    command = [sys.executable, "-c", PEAK, str(path), str(count)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--model", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    results = {
        "machine": platform.machine(),
        "python": platform.python_version(),
        "speed": {},
        "memory_mb": {},
    }
    with tempfile.TemporaryDirectory() as place:
        paths = {"model": args.model} if args.model else {name: saved(Path(place), name) for name in PAIRS}
        for name, path in paths.items():
            found = results["speed"][name] = measure(engine.load(path), path, args.count, args.rounds)
            print(
                f"| {name} | {found['images_per_second']:.1f} | {found['plain_images_per_second']:.1f} "
                f"| {found['ratio']:.2f} | {found['cpu_ratio']:.2f} "
                f"| {found['gflops_per_second']:.0f} | {found['share_of_matmul']:.2f} "
                f"| {found['share_of_convolution']:.2f} |",
                flush=True,
            )
        path = eight_pixels.pair(Path(place))
        for count in (100, args.many):
            results["memory_mb"][str(count)] = round(peak(path, count), 1)
    print("memory", results["memory_mb"])
    args.out.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
