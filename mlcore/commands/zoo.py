"""`zoo`: train every model that ships and those they start from, and put what ships into the zoo when it is done."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlcore import checkpoint, presets, zoo_index
from mlcore.arguments import THREADS
from mlcore.errors import MlcoreError
from mlcore.terminal import say, say_json

NAME = "zoo"
HELP = "Train the models that ship, again, from a folder of palms; resumable."
EPILOG = """\
examples:
  python -m mlcore zoo --data DATA
  python -m mlcore zoo --data DATA --only palm-dcgan-128 --set steps=500
  python -m mlcore zoo --table
  python -m mlcore zoo --data DATA --only palm-dcgan-128 --ship-now
  python -m mlcore zoo --data DATA --measure

DATA holds palm256/ with palm256.csv and hand256/ with hand256.csv: cut, upright palms and hands, with the columns that
docs/data.md names. Each model is trained to its preset's last step, calibrated, measured on held-out people and written
into the zoo with its card; the palms nearest to held-out ones become the default. --ship-now takes the weights of a run
as they are; --measure writes the cards of what has shipped anew.
"""
SOURCES = "11k-hands,human-palm-images"  # the cloth with pegs and the worst of the phone photographs stay out


@dataclass(frozen=True)
class Entry:
    """One model: it ships, or others start from it."""

    preset: str
    subject: str
    size: int
    base: str = ""  # the entry it goes on from
    teacher: str = ""  # the entry whose pictures it learns to make
    ships: bool = True
    changes: tuple[str, ...] = ()  # of the preset


FEW_HEADS = ("settings.head_width=32",)
SKIN_AGAIN = ("run.steps=200", "run.average_decay=0.997")  # half of the average stays the base's
BY_TEACHER = ("settings.resemble=100", "settings.colour=100", "settings.learning_rate=5e-4")

# In the order of training: a base or teacher before who needs it. Pupils first learn their teacher's pictures, which
# is quicker than finding real ones by searching draws; palms' pupils go on with a better teacher.
ENTRIES = {
    "palm-projected-128": Entry("palm-projected-128", "palm", 128, ships=False),
    "palm-256-enlarged": Entry("palm-256", "palm", 256, base="palm-projected-128", ships=False),
    "palm-256-whole": Entry("palm-256-whole", "palm", 256, base="palm-256-enlarged", ships=False),
    "palm-256": Entry("palm-256", "palm", 256, base="palm-256-whole", changes=SKIN_AGAIN),
    "palm-dcgan-128-taught": Entry("palm-dcgan-128", "palm", 128, teacher="palm-projected-128", ships=False),
    "palm-dcgan-128": Entry(
        "palm-dcgan-128", "palm", 128, base="palm-dcgan-128-taught", teacher="palm-256-whole"
    ),
    "hand-projected-128": Entry("palm-projected-128", "hand", 128, ships=False),
    "hand-dcgan-128-taught": Entry(
        "palm-dcgan-128",
        "hand",
        128,
        teacher="hand-projected-128",
        ships=False,
        changes=FEW_HEADS,
    ),
    "hand-dcgan-128": Entry("palm-dcgan-128", "hand", 128, base="hand-dcgan-128-taught", changes=FEW_HEADS),
    "palm-wgan-gp-taught": Entry(
        "palm-wgan-gp",
        "palm",
        128,
        teacher="palm-projected-128",
        ships=False,
        changes=BY_TEACHER,
    ),
    "palm-wgan-gp": Entry(
        "palm-wgan-gp",
        "palm",
        128,
        base="palm-wgan-gp-taught",
        teacher="palm-256-whole",
        changes=BY_TEACHER,
    ),
    "palm-denoiser-128": Entry("palm-denoiser-128", "palm", 128, ships=False),
    "palm-diffusion-128": Entry("palm-diffusion-128", "palm", 128, base="palm-denoiser-128"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.epilog, parser.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--json", action="store_true", help="with --table: print all that was measured as JSON"
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="palm256/, hand256/ and their CSVs")
    parser.add_argument(
        "--table", action="store_true", help="print what was measured of all that ship, and stop"
    )
    parser.add_argument(
        "--runs", type=Path, default=Path("runs"), help="where training goes on (%(default)s)"
    )
    parser.add_argument(
        "--zoo", type=Path, default=zoo_index.ZOO, help="where finished models go (%(default)s)"
    )
    parser.add_argument("--only", metavar="A,B", help="some of: " + ", ".join(ENTRIES))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change the presets")
    parser.add_argument("--ship-now", action="store_true", help="train no further; ship what the runs have")
    parser.add_argument(
        "--measure", action="store_true", help="train and ship nothing; measure what has shipped anew"
    )
    parser.add_argument("--threads", type=THREADS, help="threads of the processor to use")


def run(args: argparse.Namespace) -> int:
    """Train and ship, one model at a time."""
    if args.table:
        from mlcore import shipping

        if args.json:
            say_json({path.stem: header.metrics for path, header in zoo_index.generators(args.zoo)})
        else:
            say(shipping.table(args.zoo))
        return 0
    if args.data is None:
        raise MlcoreError("Say where the photographs lie: --data DIR.")
    if not args.data.is_dir():
        raise MlcoreError(f"There is no folder {args.data}: say with --data where the photographs lie.")
    wanted = args.only.split(",") if args.only else list(ENTRIES)
    for name in wanted:
        if name not in ENTRIES:
            raise MlcoreError(f"There is no model {name!r}; there are {', '.join(ENTRIES)}.")
    for name in wanted:
        if not _one(name, ENTRIES[name], args):
            say(f"{name}: stopped; the same call goes on.")
            break
    return 0


def _one(name: str, entry: Entry, args: argparse.Namespace) -> bool:
    """Train one and ship it; False where the training was stopped before its end, which is not to be shipped."""
    import torch

    from mlcore import shipping
    from mlcore.__main__ import main

    if args.threads:
        torch.set_num_threads(args.threads)
    pictures = f"{entry.subject}256"
    data, folder = args.runs / "data" / f"{entry.subject}-{entry.size}", args.runs / name
    if not (data / "manifest.json").exists():
        say(f"{name}: preparing {pictures}")
        words = [
            "prepare",
            str(args.data / pictures),
            "--people",
            str(args.data / f"{pictures}.csv"),
            "--no-detect",
            "--subject",
            entry.subject,
        ]
        if main([*words, "--only-source", SOURCES, "--size", str(entry.size), "--out", str(data)]):
            raise MlcoreError(f"{pictures} could not be prepared; see above.")
    if args.measure:
        if entry.ships:
            _say(name, shipping.measure(name, data, args.zoo))
        return True
    train = ["train", entry.preset, "--data", str(data), "--out", str(folder)]
    elders = {"base": entry.base, "teacher": entry.teacher}
    changes = [
        *entry.changes,
        *(f"settings.{role}={args.runs / elder / 'last'}" for role, elder in elders.items() if elder),
    ]
    train += [part for each in [*changes, *args.set] for part in ("--set", each)]
    if not args.ship_now:
        say(f"{name}: training")
        if main([*train, *(["--threads", str(args.threads)] if args.threads else [])]):
            raise MlcoreError(f"{name} could not be trained; see above.")
        if not _is_done(folder, presets.read(entry.preset, [*changes, *args.set])):
            return False
    if not entry.ships:
        say(f"{name}: others start from it; it does not ship")
        return True
    say(f"{name}: calibrating and measuring")
    command = "python -m mlcore " + " ".join(train)
    _say(name, shipping.ship(name, folder / "last", data, args.zoo, command=command))
    if entry.subject == "palm":
        say(f"default: {zoo_index.choose_default(args.zoo)}")
    return True


def _say(name: str, measures: dict[str, Any]) -> None:
    for extractor, found in measures["held_out"].items():
        say(
            f"{name}: {extractor} KID {1000 * found['kid']:.1f}e-3, recall {found['recall']:.2f}, N {found['n']:,}"
        )


def _is_done(folder: Path, preset: presets.Preset) -> bool:
    """Whether a run has come to its last step; where epochs decide, only the run itself knows, and is trusted."""
    last = folder / "last" / "generator.safetensors"
    return bool(preset.run.epochs) or (last.exists() and checkpoint.peek(last).step >= preset.run.steps)
