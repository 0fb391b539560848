"""`person`: one synthetic palm and pictures of it as a camera would take them on other days."""

import argparse
from pathlib import Path

from mlcore.arguments import whole
from mlcore.commands.generate import common, made, variation, verified
from mlcore.errors import OutputError
from mlcore.spec import HANDS, LIMITS, PeopleSpec

NAME = "person"
HELP = "Make one synthetic person's palm and variations of it."
EPILOG = """\
examples:
  python -m mlcore person alice 40
  python -m mlcore person bob 40 --person 1 --hand left --variation 0.5
  python -m mlcore person alice --verify

base_palm.png is the palm; variation_1.png and on show it in other light, another pose and slightly another
shape, its lines unchanged. Another --person is another human being; the same number is the same one always,
and the same as in generate --people. Each image is a function of its number: asking for 60 instead of 40 keeps
the first 40 byte for byte and adds the others.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.epilog, parser.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", metavar="DIR", type=Path, help="where the images go")
    parser.add_argument(
        "count",
        metavar="COUNT",
        type=whole(0, LIMITS["images"][1] - 1),
        nargs="?",
        default=40,
        help="variations (40)",
    )
    parser.add_argument("--model", default="default", help="a generator's file or a trained model's name")
    parser.add_argument("--person", type=int, default=0, metavar="N", help="number of the person (0)")
    parser.add_argument("--hand", choices=HANDS, default="any", help="which hand (any)")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other people (0)")
    parser.add_argument(
        "--candidates", type=int, default=1, metavar="K", help="palms to choose the most real one from (1)"
    )
    parser.add_argument("--look", default="any", help="one of the looks that inspect lists (any)")
    variation(parser)
    common(parser)


def run(args: argparse.Namespace) -> int:
    """Make or verify."""
    import torch

    from mlcore import engine, making, verifying

    if args.threads:
        torch.set_num_threads(args.threads)
    model = engine.load(args.model, computing=args.backend)
    if args.verify:
        return verified(args, verifying.verify(args.folder, model, remake=args.remake))
    _refuse_fewer(args.folder, args.count)
    spec = PeopleSpec(
        people=1,
        images=args.count + 1,
        hands=args.hand,
        seed=args.seed,
        first_person=args.person,
        candidates=args.candidates,
        variation=args.variation,
        look=args.look,
    )
    return made(args, making.make(making.OnePerson(model, spec), args.folder, is_quiet=args.json))


def _refuse_fewer(folder: Path, count: int) -> None:
    """A folder with more variations than are asked for, told in variations: its plan counts the palm as well."""
    from mlcore import image_folder

    begun = (image_folder.read_plan(folder) or {}).get("images")
    if isinstance(begun, int) and count < begun - 1:
        raise OutputError(
            f"{folder} was begun with {begun - 1} variations, not {count}; ask for as many or more to go on, or "
            "choose a new folder."
        )
