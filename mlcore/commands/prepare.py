"""`prepare`: photos in, a packed set out. Arguments, progress and words only; the work is in
`preparation.py`.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from mlcore import preparation
from mlcore.preparation import Event, Options

NAME = "prepare"
HELP = "turn folders of photos into one packed set of upright palms that trains without decoding"

EPILOG = """examples:
  python -m mlcore prepare photos/ --out runs/data/mine
  python -m mlcore prepare palm256/ --people palm256.csv --no-detect --size 128 --out runs/data/palm-128

The set is a folder: images.npy (uint8 RGB), manifest.json (what each picture is, what was dropped and why).
A fifth of the people is held for validation and never trained on.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    defaults = Options()
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("sources", nargs="+", type=Path, metavar="SOURCE", help="folder of photos")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the packed set")
    parser.add_argument(
        "--size", type=int, default=defaults.size, help="side of the pictures (default: %(default)s px)"
    )
    parser.add_argument(
        "--people",
        type=Path,
        metavar="CSV",
        help="columns file, person, source, thumb_side, skin ...; only files it names are taken",
    )
    parser.add_argument("--only-source", metavar="A,B", help="take only rows of these sources")
    parser.add_argument(
        "--no-detect", action="store_true", help="the pictures are palms already: do not look for one"
    )
    parser.add_argument(
        "--min-side", type=int, help="drop palms of fewer photo pixels (default: half of --size)"
    )
    parser.add_argument(
        "--min-sharpness",
        type=float,
        default=defaults.min_sharpness,
        help="drop blurred ones (default: %(default)s; 0 keeps all)",
    )
    parser.add_argument(
        "--duplicates",
        type=int,
        default=defaults.max_distance,
        metavar="BITS",
        help="pictures that differ in so few of 256 bits are the same (default: %(default)s; -1 keeps all)",
    )
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")


def run(args: argparse.Namespace) -> int:
    """Prepare and say what came of it."""
    options = Options(
        size=args.size,
        min_side=args.min_side,
        min_sharpness=args.min_sharpness,
        max_distance=args.duplicates,
        only_sources=tuple(args.only_source.split(",")) if args.only_source else None,
    )
    people = preparation.read_people(args.people) if args.people else None
    result = preparation.prepare(args.sources, args.out, options, people=people, on_event=Progress())
    manifest = result.manifest
    counts: dict[str, int] = {}
    for entry in result.dropped:
        counts[entry["reason"]] = counts.get(entry["reason"], 0) + 1
    if args.json:
        outcome = {
            "out": str(args.out),
            "seen": manifest["seen"],
            "kept": manifest["count"],
            "dropped": counts,
            "counts": manifest["counts"],
            "sha256": manifest["sha256"],
        }
        sys.stdout.write(json.dumps(outcome) + "\n")
        return 0
    lines = [
        f"{manifest['count']} of {manifest['seen']} pictures kept in {args.out} ({manifest['seconds']} s)."
    ]
    lines += [f"  dropped {count}: {preparation.REASONS[reason]}" for reason, count in sorted(counts.items())]
    lines.append("  " + ", ".join(f"{count} {name}" for name, count in manifest["counts"]["split"].items()))
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


class Progress:
    """A line on a terminal that says how far, how fast and how long still."""

    def __init__(self) -> None:
        """Begin to count the time."""
        self._began = time.monotonic()
        self._shown = 0.0

    def __call__(self, event: Event) -> None:
        """Show one more photo, at most five times a second."""
        now = time.monotonic()
        last = event.done == event.total
        if not sys.stderr.isatty() or (now - self._shown < 0.2 and not last):
            return
        self._shown = now
        rate = event.done / max(now - self._began, 1e-6)
        left = (event.total - event.done) / max(rate, 1e-6)
        end = "\n" if last else ""
        sys.stderr.write(f"\r{event.done}/{event.total}  {rate:.0f}/s  {left:.0f} s left   {end}")
        sys.stderr.flush()
