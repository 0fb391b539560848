"""Whether memory stays flat however many images are made.

python -m tests.benchmarks.sampling_memory OUT.json [--few 100] [--many 10000] [--size 128] [--width 4]

Each number is the highest resident memory of a process of its own that makes, scores and writes so many images.
The networks are small and their weights random; the images have their full size, so that any that were kept would show.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

from mlcore import checkpoint
from tests.mlcore import eight_pixels

PEAK = """
import sys, tempfile
from pathlib import Path
import torch
from mlcore import engine, image_folder
from mlcore.spec import GenerationSpec
torch.set_num_threads(1)
model, spec = engine.load(sys.argv[1]), GenerationSpec(count=int(sys.argv[2]))
with tempfile.TemporaryDirectory() as folder, image_folder.ImageFolder(Path(folder), {}) as written:
    for image in engine.generate(spec, model):
        written.add(image, engine.recipe(model, spec, image.index))
# VmHWM, not ru_maxrss: the latter starts with the peak of the process that forked this one.
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) / 1024)
"""


def peak(path, count):
    """Largest resident memory in MB of a process that makes `count` images."""
    command = [sys.executable, "-c", PEAK, str(path), str(count)]
    return round(float(subprocess.run(command, capture_output=True, text=True, check=True).stdout), 1)


def small_pair(folder, size, width):
    """A generator of `size` pixels and its discriminator."""
    judge = eight_pixels.save(
        folder, "judge", eight_pixels.DISCRIMINATOR, seed=1, arguments={"image_size": size, "width": width}
    )
    return eight_pixels.save(
        folder,
        "generator",
        eight_pixels.DCGAN,
        arguments={"image_size": size, "latent_size": 16, "width": width},
        partner=checkpoint.file_sha256(judge),
    )


def main(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--few", type=int, default=100)
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--width", type=int, default=4)
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as place:
        path = small_pair(Path(place), args.size, args.width)
        peaks = {str(count): peak(path, count) for count in (args.few, args.many)}
    result = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "torch": torch.__version__,
        "image_size": args.size,
        "peak_mb": peaks,
    }
    print(peaks)
    args.out.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
