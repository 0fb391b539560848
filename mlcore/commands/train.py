"""`train`: a preset on a packed set, resumable; the same call goes on where it stopped."""

import argparse
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from mlcore import presets, runs
from mlcore.arguments import THREADS
from mlcore.errors import TrainingError
from mlcore.terminal import ProgressLine, note, say, say_json, table
from mlcore.trainer import Progress, Trainer

NAME = "train"
HELP = "Train a generator on a packed set; the same command resumes."
EPILOG = """\
examples:
  python -m mlcore train --list
  python -m mlcore train palm-dcgan-128 --show
  python -m mlcore train palm-dcgan-128 --data data/palms-128 --out runs/first
  python -m mlcore train palm-dcgan-128 --data data/palms-128 --out runs/short --set steps=500 --set batch=8
  torchrun --nproc-per-node 2 -m mlcore train palm-dcgan-256 --data data/palms-256 --out runs/two

Ctrl-C saves and leaves; the same command goes on, bit for bit as if it had not been stopped.
With --set it may go on with other learning rates, precision, augmentation or numbers of [run]; not with other networks.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("preset", nargs="?", help="name of a preset, or the path of a TOML file")
    parser.add_argument("--data", type=Path, help="packed set, made by prepare")
    parser.add_argument("--out", type=Path, help="folder of the run; an existing run is resumed")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change a number of the preset"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1")
    parser.add_argument("--threads", type=THREADS, help="threads of the processor to use")
    parser.add_argument("--show", action="store_true", help="print the whole preset and leave")
    parser.add_argument("--list", action="store_true", help="print the presets there are and leave")
    parser.add_argument("--json", action="store_true", help="print the outcome, or what is shown, as JSON")


def run(args: argparse.Namespace) -> int:
    """Train, or show what would be trained."""
    if args.list:
        about = {name: presets.read(name).about for name in presets.names()}
        if args.json:
            say_json(about)
        else:
            say(table(list(about.items())))
        return 0
    if args.preset is None:
        raise TrainingError("Say which preset: train --list shows them.")
    preset = presets.read(args.preset, args.set)
    if args.show:
        if args.json:
            say_json(asdict(preset))
        else:
            say(presets.shown(preset).rstrip())
        return 0
    if args.data is None or args.out is None:
        raise TrainingError("Say what to train on and where to keep it: --data PACKED --out FOLDER.")
    return _train(preset, args)


def _train(preset: presets.Preset, args: argparse.Namespace) -> int:
    import torch
    from torch import distributed

    if args.threads:
        torch.set_num_threads(args.threads)
    is_one_of_several = distributed.is_available() and distributed.is_torchelastic_launched()
    if is_one_of_several:
        distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        torch.manual_seed(preset.run.seed)
        trainer = runs.open_run(preset, args.data, args.out, device=args.device, tell=note)
        trainer.on_step = _shown_on(trainer)
        reached = trainer.train()
    finally:
        if is_one_of_several:
            distributed.destroy_process_group()
    if trainer.rank == 0:
        drawn = [str(path) for path in runs.draw_progress(args.out)]
        last = args.out / "last"
        if args.json:
            say_json({"step": reached, "steps": trainer.steps, "last": str(last), "drawn": drawn})
        elif reached < trainer.steps:
            say(f"Stopped at step {reached:,} of {trainer.steps:,}; the same call goes on.")
        else:
            say(f"{last}: all {reached:,} steps are done. Pictures of the way: {', '.join(drawn)}")
    return 0


def _shown_on(trainer: Trainer) -> Callable[[Progress], None]:
    """A progress line that begins where the run is resumed."""
    line: ProgressLine | None = None

    def show(progress: Progress) -> None:
        nonlocal line
        if line is None:
            first = (progress.step - 1) * trainer.per_step
            line = ProgressLine(
                "trained", trainer.steps * trainer.per_step, first=first, quiet=trainer.rank > 0
            )
        losses = " ".join(f"{name} {value:.3f}" for name, value in progress.losses.items())
        line.show(progress.step * trainer.per_step, f"  step {progress.step:,}  {losses}")
        if progress.step == progress.steps:
            line.close()

    return show
