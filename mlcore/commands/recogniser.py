"""`recogniser`: teach the network that tells palms apart, and measure whether pictures of one palm agree."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mlcore.arguments import decimal, whole
from mlcore.terminal import ProgressLine, say, say_json, table

NAME = "recogniser"
HELP = "Tell palms apart: train the recogniser, measure it on people, real or synthetic."
EPILOG = """\
examples:
  python -m mlcore recogniser train --from roi/ roi.csv --from palm256/ palm256.csv --out palm-recogniser.safetensors
  python -m mlcore recogniser eval roi/ --csv roi.csv --held --json
  python -m mlcore generate default people --people 50 --images 6
  python -m mlcore recogniser eval people/

A table has the columns file and person, and palm, thumb_side or hand to tell a person's hands apart. Without
--csv the manifest.csv of generate --people is read. Training takes the people who train anywhere else here, and
measures on those who are held. The equal error rate is where as many pairs of two palms are taken for one as
pairs of one palm are taken for two: 0 is perfect, 0.5 is a coin. Synthetic people are good when theirs is low
(images of one agree) and the mean agreement of two people is as low as that of real ones (nobody is drawn twice).
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of both verbs."""
    parser.epilog, parser.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="train|eval")
    train = verbs.add_parser("train", help="learn from pictures of known palms")
    train.add_argument(
        "--from",
        dest="sources",
        nargs=2,
        type=Path,
        action="append",
        required=True,
        metavar=("DIR", "CSV"),
        help="a folder and its table of people; may be given several times",
    )
    train.add_argument("--out", type=Path, required=True, help="the recogniser's file")
    train.add_argument(
        "--components", type=whole(1), default=600, help="principal components to learn in (600)"
    )
    train.add_argument("--dim", type=whole(1), default=128, help="length of the vectors (128)")
    train.add_argument(
        "--shrinkage", type=decimal(0, 1), default=0.1, help="0: trust the pictures, 1: not at all (0.1)"
    )
    train.add_argument(
        "--copies",
        type=whole(0),
        default=2,
        help="further photographs made of each picture, to learn from (2)",
    )
    train.add_argument("--licence", default="", help="under which terms the weights may be used")
    train.add_argument("--json", action="store_true", help="print as JSON")
    judge = verbs.add_parser("eval", help="equal error rate on pictures of known palms")
    judge.add_argument("folder", type=Path, metavar="DIR", help="where the pictures are")
    judge.add_argument("--csv", type=Path, help="table of the people (manifest.csv in DIR)")
    judge.add_argument("--model", help="a recogniser's file (the one that ships)")
    judge.add_argument("--held", action="store_true", help="only the people that never train")
    judge.add_argument("--json", action="store_true", help="print as JSON")


def run(args: argparse.Namespace) -> int:
    """Do what the verb says."""
    return _train(args) if args.verb == "train" else _evaluate(args)


def _train(args: argparse.Namespace) -> int:
    from mlcore import recogniser, recogniser_training
    from mlcore.recogniser_training import RecogniserPlan

    plan = RecogniserPlan(args.components, args.dim, args.shrinkage, args.copies)
    pictures = [
        picture
        for folder, people in args.sources
        for picture in recogniser_training.read(folder, people, "train")
    ]
    network = recogniser.new_network(plan.dim)
    line = ProgressLine("seen", len(pictures), quiet=args.json)
    features = recogniser_training.features_of(network, pictures, plan, lambda done, _: line.show(done))
    line.close()
    palms = [picture.palm for picture in pictures for _ in range(1 + plan.copies)]
    recogniser_training.fit(network, features, palms, plan)
    licence = args.licence or "as the owners of the pictures state"
    recogniser_training.save(args.out, network, pictures, {}, licence)
    measures = {
        folder.name: _verification(str(args.out), folder, people, "validation")
        for folder, people in args.sources
    }
    recogniser_training.save(args.out, network, pictures, {"held_out": measures}, licence)
    if args.json:
        say_json({"recogniser": str(args.out), "pictures": len(pictures), "held": measures})
        return 0
    say(f"{args.out}: learned from {len(pictures):,} pictures; on held people:")
    _say(measures)
    return 0


def _evaluate(args: argparse.Namespace) -> int:
    from mlcore.recogniser import ZOO_NAME

    found = _verification(args.model or ZOO_NAME, args.folder, args.csv, "validation" if args.held else "all")
    if args.json:
        say_json(found)
    else:
        _say({args.folder.name: found})
    return 0


def _verification(model: str, folder: Path, people: Path | None, split: Any) -> dict[str, Any]:
    from mlcore import checkpoint, recogniser, recogniser_training, zoo_index

    loaded = recogniser.Recogniser(checkpoint.load(zoo_index.find(model)))
    pictures = recogniser_training.read(folder, people, split)
    vectors = loaded.embed(picture.pixels() for picture in pictures)
    found = recogniser.verify(vectors, [picture.palm for picture in pictures])
    return {**asdict(found), "pictures": len(pictures), "palms": len({picture.palm for picture in pictures})}


def _say(measures: dict[str, dict[str, Any]]) -> None:
    rows: list[list[object]] = [
        ["", "palms", "pictures", "EER", "accepted at 1 in 1,000", "one palm agrees", "two palms agree"]
    ]
    for name, found in measures.items():
        rows.append(
            [
                name,
                found["palms"],
                found["pictures"],
                f"{found['eer']:.2%}",
                f"{found['tar_at_far']:.1%}",
                f"{found['genuine_mean']:.3f}",
                f"{found['impostor_mean']:.3f}",
            ]
        )
    say(table(rows))
