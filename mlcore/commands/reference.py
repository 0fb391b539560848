"""`reference`: turn photos of real palms into a bank of features; the photos are not needed afterwards."""

import argparse
import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mlcore import gathering, images, reference, zoo_index
from mlcore.cut import SUBJECTS
from mlcore.data import sha256_of, split
from mlcore.errors import MlcoreError
from mlcore.feature_cache import FeatureCache
from mlcore.models import features
from mlcore.terminal import ProgressLine, say, say_json

NAME = "reference"
HELP = "Turn photos of real palms into a bank of features to measure against."
EPILOG = """\
examples:
  python -m mlcore reference palm256.csv palms.safetensors
  python -m mlcore reference palm256.csv training.safetensors --split train
  python -m mlcore evaluate images/ --reference palms.safetensors

A bank holds the features of a frozen network, rounded: images can be measured against it where the photos may not
go. The held-out people are the default, for a generator must not be judged by those it learned from.
"""
TERMS = {
    "11k-hands": "11K Hands (M. Afifi): free for reasonable academic fair use",
    "human-palm-images": "Human Palm Images (Kaggle, feyiamujo): CC BY 4.0",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.epilog, parser.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    parser.add_argument("table", metavar="CSV", type=Path, help="one row an image: file, person, source")
    parser.add_argument("bank", metavar="BANK", type=Path, help="the file to write")
    parser.add_argument("--photos", type=Path, help="folder of the files (beside CSV, named as it)")
    parser.add_argument(
        "--split",
        choices=("train", "validation", "all"),
        default="validation",
        help="which part of the people to take (%(default)s)",
    )
    parser.add_argument(
        "--sources", nargs="+", default=list(TERMS), help="which sources to take (%(default)s)"
    )
    parser.add_argument(
        "--extractor",
        choices=features.names(),
        default=zoo_index.JUDGED_BY,
        help="feature network (%(default)s)",
    )
    parser.add_argument("--weights", type=Path, metavar="FILE", help="its weights, where no package has them")
    parser.add_argument(
        "--subject", choices=SUBJECTS, default="palm", help="what the photos show (%(default)s)"
    )
    parser.add_argument("--name", help="how the bank is called (its file's name)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep features here for the next time")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Build the bank and say what it is."""
    rows = _rows(args.table, args.sources, args.split)
    photos = args.photos or args.table.with_suffix("")
    extractor = features.load(args.extractor, args.weights)
    paths = [photos / row["file"] for row in rows]
    hashes = [sha256_of(path) for path in paths]
    pictures = {
        key: (lambda path=path: images.decode(path.read_bytes()))
        for key, path in zip(hashes, paths, strict=True)
    }
    line = ProgressLine("measured", len(pictures), quiet=args.json)
    found = FeatureCache(args.cache).features(extractor, pictures, progress=lambda done, _: line.show(done))
    line.close()
    bank = reference.build(
        np.stack([found[key] for key in hashes]),
        hashes,
        extractor,
        name=args.name or args.bank.stem,
        role="training" if args.split == "train" else "reference",
        groups=[row["person"] for row in rows],
        split=args.split,
        lineage=_lineage(rows),
        notes=gathering.NOTES,
        subject=args.subject,
    )
    sha256 = reference.save(bank, args.bank)
    if args.json:
        about = {"n": bank.header.n, "content": bank.header.content}
        say_json({"out": str(args.bank), "sha256": sha256, **about})
    else:
        say(f"{args.bank}: {bank.header.n:,} images, sha256 {sha256}")
    return 0


def _rows(table: Path, sources: list[str], part: str) -> list[dict[str, str]]:
    """The table's rows of the wanted sources and part, in its order; the split sees all of them."""
    with table.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row.get("source") in sources]
    parts = split(rows)
    chosen = [row for row, given in zip(rows, parts, strict=True) if part in ("all", given)]
    if not chosen:
        raise MlcoreError(f"{table} has no {part} rows of {', '.join(sources)}.")
    return chosen


def _lineage(rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Each source with its count and terms."""
    counts: Mapping[str, int] = {
        name: sum(row["source"] == name for row in rows) for name in sorted({row["source"] for row in rows})
    }
    return [
        {"source": name, "images": count, "terms": TERMS.get(name, "as its owner states")}
        for name, count in counts.items()
    ]
