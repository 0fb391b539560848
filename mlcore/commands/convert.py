"""`convert`: an old .pt file into a checkpoint that can be read without running anything from it."""

import argparse
from pathlib import Path

from mlcore.arguments import whole
from mlcore.errors import OutputError
from mlcore.terminal import say, say_json

NAME = "convert"
HELP = "Turn weights of an earlier system (.pt, .pth) into a checkpoint."
EPILOG = """\
examples:
  python -m mlcore convert generator.pt generator.safetensors --format genpalms
  python -m mlcore convert critic.pth critic.safetensors --format wgan-gp
  python -m mlcore convert model-88.pt diffusion.safetensors --size 128

A .pt file is a pickle, and reading a pickle can run code. This one is read by a process of its own that takes
tensors and nothing else; a file that needs more is refused, with how to save it again.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.epilog, parser.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    parser.add_argument("old", metavar="OLD", type=Path, help="the file to read")
    parser.add_argument("new", metavar="NEW", type=Path, help="the checkpoint to write, *.safetensors")
    parser.add_argument(
        "--format",
        choices=("auto", "dcgan", "genpalms", "wgan-gp", "diffusion"),
        default="auto",
        help="what it is (auto)",
    )
    parser.add_argument(
        "--size", type=whole(8, 1024), default=128, help="image side of a diffusion model (128)"
    )
    parser.add_argument(
        "--steps", type=whole(1, 1000), default=50, help="sampling steps of a diffusion model (50)"
    )
    parser.add_argument(
        "--objective", choices=("noise", "v", "image"), default="", help="what it predicts, if unsaid"
    )
    parser.add_argument("--licence", default="", help="terms of the weights, kept in the header")
    parser.add_argument("--force", action="store_true", help="write over an existing file")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Convert and say what came of it."""
    from mlcore import checkpoint, convert

    if args.new.exists() and not args.force:
        raise OutputError(f"{args.new} exists; choose another name or say --force.")
    wishes = convert.Wishes(
        format=args.format,
        image_size=args.size,
        objective=args.objective,
        steps=args.steps,
        licence=args.licence,
    )
    header = convert.convert(args.old, args.new, wishes)
    sha256 = checkpoint.file_sha256(args.new)
    if args.json:
        say_json(
            {"file": str(args.new), "sha256": sha256, "architecture": header.architecture, **header.arguments}
        )
    else:
        shape = ", ".join(f"{key} {value}" for key, value in header.arguments.items())
        say(f"{args.new}: {header.kind}, {header.architecture} ({shape})")
    return 0
