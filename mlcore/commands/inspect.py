"""`inspect`: what a checkpoint says of itself, and a sheet of what it makes."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from mlcore.terminal import say, say_json, table

if TYPE_CHECKING:
    from torch import nn

    from mlcore.checkpoint import Checkpoint

NAME = "inspect"
HELP = "Show a checkpoint: its header, its tensors, a sheet of its images."
EPILOG = """\
examples:
  python -m mlcore inspect default
  python -m mlcore inspect runs/first/best/generator.safetensors --grid sheet.png --count 36

The whole file is checked: a checkpoint that inspect prints can be used.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.epilog, parser.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "checkpoint", metavar="CKPT", help="a checkpoint's file, a trained model's name, or default"
    )
    parser.add_argument("--grid", type=Path, metavar="PNG", help="write a sheet of generated images")
    parser.add_argument("--count", type=int, default=36, help="images on the sheet (36)")
    parser.add_argument("--columns", type=int, default=6, help="images in a row (6)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sheet (0)")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(args: argparse.Namespace) -> int:
    """Print, and draw if asked."""
    from mlcore import checkpoint, zoo_index

    path = zoo_index.find(args.checkpoint)
    loaded = checkpoint.load(path)
    network = _network(loaded)
    weights = sum(tensor.numel() for tensor in loaded.state.values())
    parameters = sum(parameter.numel() for parameter in network.parameters())
    facts = {
        "file": str(path),
        "sha256": loaded.sha256,
        "bytes": path.stat().st_size,
        "tensors": len(loaded.state),
        "stored_numbers": weights,
        "parameters": parameters,
        **asdict(loaded.header),
    }
    if args.grid:
        facts["grid"] = str(_grid(args))
    if args.json:
        say_json(facts)
    else:
        say(table([(key, _short(value)) for key, value in facts.items() if value not in ("", {}, [])]))
    return 0


def _network(loaded: "Checkpoint") -> "nn.Module":
    """The network, whoever builds networks of its kind."""
    from mlcore import checkpoint, detector

    if loaded.header.kind == "detector":
        return detector.network_of(loaded)
    return checkpoint.build(loaded)


def _short(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _grid(args: argparse.Namespace) -> Path:
    import numpy as np

    from mlcore import engine, images
    from mlcore.spec import GenerationSpec

    spec = GenerationSpec(count=args.count, seed=args.seed)
    pictures = np.stack([image.pixels for image in engine.generate(spec, args.checkpoint)])
    sheet = images.grid(pictures, max(1, args.columns))
    target: Path = args.grid
    target.write_bytes(images.encode_png(sheet, synthetic=True))
    return target
