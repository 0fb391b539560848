"""`prepare`: photos in, a packed set out. Arguments and words only; the work is in `preparation.py`."""

import argparse
from collections import Counter
from pathlib import Path

from mlcore import people_table, preparation
from mlcore.arguments import add_framing, decimal, margin, whole
from mlcore.data import MANIFEST_NAME, DataError
from mlcore.preparation import Cutter, Event, Options
from mlcore.preparation_report import Report
from mlcore.terminal import ProgressLine, say, say_json

NAME = "prepare"
HELP = "Turn folders or archives of photos into one packed set of upright palms or hands."
REPORT = "report.html"
EPILOG = """\
examples:
  python -m mlcore prepare photos/ more.zip --out runs/data/mine
  python -m mlcore prepare photos/ --subject hand --out runs/data/hands
  python -m mlcore prepare palm256/ --people palm256.csv --no-detect --size 128 --out runs/data/palm-128

The set is a folder: images.npy (uint8 RGB), manifest.json (what each picture is, what was dropped and why) and
report.html (pictures and distributions; keep it private). A fifth of the people is held for validation and never
trained on.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    defaults = Options()
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("sources", nargs="+", type=Path, metavar="SOURCE", help="folder or archive of photos")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the packed set")
    parser.add_argument(
        "--size", type=whole(8, 2048), default=defaults.size, help="side of the pictures (%(default)s px)"
    )
    parser.add_argument(
        "--people",
        type=Path,
        metavar="CSV",
        help="columns file (name or path), person, source ...; only files it names are taken",
    )
    parser.add_argument("--only-source", metavar="A,B", help="take only rows of these sources")
    finding = parser.add_argument_group("finding the palm")
    add_framing(finding)
    finding.add_argument("--no-detect", action="store_true", help="the pictures are cut already")
    finding.add_argument("--keep-undetected", action="store_true", help="keep photos without a palm whole")
    finding.add_argument("--detector", type=Path, help="a detector of your own; else the one that ships")
    finding.add_argument(
        "--upright", type=Path, help="an upright network of your own; else the one that ships"
    )
    finding.add_argument(
        "--conf", type=decimal(0, 1), default=0.25, help="least confidence of a palm (%(default)s)"
    )
    judging = parser.add_argument_group("what is good enough")
    judging.add_argument(
        "--min-side", type=whole(1), help="least pixels of a palm in its photo (half of --size)"
    )
    judging.add_argument(
        "--min-sharpness",
        type=decimal(0),
        default=defaults.min_sharpness,
        help="least sharpness, 0 for any (%(default)s)",
    )
    judging.add_argument(
        "--duplicates",
        type=whole(-1, 128),
        default=defaults.max_distance,
        metavar="BITS",
        help="pictures that differ in so few of 256 bits are the same, -1 for none (%(default)s)",
    )
    parser.add_argument("--again", action="store_true", help="replace the set that --out holds")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")


def run(args: argparse.Namespace) -> int:
    """Prepare and say what came of it."""
    if (args.out / MANIFEST_NAME).exists() and not args.again:
        raise DataError(f"{args.out} holds a set already: give another --out, or --again to replace it.")
    options = Options(
        size=args.size,
        subject=args.subject,
        margin=margin(args),
        keep_undetected=args.keep_undetected,
        min_side=args.min_side,
        min_sharpness=args.min_sharpness,
        max_distance=args.duplicates,
        only_sources=tuple(args.only_source.split(",")) if args.only_source else None,
    )
    people = people_table.read(args.people) if args.people else None
    report = Report()
    line = ProgressLine("prepared", 0, quiet=args.json)

    def follow(event: Event) -> None:
        report.add(event)
        line.total = event.total
        line.show(event.done)

    result = preparation.prepare(
        args.sources, args.out, options, people=people, cutter=_cutter(args), on_event=follow
    )
    line.close()
    manifest = result.manifest
    report.write(args.out / REPORT, manifest)
    dropped = Counter(entry["reason"] for entry in result.dropped)
    if args.json:
        facts = {key: manifest[key] for key in ("seen", "count", "counts", "sha256", "seconds")}
        say_json({"out": str(args.out), "dropped": dict(dropped), **facts})
        return 0
    say(f"{manifest['count']} of {manifest['seen']} files kept in {args.out} ({manifest['seconds']} s).")
    words = preparation.reasons(manifest["detected"])
    for reason, count in dropped.most_common():
        say(f"  dropped {count}: {words[reason]}")
    say("  " + ", ".join(f"{count} {name}" for name, count in manifest["counts"]["split"].items()))
    say(f"  look at {args.out / REPORT}")
    return 0


def _cutter(args: argparse.Namespace) -> Cutter | None:
    if args.no_detect:
        return None
    from mlcore.crop import CUTTERS

    return CUTTERS[args.subject].load(args.detector, args.upright, args.conf)
