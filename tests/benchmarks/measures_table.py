"""What each measure says of sets whose answer is known, and of the models that ship.

python -m tests.benchmarks.measures_table DATA/palm256.csv OUT.json [--extractor NAME] [--weights FILE]
    [--model CKPT ...] [--cache DIR] [--docs docs/measures.md]

The held-out people are dealt into two halves: one is the reference, the other plays the sets. Every palm generator of
the zoo is a row with its checkpoint's sha256. A generator of whole hands stands beside the held-out hands that ship,
where they do for the network: a distance from palms says nothing of it. Prints a Markdown table, writes JSON, puts the
table into the docs between its marks, and exits 1 if a measure does not move the way it should.
"""

import argparse
import csv
import hashlib
import json
import sys
import time
from functools import partial
from itertools import chain
from pathlib import Path

import cv2
import numpy as np

from mlcore import checkpoint, images, reference, zoo_index
from mlcore.data import sha256_of, split
from mlcore.evaluation import FID_WEIGHTS, evaluate
from mlcore.feature_cache import FeatureCache
from mlcore.metrics.baseline import _half
from mlcore.models import features

SOURCES = ("11k-hands", "human-palm-images")
LINEAGE = [{"source": source} for source in SOURCES]
MANY = 600
SHARES = ("precision", "recall", "density", "coverage")
SHOWN = ("kid", "fd", "fd_infinite", "precision", "recall", "density", "coverage", "vendi")


def photos(table):
    with table.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["source"] in SOURCES]
    parts = split(rows)
    folder = table.with_suffix("")
    held = [row for row, part in zip(rows, parts, strict=True) if part == "validation"]
    train = [row for row, part in zip(rows, parts, strict=True) if part == "train"]
    groups = reference.numbered([row["person"] for row in held])
    mask = _half(groups, np.random.default_rng(0))
    paths = [folder / row["file"] for row in held]
    return (
        [path for path, chosen in zip(paths, mask, strict=True) if chosen],
        [path for path, chosen in zip(paths, mask, strict=True) if not chosen],
        groups[~mask],
        [folder / row["file"] for row in train],
    )


def opened(path):
    return images.decode(path.read_bytes())


def blurred(path):
    small = cv2.resize(opened(path), (128, 128), interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(small, (0, 0), 1.0)


def noise(index):
    return np.random.default_rng(index).integers(0, 256, (128, 128, 3), dtype=np.uint8)


def constant(index):
    return np.full((128, 128, 3), 150, np.uint8)


def photographs(paths):
    """By the hash of the file, as the command `reference` keys them: its cache serves here too."""
    return {sha256_of(path): partial(opened, path) for path in paths}


def keyed(name, function, items):
    keys = [hashlib.sha256(f"{name}:{item}".encode()).hexdigest() for item in items]
    return {key: partial(function, item) for key, item in zip(keys, items, strict=True)}


def sets(real, train, models):
    random = np.random.default_rng(0)
    count = len(real)
    copied = [train[index] for index in random.permutation(len(train))[:count]]
    many = [train[index] for index in np.random.default_rng(1).permutation(len(train))[:MANY]]
    spare = round(0.1 * count)
    real_keys = photographs(real)
    keys = list(real_keys)
    made = {
        "real, other people": (real_keys, keys),
        "the same with 10 % duplicates": (real_keys, keys[: count - spare] + keys[:spare]),
        "the same blurred by one pixel": blur_of(real),
        "half real, half exact copies of training palms": half_copied(real_keys, copied),
        "exact copies of training palms": whole(photographs(copied)),
        "noise": whole(keyed("noise", noise, range(count))),
        "one colour": (keyed("constant", constant, [0]), list(keyed("constant", constant, [0])) * count),
        # So many that the distance at endless N can be told too; a part is enough for that.
        "600 training palms": whole(photographs(many)),
        "the same 600 blurred by one pixel": blur_of(many),
    }
    for model in models:
        if subject_of(model) == "palm":
            made[named(model)] = generated(model, count)
    return made


def named(model):
    """The row of a model: the hash tells which file of that name it was."""
    return f"made by {Path(model).stem} (`{sha256_of(zoo_index.find(model))[:8]}`)"


def subject_of(model):
    return checkpoint.peek(zoo_index.find(model)).notes.get("subject", "palm")


def of_hands(models, extractor, count):
    """The sets of hands, with the banks that they are measured against; none where no hands ship for the network."""
    banks = [reference.built_in(role, extractor.name, "hand") for role in ("reference", "training")]
    if None in banks:
        return
    held, training = map(reference.load, banks)
    for model in models:
        if subject_of(model) == "hand":
            yield (
                f"hands {named(model)}, against {held.header.n} held-out hands",
                generated(model, count),
                held,
                training,
            )


def whole(pictures):
    return pictures, list(pictures)


def blur_of(real):
    return whole(keyed("blurred", blurred, real))


def half_copied(real_keys, copied):
    pictures = dict(list(real_keys.items())[::2]) | photographs(copied[: len(real_keys) // 2])
    return whole(pictures)


def generated(model, count):
    from mlcore import engine
    from mlcore.spec import GenerationSpec

    made = list(engine.generate(GenerationSpec(count=count, seed=0), model))
    pictures = {
        hashlib.sha256(one.pixels.tobytes()).hexdigest(): partial(np.asarray, one.pixels) for one in made
    }
    return whole(pictures)


def check(found):
    """Each measure must move the way it should; what does not is named."""
    real, copies = found["real, other people"], found["exact copies of training palms"]
    blur, noisy = found["the same blurred by one pixel"], found["noise"]
    doubled, flat = found["the same with 10 % duplicates"], found["one colour"]
    half = found["half real, half exact copies of training palms"]
    many, many_blurred = found["600 training palms"], found["the same 600 blurred by one pixel"]
    made = [one for name, one in found.items() if name.startswith("made by ")]
    rules = {
        "blur raises KID": blur["kid_ci"][0] > real["kid_ci"][1],
        "noise raises KID above blur": noisy["kid_ci"][0] > blur["kid_ci"][1],
        "blur raises the Fréchet distance, noise more": real["fd"] < blur["fd"] < noisy["fd"],
        "blur raises it at endless N too": many["fd_infinite"]["value"]
        < many_blurred["fd_infinite"]["value"],
        "endless N takes away what few images add": many["fd_infinite"]["value"] < many["fd"],
        **{f"blur lowers {name}": blur[name] < real[name] for name in SHARES},
        "noise has no share of anything": max(noisy[name] for name in SHARES) == 0,
        "models are farther than real people": all(one["kid"] > real["kid"] for one in made),
        "models reach fewer kinds than real people": all(one["recall"] < real["recall"] for one in made),
        "models make no copies": all(one["privacy"]["copies"] == 0 for one in made),
        "duplicates are counted": abs(doubled["duplicates"]["share"] - real["duplicates"]["share"] - 0.1)
        < 0.02,
        "duplicates lower Vendi": doubled["vendi"] < real["vendi"],
        "one colour is worth one image": abs(flat["vendi"] - 1) < 1e-6 and flat["constant"],
        "real people are no copies": real["privacy"]["copies"] == 0,
        "real people are not suspicious": real["privacy"]["excess_low"] <= 0,
        "every copy is found": copies["privacy"]["copies"] == copies["n"]
        and copies["privacy"]["authentic"] == 0,
        "half the copies are half found": abs(half["privacy"]["copies"] / half["n"] - 0.5) < 0.02,
        "KID does not see copying": copies["kid_ci"][0] < max(4 * real["kid_ci"][1], 0.02),
    }
    return [rule for rule, holds in rules.items() if not holds]


def table(found, distance):
    head = [
        "set",
        "n",
        "KID e-3 (95 %)",
        distance,
        *(name for name in SHOWN[2:]),
        "dupl.",
        "copies",
        "suspicious",
        "authentic",
    ]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, one in found.items():
        low, high = (1e3 * value for value in one["kid_ci"])
        numbers = [one[key]["value"] if isinstance(one[key], dict) else one[key] for key in SHOWN[1:]]
        privacy = one["privacy"]
        cells = [name, one["n"], f"{1e3 * one['kid']:.1f} ({low:.1f}..{high:.1f})"]
        cells += ["–" if value is None else f"{value:.2f}" for value in numbers]
        cells += [f"{one['duplicates']['share']:.2f}", privacy["copies"]]
        cells += [f"{privacy['suspicious']:.2f}", f"{privacy['authentic']:.2f}"]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def into_docs(path, extractor, text):
    """Put the table between its marks."""
    begin, end = f"<!-- measures: {extractor} -->", "<!-- end of measures -->"
    before, found, rest = path.read_text().partition(begin)
    _old, _end, after = rest.partition(end)
    if not (found and _end):
        sys.exit(f"{path} has no place for this table: {begin} ... {end}")
    path.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")


def trained_on(extractor, cache, train):
    """The bank that ships, or the same made anew for a network that none ships for."""
    path = reference.built_in("training", extractor.name)
    if path is not None:
        return reference.load(path)
    return built(extractor, cache, train, name="training people", split="train")


def built(extractor, cache, people, *, name, split):
    """A bank of these photographs."""
    known = cache.features(extractor, photographs(people))
    return reference.build(
        np.stack(list(known.values())), list(known), extractor, name=name, split=split, lineage=LINEAGE
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--extractor", default="efficientnet-lite0")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--docs", type=Path)
    args = parser.parse_args()
    extractor, cache = features.load(args.extractor, args.weights), FeatureCache(args.cache)
    real, other, groups, train = photos(args.table)
    bank = built(extractor, cache, other, name="half of the held-out people", split="validation")
    bank = reference.Bank(bank.header, bank.features, groups)
    training = trained_on(extractor, cache, train)
    found, models = {}, [*zoo_index.names(), *args.model]
    files = {named(model): sha256_of(zoo_index.find(model)) for model in models}
    palms = ((name, made, bank, training) for name, made in sets(real, train, models).items())
    for name, (pictures, order), held, learned in chain(palms, of_hands(models, extractor, len(real))):
        started = time.monotonic()
        rows = cache.features(extractor, pictures)
        report = evaluate(np.stack([rows[key] for key in order]), extractor, held, training=learned)
        report["privacy"].pop("suspects")
        report["duplicates"].pop("groups")
        report["duplicates"].pop("exact_groups")
        report |= next(({"checkpoint_sha256": file} for words, file in files.items() if words in name), {})
        found[name] = report
        print(f"{name}: {time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)
    wrong = check(found)
    command = (
        f"python -m tests.benchmarks.measures_table palm256.csv {args.out.name} --extractor {args.extractor}"
    )
    args.out.write_text(
        json.dumps({"command": command, "wrong": wrong, "sets": found}, indent=1, sort_keys=True) + "\n"
    )
    text = table(found, "FID" if extractor.sha256 == FID_WEIGHTS else "fd")
    if args.docs:
        into_docs(args.docs, extractor.name, text)
    print(text)
    print("\n".join(f"WRONG: {rule}" for rule in wrong) or "every measure moves the way it should")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
