"""`evaluate`: how good a folder of images is, against a bank or a folder of real palms."""

import argparse
import csv
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore import gathering, images, reference, zoo_index
from mlcore.arguments import SEED
from mlcore.cut import SUBJECTS
from mlcore.data import natural_key, sha256_of
from mlcore.errors import ImageError, MlcoreError
from mlcore.evaluation import evaluate
from mlcore.feature_cache import FeatureCache
from mlcore.models import features
from mlcore.moments_cache import MomentsCache
from mlcore.terminal import ProgressLine, note, say, say_json, table

NAME = "evaluate"
HELP = "Measure a folder of images against real palms: KID, distances, diversity, privacy, duplicates."
EPILOG = """\
examples:
  python -m mlcore evaluate palms --json
  python -m mlcore evaluate palms --reference real-palms --cache features
  python -m mlcore evaluate palms --extractor inception-v3 --weights pt_inception.pth --reference real-palms

Without --reference the held-out palms that ship are used. A folder's own features are kept with --cache, so a
second run only looks at new images. The generators that ship learned from efficientnet-lite0, which flatters them;
none learned from the default network. FID is what --extractor inception-v3 gives with the standard weights; nothing
else is called so.
"""
SHOWN_REFUSED = 20
NAMED_REFUSED = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.epilog, parser.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "images", metavar="IMAGES", type=Path, help="folder of images, with or without manifest.csv"
    )
    parser.add_argument("--reference", metavar="DIR|BANK", type=Path, help="real palms (those that ship)")
    parser.add_argument(
        "--training",
        metavar="BANK",
        type=Path,
        help="bank of what the generator learned from (that which ships)",
    )
    parser.add_argument(
        "--held-out",
        metavar="BANK",
        type=Path,
        help="people of the same split that it did not learn from, for privacy (that which ships)",
    )
    parser.add_argument(
        "--subject",
        choices=SUBJECTS,
        default="palm",
        help="what the images show, for the banks that ship (%(default)s)",
    )
    parser.add_argument(
        "--extractor",
        choices=features.names(),
        default=zoo_index.JUDGED_BY,
        help="feature network (%(default)s, which no generator learns from)",
    )
    parser.add_argument("--weights", type=Path, metavar="FILE", help="its weights, where no package has them")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep features here for the next time")
    parser.add_argument("--seed", type=SEED, default=0, help="of everything drawn at random (0)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    extractor = features.load(args.extractor, args.weights)
    cache = FeatureCache(args.cache)
    found = Folder.read(args.images, extractor, cache, quiet=args.json)
    bank = _reference(args.reference, args.subject, extractor, cache, quiet=args.json)
    report = evaluate(
        found.features,
        extractor,
        bank,
        training=_bank("training", args.training, args.subject, extractor),
        held=_bank("reference", args.held_out, args.subject, extractor),
        scores=found.scores(),
        moments=MomentsCache(args.cache).moments(bank),
        seed=args.seed,
    )
    report["files"] = found.named(report)
    report["sizes"] = found.sizes
    report["refused"] = found.refused[:SHOWN_REFUSED]
    report["n_refused"] = len(found.refused)
    if args.json:
        say_json(report)
    else:
        say(_summary(report))
    return 0


class Folder:
    """Features of a folder's images in the natural order of their names, and what was refused."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: list[str] = []
        self.hashes: list[str] = []
        self.refused: list[dict[str, str]] = []
        self.sizes: dict[str, int] = {}
        self.features: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)

    @classmethod
    def read(
        cls, folder: Path, extractor: features.Extractor, cache: FeatureCache, *, quiet: bool = False
    ) -> "Folder":
        """Look at every image once; the same picture under two names is two images and one look."""
        if not folder.is_dir():
            raise MlcoreError(f"{folder} is no folder; give a folder of images.")
        read = cls(folder)
        pictures: dict[str, Callable[[], images.Pixels]] = {}
        sizes: Counter[str] = Counter()
        paths = [
            path for path in folder.rglob("*") if path.suffix.lower() in images.SUFFIXES and path.is_file()
        ]
        paths.sort(key=lambda path: natural_key(str(path.relative_to(folder))))
        keys = {path: sha256_of(path) for path in paths}
        known = cache.known(extractor, list(keys.values()))
        for path, key in keys.items():
            name = str(path.relative_to(folder))
            try:
                data = path.read_bytes()
                width, height = images.size_of(data)
                if key not in pictures and key not in known:
                    images.decode(data)
            except ImageError as error:
                read.refused.append({"file": name, "reason": str(error)})
                continue
            pictures[key] = partial(_opened, path)
            sizes[f"{width}x{height}"] += 1
            read.names.append(name)
            read.hashes.append(key)
        if read.refused:
            note(read.refusals())
        if not read.names:
            reason = f": {read.refused[0]['reason']}" if read.refused else "."
            raise MlcoreError(f"{folder} has no image that can be measured{reason}")
        line = ProgressLine("measured", len(pictures), quiet=quiet)
        rows = cache.features(extractor, pictures, progress=lambda done, _: line.show(done))
        line.close()
        read.sizes = dict(sizes)
        read.features = np.stack([rows[key] for key in read.hashes])
        return read

    def refusals(self) -> str:
        """Which files could not be read and why: of many the first."""
        count = len(self.refused)
        told = [
            f"{self.folder / one['file']} ({one['reason'].rstrip('.')})"
            for one in self.refused[:NAMED_REFUSED]
        ]
        if count > NAMED_REFUSED:
            told.append(f"and {count - NAMED_REFUSED} more")
        return f"{count} file{'s' if count > 1 else ''} could not be read: " + "\n  ".join(told)

    def scores(self) -> list[float] | None:
        """The discriminator's scores from manifest.csv, if every image has one."""
        manifest = self.folder / "manifest.csv"
        if not manifest.is_file():
            return None
        with manifest.open(newline="") as file:
            known = {
                row["file"]: (line, row.get("score") or "")
                for line, row in enumerate(csv.DictReader(file), start=2)
                if row.get("file")
            }
        given = [known.get(name, (0, "")) for name in self.names]
        if not all(score for _line, score in given):
            return None
        return [_number(score, f"{manifest}, line {line}") for line, score in given]

    def named(self, report: Mapping[str, Any]) -> dict[str, Any]:
        """File names of what the report shows by index."""
        groups = report["duplicates"]["groups"]
        suspects = (report.get("privacy") or {}).get("suspects", ())
        return {
            "duplicates": [[self.names[index] for index in group] for group in groups],
            "suspects": [self.names[suspect["index"]] for suspect in suspects],
        }


def _number(score: str, where: str) -> float:
    try:
        number = float(score)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise MlcoreError(
            f"{where}: the score {score[:40]!r} is no number. Correct it, or leave the column out."
        )
    return number


def _opened(path: Path) -> images.Pixels:
    return images.decode(path.read_bytes())


def _reference(
    given: Path | None, subject: str, extractor: features.Extractor, cache: FeatureCache, *, quiet: bool
) -> reference.Bank:
    """A bank from its file, from a folder of photos, or the one that ships."""
    if given is None:
        path = reference.built_in("reference", extractor.name, subject)
        if path is None:
            raise MlcoreError(
                f"No reference of {subject}s ships for {extractor.name}; give a folder of real ones with --reference"
                ", or measure with --extractor efficientnet-lite2."
            )
        return reference.load(path)
    if given.is_dir():
        folder = Folder.read(given, extractor, cache, quiet=quiet)
        # Nobody knows who is on them: files that follow each other count as one person, as everywhere.
        people = gathering.groups(folder.names, [""] * len(folder.names))
        return reference.build(folder.features, folder.hashes, extractor, name=given.name, groups=people)
    return reference.load(given)


def _bank(
    role: str, given: Path | None, subject: str, extractor: features.Extractor
) -> reference.Bank | None:
    """The bank that was given, or the one that ships if it is of these very weights."""
    if given is not None:
        return reference.load(given)
    path = reference.built_in(role, extractor.name, subject)
    bank = reference.load(path) if path else None
    return bank if bank and bank.header.weights_sha256 == extractor.sha256 else None


def _summary(report: Mapping[str, Any]) -> str:
    """What a person reads first: each measure beside that of real palms, then the verdicts' codes."""
    head = (
        f"{report['n']} images against {report['n_ref']} of {report['reference']['name']}, "
        f"{report['extractor']} ({report['weights_sha256'][:8]}); "
        f"real against real at N = {report['real']['n']} and {report['real']['n_ref']}"
    )
    columns = ["measure", "this set", "95 % interval", "real against real"]
    rows = [columns, *_measured(report), *_privacy_rows(report)]
    verdicts = [f"{one['measure']}: {one['grade']} ({one['code']})" for one in report["verdicts"]]
    return "\n".join(
        [head, table(rows), *_at_equal_n(report), *verdicts, _privacy(report), *_choosing(report)]
    )


def _measured(report: Mapping[str, Any]) -> list[list[str]]:
    """Rows of realism, diversity and repeats, with what real palms get in the set's place."""
    values = {
        "kid": report["kid"],
        "fd": report["fd"],
        "fd_infinite": (report["fd_infinite"] or {}).get("value"),
        **{name: report[name] for name in ("precision", "recall", "density", "coverage", "vendi")},
        "duplicates": report["duplicates"]["share"],
    }
    titles = {"fd": "fid"} if "fid" in report else {}
    real, intervals = report["real"]["values"], report["intervals"]
    return [
        [
            titles.get(name, name),
            f"{value:.4f}",
            _between(intervals.get(name)),
            _number_or_dash(real.get(name)),
        ]
        for name, value in values.items()
        if value is not None
    ]


def _privacy_rows(report: Mapping[str, Any]) -> list[list[str]]:
    """Rows of closeness to the training palms, with what palms that were not learned from get."""
    found = report.get("privacy")
    if found is None:
        return []
    held = {"suspicious": found["expected"], "ratio": 1.0, "authentic": found["held_authentic"]}
    low, high = report["intervals"]["copies"]
    return [
        ["copies", str(found["copies"]), f"{low:.1f} .. {high:.1f}", "0"],
        *(
            [name, f"{found[name]:.4f}", _between(report["intervals"].get(name)), f"{beside:.4f}"]
            for name, beside in held.items()
        ),
    ]


def _choosing(report: Mapping[str, Any]) -> list[str]:
    """What keeping only the best-scored share costs, where images have scores."""
    if "choosing" not in report:
        return []
    columns = ["kept", "n", "kid", "95 % interval", "precision", "recall", "95 % interval", "random recall"]
    rows = [
        [
            f"{point['share']:.0%}",
            str(point["n"]),
            f"{point['kid']:.4f}",
            _between(point["kid_ci"]),
            f"{point['precision']:.4f}",
            f"{point['recall']:.4f}",
            _between(point["recall_ci"]),
            f"{point['random_recall']:.4f}",
        ]
        for point in report["choosing"]
    ]
    return ["what choosing the best-scored costs:", table([columns, *rows])]


def _number_or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _between(interval: Sequence[float] | None) -> str:
    return f"{interval[0]:.4f} .. {interval[1]:.4f}" if interval else "-"


def _at_equal_n(report: Mapping[str, Any]) -> list[str]:
    """The set with as many images as there were real ones to play it, where that is another number."""
    own = report["real"]["set_values"]
    if not own:
        return []
    numbers = ", ".join(f"{name} {value:.4f}" for name, value in own.items())
    return [f"this set with as many images as real against real: {numbers}"]


def _privacy(report: Mapping[str, Any]) -> str:
    """Against what copies were looked for, or why they were not."""
    if "privacy" in report:
        return f"privacy: against {report['training']['name']}, beside {report['held']['name']}"
    return f"privacy: not measured ({report['unmeasured']['privacy']['code']})"
