"""`detector`: train, evaluate and use the palm detector. Arguments and words only."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlcore.arguments import THREADS, add_framing, decimal, margin, whole
from mlcore.data import DataError
from mlcore.terminal import ProgressLine, note, say, say_json, table

NAME = "detector"
HELP = "Find palms in photos: train the detector, measure it, cut palms out."
EPILOG = """\
examples:
  python -m mlcore detector train photos/ labels/ --people people.csv --out runs/detector
  python -m mlcore detector upright photos/ labels/ --cuts palm256/ --people people.csv --out runs/detector
  python -m mlcore detector eval photos/ labels/ --names hand,palm --json
  python -m mlcore detector crop photos/ --out palms/ --size 256

Labels are YOLO text files beside each other: class x y width height, in parts of the photo; class 0 is the hand,
class 1 the palm without its fingers. Training resumes when the same command is given again.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the four verbs."""
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="train|upright|eval|crop")
    _training(verbs.add_parser("train", help="train YOLO11 from photos and labels"))
    _upright(verbs.add_parser("upright", help="train the network that turns palms upright"))
    _evaluation(verbs.add_parser("eval", help="measure a detector on labelled photos"))
    _cropping(verbs.add_parser("crop", help="cut the palm out of each photo"))


def run(args: argparse.Namespace) -> int:
    """Do what the verb says."""
    verbs = {"train": _train, "upright": _train_upright, "eval": _evaluate, "crop": _crop}
    return verbs[args.verb](args)


def _labelled(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photos", type=Path, help="folder of photos")
    parser.add_argument("labels", type=Path, help="folder of YOLO label files")


def _training(parser: argparse.ArgumentParser) -> None:
    _labelled(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the run")
    parser.add_argument("--people", type=Path, metavar="CSV", help="columns file, person, source")
    parser.add_argument(
        "--hand-free", type=Path, metavar="DIR", help="photos without hands, to learn silence from"
    )
    parser.add_argument(
        "--negatives", type=whole(0), default=1300, help="made pictures without a hand (%(default)s)"
    )
    parser.add_argument(
        "--composites", type=whole(0), default=750, help="hands before other backgrounds (%(default)s)"
    )
    parser.add_argument(
        "--twice", default="phone-palms,other-palms", metavar="A,B", help="sources shown twice a pass"
    )
    parser.add_argument(
        "--epochs", type=whole(1, 10_000), default=14, help="passes over all pictures (%(default)s)"
    )
    parser.add_argument(
        "--size", type=whole(32, 1280), default=288, help="longer side in training (%(default)s px)"
    )
    parser.add_argument("--batch", type=whole(1, 1024), default=16, help="pictures a step (%(default)s)")
    parser.add_argument("--threads", type=THREADS, default=1, help="threads of the processor (%(default)s)")
    parser.add_argument("--device", default="cpu", help="cpu, or a CUDA device as 0 (%(default)s)")
    parser.add_argument("--rate", type=decimal(0, 1), default=0.0015, help="learning rate (%(default)s)")
    parser.add_argument("--start", type=Path, help="a second round: begin from this checkpoint ...")
    parser.add_argument(
        "--hard", type=whole(0), default=0, help="... and add so many pictures it is wrong about (0)"
    )
    parser.add_argument("--weights", type=Path, help="begin from yolo11n.pt; without, from its description")
    parser.add_argument("--json", action="store_true", help="print the measures as JSON")


def _upright(parser: argparse.ArgumentParser) -> None:
    _labelled(parser)
    parser.add_argument(
        "--cuts", type=Path, required=True, metavar="DIR", help="upright cuts of the same palms"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the run")
    parser.add_argument("--people", type=Path, metavar="CSV", help="columns file, person, source")
    parser.add_argument("--steps", type=whole(1), default=2500, help="steps of training (%(default)s)")
    parser.add_argument("--threads", type=THREADS, default=1, help="threads of the processor (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print the measures as JSON")


def _evaluation(parser: argparse.ArgumentParser) -> None:
    _labelled(parser)
    parser.add_argument(
        "--names", default="hand,palm", help="names of the labels' classes 0, 1 ... (%(default)s)"
    )
    parser.add_argument("--conf", type=decimal(0, 1), default=0.25, help="least confidence (%(default)s)")
    parser.add_argument("--checkpoint", type=Path, help="a detector of your own; else the one that ships")
    parser.add_argument("--held", action="store_true", help="only photos that training holds back")
    parser.add_argument("--people", type=Path, metavar="CSV", help="columns file, person, source, for --held")
    parser.add_argument("--json", action="store_true", help="print the measures as JSON")


def _cropping(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sources", nargs="+", type=Path, metavar="SOURCE", help="folder or archive of photos")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the cuts (PNG)")
    parser.add_argument("--size", type=whole(8, 2048), default=256, help="side of the cuts (%(default)s px)")
    add_framing(parser)
    parser.add_argument("--conf", type=decimal(0, 1), default=0.25, help="least confidence (%(default)s)")
    parser.add_argument("--checkpoint", type=Path, help="a detector of your own; else the one that ships")
    parser.add_argument(
        "--upright", type=Path, help="an upright network of your own; else the one that ships"
    )
    parser.add_argument("--json", action="store_true", help="print where each palm was as JSON")


def _train(args: argparse.Namespace) -> int:
    from mlcore import detector_data
    from mlcore.checkpoint import file_sha256
    from mlcore.detector import Detector
    from mlcore.detector_labels import photos_of
    from mlcore.detector_runs import finish
    from mlcore.detector_training import Plan, train
    from mlcore.sources import WEIGHTS

    official = WEIGHTS["yolo11n"]
    # ultralytics opens it as a pickle, which runs whatever its maker wrote: only one file is known to be harmless.
    if args.weights and not (args.weights.is_file() and file_sha256(args.weights) == official.sha256):
        raise DataError(
            f"{args.weights} is not the {official.file} of ultralytics (sha256 {official.sha256[:12]}...), and no "
            "other .pt is opened: it could run code. Fetch it with `python -m mlcore download yolo11n`, begin from "
            "a detector of your own with --start, or leave --weights out to begin anew."
        )
    samples = detector_data.read_samples(args.photos, args.labels)
    learned, held = detector_data.split_for_training(samples, args.people)
    data = args.out / "data" / "data.yaml"
    if not data.exists():
        line = ProgressLine("laid out", len(samples) + args.composites + args.negatives)
        detector_data.build(
            data.parent,
            learned,
            held,
            photos=photos_of(args.hand_free) if args.hand_free else (),
            composites=args.composites,
            negatives=args.negatives,
            twice=args.twice.split(","),
            hard=args.hard if args.start else 0,
            fires=Detector.load(args.start).fires if args.start else None,
            on_progress=lambda done, total: line.show(done),
        )
        line.close()
    plan = Plan(
        args.epochs,
        args.size,
        args.batch,
        args.threads,
        weights=args.weights,
        start=args.start,
        learning_rate=args.rate,
        device=args.device,
    )
    network = train(data, args.out, plan, lambda facts: note(_epoch(facts)))
    path, measures = finish(args.out, network, plan, learned, held)
    if args.json:
        say_json({"detector": str(path), "held": measures})
    else:
        say(f"{path}: on {len(held):,} photos held back")
        _say_measures(measures, detector_data.NAMES)
    return 0


def _epoch(facts: dict[str, float]) -> str:
    left = int(facts["seconds_left"])
    numbers = "  ".join(
        f"{key} {value}" for key, value in facts.items() if key not in ("epoch", "epochs", "seconds_left")
    )
    return f"epoch {facts['epoch']} of {facts['epochs']}  {left // 60}:{left % 60:02d} left  {numbers}"


def _train_upright(args: argparse.Namespace) -> int:
    import torch

    from mlcore import detector_data, upright_training
    from mlcore.detector_runs import save_upright

    torch.set_num_threads(args.threads)
    samples = detector_data.read_samples(args.photos, args.labels)
    learned, held = detector_data.split_for_training(samples, args.people)
    line = ProgressLine("registered", len(samples))
    pictures = upright_training.canvases(learned, args.cuts, lambda done, total: line.show(done))
    unseen = upright_training.canvases(held, args.cuts, lambda done, total: line.show(len(learned) + done))
    line.close()
    if not len(pictures) or not len(unseen):
        raise DataError(f"Too few photos match an upright cut of the same name in {args.cuts}.")
    line = ProgressLine("trained", args.steps, unit="steps")
    plan = upright_training.UprightPlan(steps=args.steps)
    network = upright_training.train(pictures, plan, lambda step, loss: line.show(step, f"  loss {loss:.3f}"))
    line.close()
    errors = upright_training.measure(network, unseen)
    path = save_upright(args.out, network, plan, learned, errors)
    if args.json:
        say_json({"upright": str(path), "held": vars(errors)})
    else:
        say(
            f"{path}: on {errors.n:,} photos held back the angle is off by {errors.median:.1f} degrees (median), "
            f"{errors.p95:.1f} (95 in a hundred are nearer); {errors.over_30:.1%} by more than 30."
        )
    return 0


def _evaluate(args: argparse.Namespace) -> int:
    from mlcore import detector_data
    from mlcore.detector import Detector
    from mlcore.detector_evaluation import judge, summary

    names = args.names.split(",")
    detector = Detector.load(args.checkpoint)
    unknown = sorted(set(names) - set(detector.names))
    if unknown:
        raise DataError(f"The detector knows {', '.join(detector.names)}, not {', '.join(unknown)}.")
    samples = detector_data.read_samples(args.photos, args.labels, names)
    if args.held:
        samples = detector_data.split_samples(samples, args.people)[1]
    line = ProgressLine("judged", len(samples), quiet=args.json)
    judged, broken = judge(detector, samples, names, args.conf, line.show)
    line.close()
    told = summary(judged, names)
    if args.json:
        say_json({**told, "broken": broken})
        return 0
    _say_measures(told, names)
    for place, reason in broken.items():
        say(f"could not be read: {place}: {reason}")
    return 0


def _say_measures(told: dict[str, Any], names: Sequence[str]) -> None:
    rows: list[list[object]] = [["", "AP50", "mean IoU", "recall", "n", "false boxes"]]
    rows += [
        [name, *(told[name][key] for key in ("ap50", "mean_iou", "recall", "n", "false_boxes"))]
        for name in names
    ]
    say(table(rows))
    rate = told["false_alarm_rate"]
    say(
        "No photo is free of hands: no false alarm rate."
        if rate is None
        else f"false alarms in {rate:.1%} of hand-free photos"
    )


def _crop(args: argparse.Namespace) -> int:
    from mlcore import images
    from mlcore.crop import CUTTERS
    from mlcore.errors import ImageError
    from mlcore.preparation import find_photos

    total, photos = find_photos(args.sources)
    if not total:
        places, kinds = ", ".join(map(str, args.sources)), ", ".join(images.SUFFIXES)
        raise DataError(
            f"No pictures in {places}. These kinds are read: {kinds}; save others as one of them."
        )
    cutter = CUTTERS[args.subject].load(args.checkpoint, args.upright, args.conf)
    args.out.mkdir(parents=True, exist_ok=True)
    line = ProgressLine("cut", total, quiet=args.json)
    told: dict[str, object] = {}
    without: list[str] = []
    broken: dict[str, str] = {}
    for number, photo in enumerate(photos, 1):
        line.show(number)
        # Sources may have photos of the same place: the number tells them apart, as in the names of the cuts.
        place = f"{photo.place} ({number})" if photo.place in told else photo.place
        try:
            cut = cutter.cut(images.decode(photo.read()), args.size, margin(args))
        except ImageError as error:
            broken[place] = str(error)
            told[place] = {"palm": False, "reason": broken[place]}
            continue
        if cut is None:
            without.append(place)
            told[place] = {"palm": False, "reason": "no open hand was found"}
            continue
        name = f"{number:06d}_{Path(photo.file).stem}.png"
        (args.out / name).write_bytes(images.encode_png(cut.picture))
        corners = [[round(value, 1) for value in corner] for corner in cut.corners]
        told[place] = {
            "palm": True,
            "file": name,
            "confidence": round(cut.confidence, 3),
            "angle": round(cut.angle, 1),
            "corners": corners,
        }
    line.close()
    missed = len(without) + len(broken)
    if args.json:
        say_json({"photos": told, "cut": len(told) - missed, "without": missed})
        return 0
    say(f"{len(told) - missed} palms cut into {args.out}.")
    for place in without:
        say(f"no open hand: {place}")
    for place, reason in broken.items():
        say(f"could not be read: {place}: {reason}")
    return 0
