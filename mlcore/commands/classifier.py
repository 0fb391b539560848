"""`classifier`: tell classes of images apart, such as real and made ones, by frozen features."""

import argparse
import json
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from mlcore.arguments import whole
from mlcore.errors import ClassifierError
from mlcore.terminal import ProgressLine, note, say, say_json, table

NAME = "classifier"
HELP = "Fit and use a small classifier of images; look at a data set."
MARKS = ("<!-- versus -->", "<!-- /versus -->")
EPILOG = """\
examples:
  python -m mlcore classifier summarise data/
  python -m mlcore classifier fit data/ --out real-or-made.safetensors --epochs 40
  python -m mlcore classifier predict real-or-made.safetensors photo.png more/
  python -m mlcore classifier versus runs/data/palm-128 --out versus.json

data/ has a folder for each class, for example data/real and data/made. A frozen network turns each image into
features, and a logistic regression on them is fitted by log-loss; a fifth of each class is held aside to
judge it.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.epilog, parser.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    fit = actions.add_parser("fit", help="fit on a folder of folders")
    fit.add_argument("folder", metavar="DIR", type=Path, help="a folder for each class")
    fit.add_argument("--out", type=Path, required=True, metavar="FILE", help="the model, *.safetensors")
    fit.add_argument("--history", type=Path, metavar="CSV", help="write the losses by epoch")
    fit.add_argument("--C", type=float, default=1.0, help="inverse strength of the penalty (1)")
    fit.add_argument("--lr", type=float, default=0.05, help="learning rate (0.05)")
    fit.add_argument("--epochs", type=int, default=60, help="passes over the data (60)")
    fit.add_argument("--batch-size", type=int, default=64, help="images a step (64)")
    fit.add_argument("--input-size", type=int, default=128, help="side that the network sees (128)")
    fit.add_argument("--hold", type=float, default=0.2, help="share held aside (0.2)")
    fit.add_argument("--seed", type=int, default=0, help="seed of the split and the order (0)")
    predict = actions.add_parser("predict", help="probabilities for images")
    predict.add_argument("model", metavar="MODEL", type=Path, help="what fit wrote")
    predict.add_argument("images", metavar="IMAGES", nargs="+", type=Path, help="files and folders")
    summarise = actions.add_parser("summarise", help="counts, sizes, colours, broken and duplicate files")
    summarise.add_argument("folder", metavar="DIR", type=Path, help="a folder for each class")
    versus = actions.add_parser("versus", help="real palms against the palms of generators")
    versus.add_argument("packed", metavar="PACKED", type=Path, help="real palms, packed by `prepare`")
    versus.add_argument(
        "generators", metavar="GENERATOR", nargs="*", help="paths and zoo names (all that ship)"
    )
    versus.add_argument(
        "--hands", type=Path, metavar="PACKED", help="real hands, for generators of hands (left out without)"
    )
    versus.add_argument("--out", type=Path, metavar="FILE", help="write the rows as JSON")
    versus.add_argument(
        "--page", type=Path, metavar="FILE", help=f"put the table into a page, between {MARKS[0]} marks"
    )
    versus.add_argument("--input-size", type=whole(32, 512), help="side that the network sees (128)")
    versus.add_argument(
        "--weights", type=Path, metavar="FILE", help="torchvision's resnet18 weights, if at hand"
    )
    for action in (fit, predict):
        action.add_argument(
            "--weights", type=Path, metavar="FILE", help="torchvision's resnet18 weights, if at hand"
        )
        action.add_argument(
            "--cache", type=Path, metavar="DIR", help="keep features in this folder; without, nothing is kept"
        )
    for action in (fit, predict, summarise, versus):
        action.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Do the action."""
    actions = {"fit": _fit, "predict": _predict, "summarise": _summarise, "versus": _versus}
    return actions[args.action](args)


def _fit(args: argparse.Namespace) -> int:
    from mlcore import backbone, classifier
    from mlcore.feature_cache import FeatureCache

    names = {entry.name for entry in fields(classifier.FitSettings)}
    settings = classifier.FitSettings(**{name: value for name, value in vars(args).items() if name in names})
    samples = [sample for sample in _samples(args.folder) if sample[1]]
    line = ProgressLine("read", len(samples), quiet=args.json)
    model = classifier.fit(
        samples,
        settings,
        backbone.load(args.weights),
        FeatureCache(args.cache),
        lambda done, _: line.show(done),
    )
    line.close()
    sha256 = classifier.save(args.out, model)
    if args.history:
        args.history.write_text(classifier.history_csv(model))
    if args.json:
        last = asdict(model.history[-1])
        say_json(
            {
                **model.report,
                "classes": model.classes,
                "backbone": model.backbone,
                "last": last,
                "sha256": sha256,
            }
        )
        return 0
    say(
        f"accuracy {model.report['accuracy']:.3f} on {model.report['judged_on']}, features of {model.backbone}"
    )
    rows = [["", *(f"said {name}" for name in model.classes)]]
    rows += [
        [name, *map(str, row)] for name, row in zip(model.classes, model.report["confusion"], strict=True)
    ]
    say(table(rows))
    _tell_broken(model.report["broken"])
    return 0


def _predict(args: argparse.Namespace) -> int:
    from mlcore import backbone, classifier
    from mlcore.commands.score import files_of
    from mlcore.feature_cache import FeatureCache

    model = classifier.load(args.model)
    files = files_of(args.images)
    line = ProgressLine("read", len(files), quiet=args.json)
    found, broken = classifier.predict(
        model, files, backbone.load(args.weights), FeatureCache(args.cache), lambda done, _: line.show(done)
    )
    line.close()
    reasons = {str(path): reason for path, reason in broken.items()}
    if args.json:
        say_json({"predictions": {str(path): chances for path, chances in found.items()}, "broken": reasons})
    else:
        for path, chances in found.items():
            best = max(chances, key=lambda name: chances[name])
            say(f"{best}  {chances[best]:.3f}  {path}")
        _tell_broken(reasons)
    return 1 if broken else 0


def _summarise(args: argparse.Namespace) -> int:
    from mlcore import summary

    samples = _samples(args.folder)
    line = ProgressLine("read", len(samples), quiet=args.json)
    found = summary.summarise(samples, lambda done, _: line.show(done))
    line.close()
    if args.json:
        say_json(found.to_json())
        return 0
    rows: list[list[Any]] = [["class", "images", "mean RGB", "deviation RGB"]]
    rows += [
        [name or "(top)", facts["images"], facts["mean"], facts["deviation"]]
        for name, facts in found.per_class.items()
    ]
    rows.append(["all", found.images, found.mean, found.deviation])
    say(table(rows))
    say("sizes: " + ", ".join(f"{size} {count:,}" for size, count in list(found.sizes.items())[:8]))
    say(f"{len(found.duplicates)} groups of equal files, {len(found.broken)} broken files")
    for names in found.duplicates:
        say("  equal: " + ", ".join(names))
    _tell_broken(found.broken)
    return 0


def _versus(args: argparse.Namespace) -> int:
    from mlcore import backbone, checkpoint, versus, zoo_index

    generators = args.generators or list(zoo_index.names())
    if not generators:
        raise ClassifierError("No generator ships with this copy; give the path of one.")
    page = args.page.read_text() if args.page else ""
    if args.page and not (0 <= page.find(MARKS[0]) < page.find(MARKS[1])):
        raise ClassifierError(f"{args.page} has no lines {MARKS[0]} and {MARKS[1]} to put the table between.")
    network = backbone.load(args.weights)
    settings = replace(versus.SETTINGS, **({"input_size": args.input_size} if args.input_size else {}))
    rows = []
    for generator in generators:
        makes_hands = checkpoint.peek(zoo_index.find(generator)).notes.get("subject") == "hand"
        real = args.hands if makes_hands else args.packed
        if real is None:
            note(f"{Path(generator).stem}: makes hands; name real ones with --hands")
            continue
        rows.append(versus.against(generator, real, network, settings))
        note(f"{rows[-1]['generator']}: {rows[-1]['accuracy']:.1%}")
    found = versus.table(rows)
    if args.out:
        args.out.write_text(json.dumps({"rows": rows}, indent=2) + "\n")
    if args.page:
        before, after = page.split(MARKS[0])[0], page.split(MARKS[1])[1]
        args.page.write_text(f"{before}{MARKS[0]}\n{found}{MARKS[1]}{after}")
    if args.json:
        say_json({"rows": rows})
    else:
        say(found)
    return 0


def _samples(folder: Path) -> list[tuple[Path, str]]:
    from mlcore import summary

    if not folder.is_dir():
        raise ClassifierError(f"There is no folder {folder}.")
    samples = summary.samples_of(folder)
    if not samples:
        raise ClassifierError(f"There are no images in {folder}; a classifier reads PNG, JPEG, WebP and BMP.")
    return samples


def _tell_broken(broken: dict[str, str]) -> None:
    for name, reason in broken.items():
        note(f"{name}: {reason}")
