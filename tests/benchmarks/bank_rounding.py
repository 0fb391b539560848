"""What it changes that banks of training pictures keep their features in half a byte each.

python -m tests.benchmarks.bank_rounding DATA/palm256.csv OUT.json [--extractor efficientnet-lite2]
    --made DIR [--cache DIR] [--docs docs/measures.md]

The same measures with the features as they are and as a bank gives them back: training pictures against held-out
people, the privacy of a folder of made pictures, and how many training pictures are found as copies of themselves.
"""

import argparse
import csv
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from mlcore import images, reference
from mlcore.data import sha256_of, split
from mlcore.feature_cache import FeatureCache
from mlcore.metrics.duplicates import shared
from mlcore.metrics.judge import judge_features
from mlcore.metrics.memorisation import memorisation
from mlcore.models import features
from tests.benchmarks.measures_table import SOURCES, into_docs


def looked_at(paths, extractor, cache):
    hashes = [sha256_of(path) for path in paths]
    pictures = {
        key: (lambda path=path: images.decode(path.read_bytes()))
        for key, path in zip(hashes, paths, strict=True)
    }
    found = cache.features(extractor, pictures)
    return np.stack([found[key] for key in hashes])


def people(table, extractor, cache):
    """Features of training pictures and of held-out ones."""
    with table.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["source"] in SOURCES]
    paths = {"train": [], "validation": []}
    for row, part in zip(rows, split(rows), strict=True):
        paths[part].append(table.with_suffix("") / row["file"])
    return (looked_at(paths[part], extractor, cache) for part in ("train", "validation"))


def rounded(training, extractor):
    """As a bank gives them back."""
    names = [str(number) for number in range(len(training))]
    bank = reference.build(training, names, extractor, name="x", role="training", split="train")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bank.safetensors"
        reference.save(bank, path)
        return reference.load(path).features


def measured(training, stored, held, made):
    judged, known = judge_features(stored, held), memorisation(made, stored, held)
    return {
        **{name: judged[name] for name in ("kid", "fd", "precision", "recall", "density", "coverage")},
        "distance": known.distance,
        "held_distance": known.held_distance,
        "ratio": known.ratio,
        "suspicious": known.suspicious,
        "authentic": known.authentic,
        "found_again": shared(training, stored) / len(training),
        "held_found": shared(held, stored),
    }


def table_of(found):
    names = [name for name in found["as they are"] if name != "held_found"]
    lines = [f"| features | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for title, one in found.items():
        lines.append(f"| {title} | {' | '.join(f'{one[name]:.4g}' for name in names)} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--made", type=Path, required=True)
    parser.add_argument("--extractor", default="efficientnet-lite2")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--docs", type=Path)
    args = parser.parse_args()
    extractor, cache = features.load(args.extractor), FeatureCache(args.cache)
    training, held = people(args.table, extractor, cache)
    made = looked_at(sorted(args.made.glob("*.png")), extractor, cache)
    stored = rounded(training, extractor)
    found = {
        "as they are": measured(training, training, held, made),
        "in half a byte": measured(training, stored, held, made),
    }
    command = (
        f"python -m tests.benchmarks.bank_rounding {args.table.name} {args.out} --made {args.made.name} "
        f"--extractor {extractor.name}"
    )
    content = {"command": command, "training": len(training), "held": len(held), "made": len(made)}
    args.out.write_text(json.dumps({**content, "features": found}, indent=1) + "\n")
    text = table_of(found)
    if args.docs:
        into_docs(args.docs, "bank-rounding", text)
    print(text)
    moved = abs(found["as they are"]["ratio"] - found["in half a byte"]["ratio"])
    return int(moved > 0.01 or found["in half a byte"]["found_again"] < 1)


if __name__ == "__main__":
    sys.exit(main())
