"""`inspect`: what a checkpoint or a bank of features says of itself, and a sheet of what a generator makes."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from mlcore.arguments import SEED, whole
from mlcore.terminal import say, say_json, table

if TYPE_CHECKING:
    from torch import nn

    from mlcore.checkpoint import Checkpoint

NAME = "inspect"
HELP = "Show a checkpoint or a bank of features: its header, its tensors, a sheet of its images."
EPILOG = """\
examples:
  python -m mlcore inspect default
  python -m mlcore inspect runs/first/best/generator.safetensors --grid sheet.png --count 36
  python -m mlcore inspect palm-reference

The whole file is checked: a checkpoint or bank that inspect prints can be used.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.epilog, parser.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "checkpoint", metavar="FILE", help="a checkpoint or bank, a name from the zoo, or default"
    )
    parser.add_argument("--grid", type=Path, metavar="PNG", help="write a sheet of generated images")
    parser.add_argument("--count", type=whole(1, 10_000), default=36, help="images on the sheet (36)")
    parser.add_argument("--columns", type=whole(1, 100), default=6, help="images in a row (6)")
    parser.add_argument("--seed", type=SEED, default=0, help="seed of the sheet (0)")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(args: argparse.Namespace) -> int:
    """Print, and draw if asked."""
    from mlcore import checkpoint, zoo_index

    path = zoo_index.find(args.checkpoint)
    if _is_bank(path):
        return _inspect_bank(path, args)
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
    _say(facts, args.json)
    return 0


def _inspect_bank(path: Path, args: argparse.Namespace) -> int:
    """What a bank holds, in numbers that say whether it is what one measures against."""
    import numpy as np

    from mlcore import reference
    from mlcore.errors import WrongKind

    if args.grid:
        raise WrongKind(f"{path.name} is a bank of features: it holds no images and makes none.")
    bank = reference.load(path)
    lengths = np.linalg.norm(bank.features, axis=1)
    sizes = np.bincount(bank.groups)
    facts = {
        "file": str(path),
        "sha256": bank.sha256,
        "bytes": path.stat().st_size,
        "kind": "bank of features",
        **asdict(bank.header),
        "groups": len(sizes),
        "images_in_largest_group": int(sizes.max()),
        "mean_length": round(float(lengths.mean()), 4),
        "features_always_zero": int((bank.features == 0).all(axis=0).sum()),
    }
    _say(facts, args.json)
    return 0


def _is_bank(path: Path) -> bool:
    """Whether the file's own header says that it is a bank."""
    import json

    import safetensors

    from mlcore import reference

    try:
        with safetensors.safe_open(path, framework="numpy") as opened:
            content = json.loads((opened.metadata() or {}).get(reference.KEY, "{}"))
    except (safetensors.SafetensorError, ValueError):
        return False
    return isinstance(content, dict) and content.get("format") == reference.FORMAT


def _say(facts: dict[str, object], is_json: bool) -> None:
    if is_json:
        say_json(facts)
    else:
        say(table([(key, _short(value)) for key, value in facts.items() if value not in ("", {}, [])]))


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
