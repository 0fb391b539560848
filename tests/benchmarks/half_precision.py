"""What storing a generator's weights in half precision changes: its pixels, and its measures against held-out people.

python -m tests.benchmarks.half_precision RUN OUT.json [--count 512] [--extractor efficientnet-lite2]
python -m tests.benchmarks.half_precision shipped OUT.json [--docs docs/benchmarks.md]

RUN is the folder of a training run: its state keeps the averaged weights in single precision. Of the models that ship
those are gone, but how far rounding may have moved each weight is known, half a step of the half-precision number that
it became: `shipped` moves each of them by chance within that, as rounding did. The same latents go through both
generators. A pixel is compared as it is written, of 256 values.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from mlcore import checkpoint, engine, reference, run_files, zoo_index
from mlcore.checkpoint import Checkpoint
from mlcore.generator import Model
from mlcore.metrics.judge import judge_features
from mlcore.models import features
from mlcore.spec import GenerationSpec
from tests.benchmarks.measures_table import into_docs

SHIPPED = "shipped"


def of_run(run):
    """The run's averaged generator as it was trained, and as it is shipped."""
    shipped = checkpoint.load(run / "last" / "generator.safetensors")
    state = run_files.read_state(run / run_files.STATE, shipped.header.recipe)
    whole = {name: state["average"][name] for name in shipped.state}
    half = {
        name: tensor.half().float() if tensor.is_floating_point() else tensor
        for name, tensor in whole.items()
    }
    return {"step": state["step"]}, shipped.header, whole, half


def of_shipped(name):
    """A model that ships as it may have been before it was rounded, and as it is."""
    shipped = checkpoint.load(zoo_index.find(name))
    random = np.random.default_rng(0)
    whole = {name: unrounded(tensor, random) for name, tensor in shipped.state.items()}
    return {"model": name, "sha256": shipped.sha256}, shipped.header, whole, shipped.state


def unrounded(tensor, random):
    """Each weight moved by less than half a step of its half-precision number, by chance."""
    if not tensor.is_floating_point():
        return tensor
    half = tensor.half().numpy()
    assert (half.astype(np.float32) == tensor.numpy()).all(), "this is no half precision"
    moved = random.uniform(-0.5, 0.5, half.shape) * np.spacing(np.abs(half)).astype(np.float64)
    return torch.from_numpy((half + moved).astype(np.float32))


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


def measured(facts, header, whole, half, count, extractor_name):
    """Both generators on the same latents: their pixels, and their measures where a bank ships."""
    whole, half = (pixels_of(Model(Checkpoint(header, weights, "")), count) for weights in (whole, half))
    result = {
        **facts,
        "architecture": header.architecture,
        "recipe": header.recipe,
        "count": count,
        "torch": torch.__version__,
        "pixels": compare(whole, half),
    }
    bank = reference.built_in("reference", extractor_name, header.notes.get("subject", "palm"))
    if bank is not None:
        extractor, held = features.load(extractor_name), reference.load(bank)
        held.check_same_network(extractor)
        found = {name: extractor(made).numpy() for name, made in (("single", whole), ("half", half))}
        result["extractor"] = extractor_name
        result["measures"] = {name: judge_features(rows, held.features) for name, rows in found.items()}
    return result


def table(rows):
    """What changes, a line each."""
    lines = [
        "| model | bytes equal | within one | KID e-3, single (95 %) | KID e-3, half | recall, single | recall, half |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        pixels, single, half = row["pixels"], row["measures"]["single"], row["measures"]["half"]
        low, high = (1e3 * end for end in single["kid_ci"])
        lines.append(
            f"| {row['model']} (`{row['sha256'][:8]}`) "
            f"| {pixels['bytes_equal']:.1%} | {pixels['bytes_within_one']:.2%} "
            f"| {1e3 * single['kid']:.2f} ({low:.1f} to {high:.1f}) | {1e3 * half['kid']:.2f} "
            f"| {single['recall']:.3f} | {half['recall']:.3f} |"
        )
    return "\n".join(lines)


def main(words=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("run", help=f"the folder of a training run, or {SHIPPED}")
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=512)
    parser.add_argument("--extractor", default="efficientnet-lite2")
    parser.add_argument("--docs", type=Path)
    args = parser.parse_args(words)
    shipped = args.run == SHIPPED
    pairs = map(of_shipped, zoo_index.names()) if shipped else [of_run(Path(args.run))]
    rows = [measured(*pair, args.count, args.extractor) for pair in pairs]
    command = f"python -m tests.benchmarks.half_precision {args.run} {args.out} --count {args.count}"
    result = {"command": command, "rows": rows} if shipped else rows[0]
    args.out.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n")
    if args.docs and shipped:
        into_docs(args.docs, "half-precision", table(rows))
    print(json.dumps(result, indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
