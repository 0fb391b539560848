"""`download`: data sets and optional weights, with the person's own key. Arguments and words only."""

import argparse
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from mlcore import sources
from mlcore.fetching import DownloadError
from mlcore.sources import DATA_SETS, KAGGLE, WEIGHTS, Key
from mlcore.terminal import ProgressLine, say, say_json, table

NAME = "download"
HELP = "Fetch palm data sets with your own Kaggle key, or optional weights."
EPILOG = """\
examples:
  python -m mlcore download --list
  python -m mlcore download human-palm-images --out data/
  python -m mlcore download all --out data/ --key ~/Downloads/kaggle.json
  python -m mlcore download inception --out weights/
  python -m mlcore download inception --out weights/ --from ~/Downloads/pt_inception-2015-12-05-6726825d.pth

The key is looked for in --key FILE, then in KAGGLE_USERNAME and KAGGLE_KEY, then in ~/.kaggle/kaggle.json.
What was interrupted goes on where it stopped. Archives stay packed: prepare reads them as they are.
"""
MEGA = 2**20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to fetch; all means every data set")
    parser.add_argument("--out", type=Path, default=Path("data"), metavar="DIR", help="folder (%(default)s)")
    parser.add_argument("--key", type=Path, metavar="FILE", help="kaggle.json")
    parser.add_argument("--site", default=KAGGLE, metavar="ADDRESS", help="a mirror of Kaggle's API")
    parser.add_argument(
        "--from", dest="address", metavar="ADDRESS", help="another address of the weights, or a file"
    )
    parser.add_argument("--list", action="store_true", help="show what there is")
    parser.add_argument("--json", action="store_true", help="print what there is, or was fetched, as JSON")


def run(args: argparse.Namespace) -> int:
    """Fetch what was named."""
    if args.list or not args.names:
        return _list(args)
    names = list(
        dict.fromkeys(name for word in args.names for name in (DATA_SETS if word == "all" else [word]))
    )
    unknown = sorted(set(names) - set(DATA_SETS) - set(WEIGHTS))
    if unknown:
        known = ", ".join([*DATA_SETS, *WEIGHTS])
        raise DownloadError(f"There is no {', '.join(unknown)} here. There are: {known}.")
    key = _key(args.key) if any(name in DATA_SETS for name in names) else None
    fetched: dict[str, dict[str, str | int]] = {}
    failed: dict[str, DownloadError] = {}
    for name in names:
        line = ProgressLine(f"{name}: KiB", 0, unit="KiB", quiet=args.json)
        try:
            path = _fetch(name, args, key, line)
        except DownloadError as error:  # one set whose terms nobody accepted keeps no other from coming
            failed[name] = error
            continue
        finally:
            line.close()
        fetched[name] = {"path": str(path), "bytes": path.stat().st_size}
        if not args.json:
            say(f"{path}  {path.stat().st_size / MEGA:.1f} MiB")
    if args.json:
        say_json(fetched)
    if failed:
        raise _of_all(failed, len(names))
    return 0


def _of_all(failed: Mapping[str, DownloadError], asked: int) -> DownloadError:
    """What failed, each with its reason; alone it speaks for itself."""
    if asked == 1:
        return next(iter(failed.values()))
    reasons = " ".join(f"{name}: {error}" for name, error in failed.items())
    return DownloadError(f"{len(failed)} of {asked} were not fetched. {reasons}")


def _list(args: argparse.Namespace) -> int:
    if args.json:
        say_json(
            {
                "data_sets": {name: asdict(each) for name, each in DATA_SETS.items()},
                "weights": {name: asdict(each) for name, each in WEIGHTS.items()},
            }
        )
        return 0
    rows = [[each.name, each.about, each.terms] for each in DATA_SETS.values()]
    rows += [[each.name, each.about, "weights"] for each in WEIGHTS.values()]
    say(table(rows))
    return 0


def _fetch(name: str, args: argparse.Namespace, key: Key | None, line: ProgressLine) -> Path:
    def follow(done: int, total: int | None) -> None:
        line.total = (total or done) // 1024
        line.show(done // 1024)

    if name in WEIGHTS:
        return sources.fetch_weights(WEIGHTS[name], args.out, address=args.address, progress=follow)
    if key is None:
        raise DownloadError(f"{name} needs a key.")
    return sources.fetch_data_set(DATA_SETS[name], args.out, key, site=args.site, progress=follow)


def _key(path: Path | None) -> Key:
    """The person's key; the command line reads the environment so that the library need not."""
    if path is None and os.environ.get("KAGGLE_KEY"):
        return Key(os.environ.get("KAGGLE_USERNAME", ""), os.environ["KAGGLE_KEY"])
    return sources.read_key(path or Path.home() / ".kaggle" / "kaggle.json")
