"""`coursework`: a GAN course work from a folder of pictures to its report, by the other commands.

Train, ten thousand images in an archive, a generator alone in a file, a script that makes the same images again,
the distance to the data, a report with conclusions. Every step that is there already is not done again.
"""

import argparse
import io
import json
import shlex
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from mlcore import presets
from mlcore.arguments import SEED, THREADS, whole
from mlcore.errors import MlcoreError
from mlcore.spec import LIMITS
from mlcore.terminal import note, say, say_json

SOURCE = "source.txt"  # where the pictures lie that a course work was begun with
ANY_PICTURE = ("--no-detect", "--min-side", "1", "--min-sharpness", "0")  # small and smooth ones are data too
MEASURED = 2000
LEAST_HELD = 6  # precision and recall look at five neighbours of each
COUNT = whole(10, LIMITS["count"][1])  # fewer cannot be measured, which would show only at the end

NAME = "coursework"
HELP = "A whole GAN course work: train on a folder, 10,000 images, reproduce them, measure, report."
EPILOG = """\
examples:
  python -m mlcore coursework --data pictures/ --out runs/coursework
  python -m mlcore coursework --data pictures/ --out runs/small --count 200 --set steps=300 --set epochs=0

The folder gets data/, run/, images/images.zip, generator.safetensors, reproduce.py, measures.json and report.md. The
same call goes on where it was stopped.
"""
REPRODUCE = '''\
"""Makes the images of images.zip again from generator.safetensors, byte for byte, and says whether they agree.

From the folder of palmsite: PYTHONPATH=. python PATH/reproduce.py
"""

import sys
from pathlib import Path

from mlcore.__main__ import main
from mlcore.image_folder import read_manifest

HERE = Path(__file__).resolve().parent
AGAIN = HERE / "images-again"


def generated(*words: str) -> int:
    """What `generate` answers about this generator."""
    return main(["generate", str(HERE / "generator.safetensors"), *words])


def compared() -> int:
    """Whether the images made again are those of the archive's manifest: 0 if all are."""
    first, again = (
        {{index: row.sha256 for index, row in read_manifest(folder).items()}} for folder in (HERE / "images", AGAIN)
    )
    differ = sum(first.get(index) != again.get(index) for index in first.keys() | again.keys())
    print(f"{{len(first):,}} images in the archive, {{len(again):,}} made again: {{differ:,}} differ.")
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(
        generated(str(AGAIN), "{count}", "--seed", "{seed}")
        or generated(str(HERE / "images"), "--verify", "--remake", "0")
        or compared()
    )
'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.epilog, parser.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder or archive of pictures, all of one kind",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the course work")
    parser.add_argument("--count", type=COUNT, default=10_000, help="images in the archive (%(default)s)")
    parser.add_argument("--seed", type=SEED, default=0, help="seed of the images (%(default)s)")
    parser.add_argument("--preset", default="coursework-dcgan", help="what is trained (%(default)s)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change the preset")
    parser.add_argument("--threads", type=THREADS, help="threads of the processor to use")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Do what is not done yet, then write the report."""
    out: Path = args.out
    out.mkdir(parents=True, exist_ok=True)
    preset = presets.read(args.preset, args.set)
    size = str(preset.settings.image_size)
    threads = ["--threads", str(args.threads)] if args.threads else []
    _prepare(args.data, out, size)
    _check_data(out / "data")
    overrides = [part for each in args.set for part in ("--set", each)]
    train = ["train", args.preset, "--data", str(out / "data"), "--out", str(out / "run"), "--json"]
    trained = _command(*train, *overrides, *threads)
    if trained["step"] < trained["steps"]:
        if args.json:
            say_json({key: trained[key] for key in ("step", "steps")})
        else:
            say(f"Stopped at step {trained['step']:,} of {trained['steps']:,}; the same call goes on.")
        return 0
    _take_generator(out)
    generator = str(out / "generator.safetensors")
    # Nothing is made twice, and what was made otherwise, by another generator, seed or number, is refused.
    making = ["generate", generator, str(out / "images"), str(args.count), "--seed", str(args.seed), *threads]
    _command(*making, "--archive", "images.zip", "--json")
    (out / "reproduce.py").write_text(REPRODUCE.format(count=args.count, seed=args.seed), encoding="utf-8")
    measures = _measure(out, args.count, args.seed, preset)
    (out / "measures.json").write_text(
        json.dumps(measures, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    (out / "report.md").write_text(_report(preset, out, args.count, measures), encoding="utf-8")
    result = {"report": str(out / "report.md"), "archive": str(out / "images" / "images.zip"), **measures}
    if args.json:
        say_json(result)
    else:
        say(f"{out / 'report.md'}: {verdict(measures)}")
    return 0


def _prepare(data: Path, out: Path, size: str) -> None:
    """Pack the pictures, or refuse others than those the course work was begun with: its network learns from those."""
    from mlcore.checkpoint import write_atomically

    kept, given = out / SOURCE, str(data.resolve())
    begun_with = kept.read_text(encoding="utf-8").strip() if kept.exists() else given
    if begun_with != given:
        raise MlcoreError(
            f"{out} was begun with the pictures of {begun_with}, not {given}: give those to go on, or another --out. "
            f"If they were only moved, write where they are now into {kept}."
        )
    if not (out / "data" / "manifest.json").exists():
        _command("prepare", str(data), *ANY_PICTURE, "--size", size, "--out", str(out / "data"))
    # Not before: a mistyped folder would bind the course work to it.
    write_atomically(kept, f"{given}\n".encode())


def _check_data(packed: Path) -> None:
    """Refuse so few pictures that the last step, the measures, could not be taken."""
    manifest = json.loads((packed / "manifest.json").read_text(encoding="utf-8"))
    held = manifest["counts"]["split"].get("validation", 0)
    if held < LEAST_HELD:
        raise MlcoreError(
            f"Of {manifest['count']} pictures {held} are held out to measure against, and {LEAST_HELD} are needed: "
            f"give {5 * LEAST_HELD} or more, and another --out."
        )


def _command(*words: str) -> dict[str, Any]:
    """One of the other commands, as a person would call it; what it prints as JSON."""
    from mlcore.__main__ import main

    said = io.StringIO()
    with redirect_stdout(said):
        code = main(list(words))
    if code:
        raise MlcoreError(f"python -m mlcore {' '.join(words)} ended with {code}; see above.")
    text = said.getvalue()
    if not text.lstrip().startswith("{"):
        note(text.rstrip())
        return {}
    found: dict[str, Any] = json.loads(text)
    return found


def _take_generator(out: Path) -> None:
    """The generator alone, without a discriminator beside it: it is all that the images need."""
    from mlcore.checkpoint import write_atomically

    path, images = out / "generator.safetensors", out / "images"
    trained = (out / "run" / "last" / "generator.safetensors").read_bytes()
    if images.exists() and path.exists() and path.read_bytes() != trained:
        raise MlcoreError(
            f"{images} was made by {path}, and the run has been trained further since. Nothing was changed: "
            f"remove {images} to have the images made anew, or give another --out."
        )
    write_atomically(path, trained)


def _measure(out: Path, count: int, seed: int, preset: presets.Preset) -> dict[str, Any]:
    """Distances of the first images to the pictures that were held out, and of the trained ones to the same."""
    import numpy as np

    from mlcore import engine, zoo_index
    from mlcore.metrics.judge import judge_features
    from mlcore.models import features
    from mlcore.runs import Palms
    from mlcore.spec import GenerationSpec

    size = int(preset.settings.image_size)
    held = Palms(out / "data", "validation", size, preset.data)
    trained = Palms(out / "data", "train", size, preset.data)
    extractor = features.load(zoo_index.JUDGED_BY)
    spec = GenerationSpec(count=min(count, MEASURED), seed=seed)
    made = [image.pixels for image in engine.generate(spec, out / "generator.safetensors")]
    reference = extractor(held.images(np.arange(len(held)))).numpy()
    some = np.arange(min(len(trained), len(made)))
    real = judge_features(extractor(trained.images(some)).numpy(), reference)
    return {
        "extractor": extractor.name,
        "n": len(made),
        "n_reference": len(held),
        "n_trained": len(trained),
        "made": judge_features(extractor(made).numpy(), reference),
        "real": real,
    }


def verdict(measures: dict[str, Any]) -> str:
    """What the numbers mean, in a sentence."""
    made, real = measures["made"], measures["real"]
    return (
        f"KID {made['kid'] * 1000:.1f}e-3 at N = {measures['n']:,}, where real pictures have "
        f"{real['kid'] * 1000:.1f}e-3; recall {made['recall']:.2f} against {real['recall']:.2f}."
    )


def _report(preset: presets.Preset, out: Path, count: int, measures: dict[str, Any]) -> str:
    """The report: task, data, method, result, conclusions, each number from a file beside it."""
    made, real = measures["made"], measures["real"]
    rows = [
        f"| {name} | {made[key]:.4f} | {real[key]:.4f} |"
        for name, key in (
            ("KID", "kid"),
            ("Fréchet distance", "fd"),
            ("precision", "precision"),
            ("recall", "recall"),
            ("coverage", "coverage"),
        )
    ]
    losses = [
        json.loads(line) for line in (out / "run" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    last = ", ".join(f"{name} {value:.3f}" for name, value in losses[-1].items() if name != "step")
    parts = [
        "# Course work: a generative adversarial network",
        "## Task\n\nLearn a distribution of pictures from examples, make new ones, make them again exactly, and "
        "say how far they are from the data.",
        f"## Data\n\n{measures['n_trained']:,} pictures to train on and {measures['n_reference']:,} held out, which "
        "no network has seen (`data/manifest.json`, `data/report.html`).",
        f"## Method\n\n{preset.about} Recipe `{preset.recipe}`; every number stands in `run/preset.toml`. At step "
        f"{losses[-1]['step']:,}: {last}. Curves: `run/losses.svg`; the same latents over time: `run/progress.gif`.",
        f"## Result\n\n{count:,} images in `images/images.zip` with their seeds and hashes in `images/manifest.csv`. "
        f"`PYTHONPATH=. python {shlex.quote(str(out / 'reproduce.py'))}`, from the folder of palmsite, makes them "
        "again from `generator.safetensors` alone and compares their hashes with the archive's.\n\n"
        f"Features of {measures['extractor']}, N = {measures['n']:,} (`measures.json`):\n\n"
        "| measure | made | real, trained on |\n|---|---|---|\n" + "\n".join(rows),
        f"## Conclusions\n\n- {verdict(measures)}\n- {_on_diversity(made, real)}\n- {_on_realism(made, real)}",
    ]
    return "\n\n".join(parts) + "\n"


def _on_diversity(made: dict[str, Any], real: dict[str, Any]) -> str:
    share = made["recall"] / max(real["recall"], 1e-9)
    if share < 0.3:
        return (
            "Most kinds of pictures in the data are never made: more steps, stronger augmentation or the "
            "relativistic recipe would be the next to try."
        )
    return "The images cover a good part of what is in the data; what they miss shows in the recall."


def _on_realism(made: dict[str, Any], real: dict[str, Any]) -> str:
    if made["precision"] < 0.5 * real["precision"]:
        return "Most images can be told from real ones in these features; look at the last milestone's picture for how."
    return "Most images lie where real ones lie in these features."
