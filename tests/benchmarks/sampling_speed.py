"""Speed of making, scoring and writing images against the plain eager loop.

python -m tests.benchmarks.sampling_speed OUT.json [--count 64] [--rounds 5] [--threads 2] [--model CKPT]

Without --model the networks have random weights: speed does not depend on their values. Both ways run in turn
on the same weights, so that a busy machine slows both; medians count. A U-Net's plain way is that of the package
from which it comes, denoising-diffusion-pytorch.
"""

import argparse
import json
import platform
import re
import tempfile
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from mlcore import checkpoint, convert, engine, zoo_index
from mlcore.checkpoint import Header
from mlcore.commands.bench import measure
from mlcore.torchvision_cure import import_torchvision
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


class AsItsPackage(nn.Module):
    """A U-Net with the same weights as the package computes it."""

    def __init__(self, loaded):
        super().__init__()
        import_torchvision()
        import denoising_diffusion_pytorch as package

        given = loaded.header.arguments
        self.patch = given.get("patch", 1)
        self.latent_size = (3, given["image_size"], given["image_size"])
        self.unet = package.Unet(
            dim=given["width"], dim_mults=tuple(given["multipliers"]), channels=3 * self.patch**2
        )
        state = {}
        for theirs in self.unet.state_dict():
            ours = theirs
            for pattern, replacement in convert.UNET_NAMES:
                ours = re.sub(pattern, replacement, ours)
            state[theirs] = loaded.state[ours].float()
        self.unet.load_state_dict(state)
        self.eval()

    def forward(self, x, time):
        return functional.pixel_shuffle(
            self.unet(functional.pixel_unshuffle(x, self.patch), time), self.patch
        )


def saved(folder, name):
    """The pair as files in a folder of its own."""
    made, judge = PAIRS[name]
    (folder / name).mkdir()
    path = eight_pixels.save(folder / name, "judge", judge, seed=1)
    return eight_pixels.save(folder / name, "generator", made, partner=checkpoint.file_sha256(path))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--model", type=zoo_index.find)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    results = {
        "machine": platform.machine(),
        "python": platform.python_version(),
        "speed": {},
    }
    with tempfile.TemporaryDirectory() as place:
        paths = {"model": args.model} if args.model else {name: saved(Path(place), name) for name in PAIRS}
        for name, path in paths.items():
            model = engine.load(path)
            plain = AsItsPackage if model.header.architecture == "unet" else None
            found = results["speed"][name] = measure(
                model, path, args.count, args.rounds, plain_network=plain
            )
            print(
                f"| {name} | {found['images_per_second']:.1f} | {found['plain_images_per_second']:.1f} "
                f"| {found['ratio']:.2f} | {found['cpu_ratio']:.2f} "
                f"| {found['gflops_per_second']:.0f} | {found['share_of_matmul']:.2f} "
                f"| {found['share_of_convolution']:.2f} |",
                flush=True,
            )
    args.out.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
