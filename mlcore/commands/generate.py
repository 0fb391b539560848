"""`generate`: images and their manifest from a checkpoint; resumable, and the same bytes each time."""

import argparse
import hashlib
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from mlcore.errors import OutputError
from mlcore.spec import GenerationSpec
from mlcore.terminal import ProgressLine, say, say_json

NAME = "generate"
HELP = "Make images: PNG files with a manifest, or one zip."
EPILOG = """\
examples:
  python -m mlcore generate default palms 100
  python -m mlcore generate runs/first/best/generator.safetensors palms 10000 --seed 7 --archive images.zip
  python -m mlcore generate default palms 1000 --candidates 4 --min-probability 0.6
  python -m mlcore generate default palms --verify

Image i depends on the checkpoint, the seed and i alone: the same call makes the same bytes, and a call that
was stopped goes on where it was. --verify compares every file with the manifest and makes some images again.
--candidates 4 draws four and keeps the one that the discriminator finds most likely real. --min-probability
draws on until that probability is reached, up to --max-draws an image; images that never reach it are left
out and counted.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.epilog, parser.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "checkpoint", metavar="CKPT", help="a generator's file, a trained model's name, or default"
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="where images and manifest.csv go")
    parser.add_argument("count", metavar="COUNT", type=int, nargs="?", default=16, help="how many (16)")
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
    parser.add_argument(
        "--scorer", type=Path, metavar="FILE", help="discriminator, where it is not beside CKPT"
    )
    parser.add_argument(
        "--archive", type=Path, metavar="ZIP", help="one zip inside DIR instead of many files"
    )
    parser.add_argument("--verify", action="store_true", help="check what is in DIR instead of making images")
    parser.add_argument("--remake", type=int, default=16, help="images that --verify makes again (16)")
    parser.add_argument("--threads", type=int, help="threads of the processor to use (all)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Make or verify."""
    import torch

    from mlcore import engine

    if args.threads:
        torch.set_num_threads(max(1, args.threads))
    model = engine.load(args.checkpoint, args.scorer)
    archive = args.folder / args.archive if args.archive else None
    return _verify(args, model, archive) if args.verify else _make(args, model, archive)


def _make(args: argparse.Namespace, model: Any, archive: Path | None) -> int:
    from mlcore import engine, image_folder

    spec = GenerationSpec(
        count=args.count,
        seed=args.seed,
        first_index=args.first_index,
        candidates=args.candidates,
        min_probability=args.min_probability,
        max_draws=args.max_draws,
        hand=args.hand,
        look=args.look,
    )
    model.check(spec)
    plan = plan_of(model, spec, archive)
    if archive is not None and archive.is_file() and image_folder.read_plan(args.folder) == plan:
        say(f"{archive} is there already; --verify checks it.")
        return 0
    with image_folder.ImageFolder(args.folder, plan) as folder:
        missing = [index for index in spec.indices if index not in folder.rows]
        line = ProgressLine("made", len(missing), quiet=args.json)
        progress = engine.Progress(0, len(missing), 0)

        def on_progress(now: engine.Progress) -> None:
            """Show the line and remember the shortfall."""
            nonlocal progress
            progress = now
            line.show(now.done, f"  {len(now.short)} short" if now.short else "")

        for image in engine.generate(spec, model, on_progress, indices=missing):
            folder.add(image, engine.recipe(model, spec, image.index))
        folder.flush()
        line.close()
        made = len(folder.rows)
    if archive is not None:
        image_folder.pack(args.folder, archive)
    return _report(args, model, spec, archive, made, len(missing), progress)


def plan_of(model: Any, spec: GenerationSpec, archive: Path | None) -> dict[str, Any]:
    """What a folder is begun with and must be gone on with."""
    from mlcore import engine

    return {
        "format": 1,
        "checkpoint": model.sha256,
        "discriminator": model.scorer.sha256 if model.scorer is not None else "",
        "archive": archive.name if archive is not None else "",
        **asdict(spec),
        **engine.backend(),
    }


def _report(
    args: argparse.Namespace,
    model: Any,
    spec: GenerationSpec,
    archive: Path | None,
    made: int,
    missing: int,
    progress: Any,
) -> int:
    short = list(progress.short)
    if args.json:
        say_json(
            {
                "images": made,
                "asked": spec.count,
                "new": missing - len(short),
                "drawn": progress.drawn,
                "short": [index for index, _ in short],
                "checkpoint": model.sha256,
                "calibrated": model.scorer is not None and model.scorer.calibration.fitted,
                "archive": str(archive) if archive is not None else None,
            }
        )
        return 1 if short else 0
    where = archive if archive is not None else args.folder
    say(f"{made:,} images in {where}" + ("" if missing else " (all were there already)"))
    if short:
        best = max(score for _, score in short)
        say(
            f"{len(short):,} of {spec.count:,} never reached {spec.min_probability} in {spec.max_draws} draws"
            f" (the best of them {best:.3f}) and are left out."
        )
    return 1 if short else 0


def _verify(args: argparse.Namespace, model: Any, archive: Path | None) -> int:
    from mlcore import engine, image_folder

    plan = image_folder.read_plan(args.folder)
    if plan is None:
        raise OutputError(f"{args.folder} has no {image_folder.PLAN}: nothing was made here.")
    if archive is None and plan.get("archive"):
        archive = args.folder / str(plan["archive"])
    count, wrong = image_folder.verify(args.folder, archive)
    same_place = all(plan.get(key) == value for key, value in engine.backend().items())
    if plan["checkpoint"] != model.sha256:
        raise OutputError(f"{args.folder} was made with another checkpoint ({plan['checkpoint'][:12]}...).")
    rows = image_folder.read_manifest(args.folder)
    chosen = sorted(rows)[:: max(1, len(rows) // max(args.remake, 1))][: args.remake]
    spec = GenerationSpec(**{field.name: plan[field.name] for field in fields(GenerationSpec)})
    again = {
        image.index: hashlib.sha256(
            image_folder.encode(image, engine.recipe(model, spec, image.index))
        ).hexdigest()
        for image in engine.generate(spec, model, indices=chosen)
    }
    differ = [rows[index].file for index in chosen if again.get(index) != rows[index].sha256]
    absent = spec.count - count
    if args.json:
        say_json({"files": count, "wrong": wrong, "remade": len(chosen), "differ": differ, "absent": absent})
    else:
        first = f" (first {wrong[0]})" if wrong else ""
        say(f"{count:,} files: {len(wrong)} wrong or missing{first}")
        say(f"{len(chosen)} made again: {len(differ)} differ" + (f" (first {differ[0]})" if differ else ""))
        if absent:
            say(f"{absent:,} of {spec.count:,} were not made: stopped early, or short of --min-probability.")
        if differ and not same_place:
            say(
                "They were made on another machine type or torch version, where equal bytes are not promised."
            )
    return 1 if wrong or differ else 0
