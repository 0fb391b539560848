"""`score`: how likely each image is real to a discriminator, and the calibration that makes it true."""

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlcore import images
from mlcore.arguments import SEED
from mlcore.errors import ImageError, OutputError, ScoringError
from mlcore.terminal import UNCALIBRATED, ProgressLine, note, say, say_json

NAME = "score"
HELP = "Score images: the probability that each is a real palm."
EPILOG = """\
examples:
  python -m mlcore score default photo.png
  python -m mlcore score default palms/ --csv scores.csv
  python -m mlcore score runs/first/best/generator.safetensors --calibrate held-out/ --out
  calibrated.safetensors \\
      --diagram reliability.svg

CKPT is a generator, whose discriminator lies beside it, or a discriminator. A raw verdict means nothing by
itself:
--calibrate compares verdicts on real held-out palms with those on as many fresh generated ones, and stores
the line that turns one into the other, so that of images scored 0.8 eight in ten are real where half of all
are.
"""
CHUNK = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.epilog, parser.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    parser.add_argument("checkpoint", metavar="CKPT", help="a generator or a discriminator, or default")
    parser.add_argument(
        "images", metavar="IMAGES", nargs="*", type=Path, help="image files and folders of them"
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write file,score to this file")
    parser.add_argument(
        "--scorer", type=Path, metavar="FILE", help="discriminator, where it is not beside CKPT"
    )
    parser.add_argument(
        "--calibrate", type=Path, metavar="REAL", help="folder of real palms, or packed validation set"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="the generator with its calibration")
    parser.add_argument("--diagram", type=Path, metavar="SVG", help="draw the reliability diagram")
    parser.add_argument("--seed", type=SEED, default=0, help="seed of the fresh images of --calibrate (0)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Score or calibrate."""
    for target in (args.csv, args.out, args.diagram):
        if target is not None:
            target.parent.mkdir(parents=True, exist_ok=True)  # now, not after the work
    return _calibrate(args) if args.calibrate else _score(args)


def files_of(places: list[Path]) -> list[Path]:
    """Image files named, and those in the folders named, in order of name."""
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            found += sorted(path for path in place.rglob("*") if path.suffix.lower() in images.SUFFIXES)
        elif place.is_file():
            found.append(place)
        else:
            raise OutputError(f"There is no file or folder {place}.")
    if not found:
        raise OutputError("There are no images to read; name files or folders of PNG, JPEG, WebP or BMP.")
    return found


def _score(args: argparse.Namespace) -> int:
    from mlcore import engine

    scorer = engine.load_scorer(args.checkpoint, args.scorer)
    files = files_of(args.images)
    line = ProgressLine("scored", len(files), quiet=args.json)
    scores: dict[str, float] = {}
    broken: dict[str, str] = {}
    for at in range(0, len(files), CHUNK):
        names, pictures = [], []
        for file in files[at : at + CHUNK]:
            try:
                pictures.append(images.decode(file.read_bytes()))
                names.append(str(file))
            except ImageError as error:
                broken[str(file)] = str(error)
        scores |= dict(zip(names, scorer.probabilities(pictures).tolist(), strict=True))
        line.show(at + len(names))
    line.close()
    if args.csv:
        with args.csv.open("w", newline="") as target:
            csv.writer(target, lineterminator="\n").writerows([("file", "score"), *scores.items()])
    calibrated = scorer.calibration.fitted
    if args.json:
        say_json({"scores": scores, "broken": broken, "calibrated": calibrated, "scorer": scorer.sha256})
    else:
        for name, score in scores.items() if not args.csv else ():
            say(f"{score:.6f}  {name}")
        for name, reason in broken.items():
            note(f"{name}: {reason}")
        if not calibrated:
            note(UNCALIBRATED)
    return 1 if broken else 0


def _calibrate(args: argparse.Namespace) -> int:
    import numpy as np

    from mlcore import engine, gathering, scoring
    from mlcore.zoo_index import find

    model = engine.load(args.checkpoint, args.scorer)
    files, people, pictures = [], [], []
    for file, person, picture in _real(args.calibrate):
        files.append(file)
        people.append(person)
        pictures.append(images.resize(picture, model.image_size))
    who = gathering.groups(files, people)
    calibration = engine.calibrate(model, np.stack(pictures), people=who, seed=args.seed)
    if args.diagram:
        args.diagram.write_text(scoring.reliability_svg(calibration))
    sha256 = ""
    if args.out:
        sha256 = engine.store_calibration(find(args.checkpoint), args.out, calibration)
    if args.json:
        say_json({**calibration.to_header(), "out": str(args.out or ""), "sha256": sha256})
    else:
        say(
            f"fitted on {calibration.real} real and {calibration.generated} generated: "
            f"slope {calibration.slope:.4g}, offset {calibration.offset:.4g}, error {calibration.error:.3f}"
        )
        if args.out:
            say(f"{args.out}  sha256 {sha256}")
        elif not args.diagram:
            note("nothing was kept: give --out")
    return 0


def _real(place: Path) -> Iterator[tuple[str, str, Any]]:
    """Real palms with their files and who is on them: the validation part of a packed set, or image files."""
    if (place / "images.npy").is_file():
        from mlcore.data import PackedDataset

        held = PackedDataset.open(place, split="validation")
        yield from zip(
            held.columns["file"], held.columns["person"], held.images(range(len(held))), strict=True
        )
        return
    for file in files_of([place]):
        try:
            yield str(file), "", images.decode(file.read_bytes())
        except ImageError as error:
            raise ScoringError(f"{file}: {error} Take it out, or replace it.") from error
