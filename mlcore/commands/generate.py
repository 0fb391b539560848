"""`generate`: images and their manifest from a checkpoint; resumable, and the same bytes each time."""

import argparse
from dataclasses import fields
from pathlib import Path
from typing import Any

from mlcore.arguments import THREADS, whole
from mlcore.spec import SIDES, GenerationSpec, PeopleSpec, SpecError
from mlcore.terminal import UNCALIBRATED, note, say, say_json

NAME = "generate"
HELP = "Make images: PNG files with a manifest, or one zip."
COUNT = 16
BACKENDS = ("torch", "openvino")
OF_PEOPLE = ("hands", "images", "variation")
EPILOG = """\
examples:
  python -m mlcore generate default palms 100
  python -m mlcore generate runs/first/best/generator.safetensors palms 10000 --seed 7 --archive images.zip
  python -m mlcore generate default palms 1000 --candidates 4 --min-probability 0.6
  python -m mlcore generate default people --people 200 --hands both --images 10
  python -m mlcore generate default palms --verify

Image i depends on the checkpoint, the seed and i alone: the same call makes the same bytes, and a call that
was stopped goes on where it was. --verify compares every file with the manifest and makes some images again.
--candidates 4 draws four and keeps the one that the discriminator finds most likely real. --min-probability
draws on until that probability is reached, up to --max-draws an image; images that never reach it are left
out and counted.

--people makes several images of each of several synthetic people, for training recognition: the lines of a
palm stay, light, pose and a little of the shape change (--variation). They lie in p0000/left/000.png and on,
number 000 being the palm itself; the manifest says person and hand.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.epilog, parser.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "checkpoint", metavar="CKPT", help="a generator's file, a trained model's name, or default"
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="where images and manifest.csv go")
    parser.add_argument("count", metavar="COUNT", type=int, nargs="?", default=COUNT, help="how many (16)")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other images (0)")
    parser.add_argument("--first-index", type=int, default=0, help="index of the first image (0)")
    parser.add_argument(
        "--candidates", type=int, default=1, metavar="K", help="draws to choose from per image (1)"
    )
    parser.add_argument(
        "--min-probability", type=float, default=0.0, metavar="P", help="least probability (0)"
    )
    parser.add_argument("--max-draws", type=int, default=64, help="bound on draws per image (64)")
    parser.add_argument("--hand", choices=("any", "left", "right"), default="any", help="which hand (any)")
    parser.add_argument("--look", default="any", help="one of the looks that inspect lists (any)")
    parser.add_argument("--people", type=int, metavar="P", help="make images of P synthetic people")
    parser.add_argument("--hands", choices=SIDES, help="which hands of each person (both)")
    parser.add_argument("--images", type=int, metavar="M", help="images of each hand (8)")
    variation(parser)
    parser.set_defaults(variation=None)  # as with --images, it is seen whether somebody asked for it
    parser.add_argument(
        "--scorer", type=Path, metavar="FILE", help="discriminator, where it is not beside CKPT"
    )
    parser.add_argument(
        "--archive", type=Path, metavar="ZIP", help="one zip of this name in DIR instead of many files"
    )
    common(parser)


def variation(parser: argparse.ArgumentParser) -> None:
    """How much the images of one palm differ."""
    parser.add_argument(
        "--variation", type=float, default=1.0, metavar="V", help="0: none, 1: as by a camera, 2: twice (1)"
    )


def common(parser: argparse.ArgumentParser) -> None:
    """Arguments of whatever writes a folder of images."""
    parser.add_argument("--verify", action="store_true", help="check what is in DIR instead of making images")
    parser.add_argument("--remake", type=whole(0), default=16, help="images that --verify makes again (16)")
    parser.add_argument("--threads", type=THREADS, help="threads of the processor to use (all)")
    parser.add_argument(
        "--backend",
        choices=BACKENDS,
        default="torch",
        help="who computes; other bytes each (torch)",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Make or verify."""
    import torch

    from mlcore import engine, making, verifying

    if args.threads:
        torch.set_num_threads(args.threads)
    model = engine.load(args.checkpoint, args.scorer, args.backend)
    if args.verify:
        return verified(args, verifying.verify(args.folder, model, args.archive, args.remake))
    order = _order(args, model)
    if args.min_probability and model.scorer is not None and not (model.calibrated() or args.json):
        note(UNCALIBRATED)  # now, not after hours of choosing by a number that does not hold
    return made(args, making.make(order, args.folder, args.archive, is_quiet=args.json))


def _order(args: argparse.Namespace, model: Any) -> Any:
    """What the arguments ask for: images that belong to nobody, or people's."""
    from mlcore import making

    of_people = {name: getattr(args, name) for name in OF_PEOPLE if getattr(args, name) is not None}
    if args.people is None:
        if of_people:
            given = " and ".join(f"--{name}" for name in of_people)
            raise SpecError(
                next(iter(of_people)),
                f"{given} can be had of people only: say how many with --people, or leave it out. Without people, "
                "COUNT says how many images, and --hand which hand they show.",
            )
        spec = GenerationSpec(
            **{field.name: getattr(args, field.name) for field in fields(GenerationSpec)},
        )
        return making.Singles(model, spec)
    if args.min_probability or args.first_index or args.hand != "any" or args.count != COUNT:
        raise SpecError(
            "people",
            "People are counted with --people, --hands and --images, and chosen among with --candidates: "
            "leave COUNT, --hand, --first-index and --min-probability out.",
        )
    return making.People(
        model,
        PeopleSpec(
            people=args.people,
            seed=args.seed,
            candidates=args.candidates,
            look=args.look,
            **{"hands": "both" if model.hands() else "any", **of_people},
        ),
    )


def made(args: argparse.Namespace, result: Any) -> int:
    """Say what was made; 1 where some of it is short."""
    short = list(result.progress.short)
    if args.json:
        say_json(
            {
                "images": result.images,
                "asked": result.order.spec.count,
                "new": result.new - len(short),
                "drawn": result.progress.drawn,
                "short": [index for index, _ in short],
                "checkpoint": result.order.model.sha256,
                "calibrated": result.order.model.calibrated(),
                "archive": str(result.archive) if result.archive is not None else None,
            }
        )
        return 1 if short else 0
    where = result.archive if result.archive is not None else args.folder
    say(f"{result.images:,} images in {where}" + ("" if result.new else " (all were there already)"))
    if short:
        spec = result.order.spec
        best = max(score for _, score in short)
        say(
            f"{len(short):,} of {spec.count:,} never reached {spec.min_probability} in {spec.max_draws} draws"
            f" (the best of them {best:.3f}) and are left out."
        )
    return 1 if short else 0


def verified(args: argparse.Namespace, found: Any) -> int:
    """Say what was compared; 1 where anything is not as it should be."""
    wrong, strangers, differ = found.wrong, found.strangers, found.differ
    code = 0 if found.is_whole else 1
    if args.json:
        say_json(
            {
                "files": found.files,
                "wrong": wrong,
                "strangers": strangers,
                "remade": found.remade,
                "differ": differ,
                "absent": found.absent,
            }
        )
        return code
    say(f"{found.files:,} files: {len(wrong)} wrong or missing" + (f" (first {wrong[0]})" if wrong else ""))
    if strangers:
        say(
            f"{len(strangers):,} that the manifest does not name (first {strangers[0]}): take them out, or go on "
            "with the making if it was stopped."
        )
    say(f"{found.remade} made again: {len(differ)} differ" + (f" (first {differ[0]})" if differ else ""))
    if found.absent:
        say(
            f"{found.absent:,} of {found.asked:,} were not made: stopped early, or short of --min-probability."
        )
    if differ and not found.same_place:
        say(
            "They were made on another machine type, torch version or backend, where equal bytes are not promised."
        )
    return code
