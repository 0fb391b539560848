"""What storing a generator's weights in half precision changes: its pixels, and its measures against held-out palms.

python -m tests.benchmarks.half_precision RUN OUT.json [--count 512] [--extractor efficientnet-lite2]

RUN is the folder of a training run: its state keeps the averaged weights in single precision. The same latents go
through both generators. A pixel is compared as it is written, of 256 values.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from mlcore import checkpoint, engine, reference, run_files
from mlcore.checkpoint import Checkpoint
from mlcore.generator import Model
from mlcore.metrics.judge import judge_features
from mlcore.models import features
from mlcore.spec import GenerationSpec


def both(run):
    """The run's averaged generator as it was trained, and as it is shipped."""
    shipped = checkpoint.load(run / "last" / "generator.safetensors")
    state = run_files.read_state(run / run_files.STATE, shipped.header.recipe)
    whole = {name: state["average"][name] for name in shipped.state}
    half = {
        name: tensor.half().float() if tensor.is_floating_point() else tensor
        for name, tensor in whole.items()
    }
    header = shipped.header
    models = [Model(Checkpoint(header, weights, "")) for weights in (whole, half)]
    return state["step"], header, models


def pixels_of(model, count):
    return np.stack([image.pixels for image in engine.generate(GenerationSpec(count=count), model)])


def compare(whole, half):
    """How far the written pixels are apart."""
    apart = np.abs(whole.astype(np.int16) - half)
    mean_square = float((apart.astype(np.float64) ** 2).mean())
    return {
        "bytes_equal": float((apart == 0).mean()),
        "bytes_within_one": float((apart <= 1).mean()),
        "mean_difference": float(apart.mean()),
        "largest_difference": int(apart.max()),
        "psnr_db": None if mean_square == 0 else 10 * float(np.log10(255**2 / mean_square)),
    }


def main(words=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=512)
    parser.add_argument("--extractor", default="efficientnet-lite2")
    args = parser.parse_args(words)
    step, header, models = both(args.run)
    whole, half = (pixels_of(model, args.count) for model in models)
    result = {
        "architecture": header.architecture,
        "recipe": header.recipe,
        "step": step,
        "count": args.count,
        "torch": torch.__version__,
        "pixels": compare(whole, half),
    }
    bank = reference.built_in("reference", args.extractor)
    if bank is not None:
        extractor, held = features.load(args.extractor), reference.load(bank)
        held.check_same_network(extractor)
        found = {name: extractor(made).numpy() for name, made in (("single", whole), ("half", half))}
        result["extractor"] = args.extractor
        result["measures"] = {name: judge_features(rows, held.features) for name, rows in found.items()}
    args.out.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n")
    print(json.dumps(result, indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
