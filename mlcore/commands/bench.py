"""`bench`: images a second that this machine makes, scores and writes, and how near that is to its limit."""

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from mlcore.terminal import say, say_json

NAME = "bench"
HELP = "Measure this machine: images per second made, scored and written."
EPILOG = """\
examples:
  python -m mlcore bench default
  python -m mlcore bench default --count 256 --threads 2 --json

The plain way is an eager network, one call a batch, PNG by Pillow: what a short script would do. Both ways
run in turn on the same weights, so that a busy machine slows both.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.epilog, parser.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "checkpoint", metavar="CKPT", help="a generator's file, a trained model's name, or default"
    )
    parser.add_argument("--count", type=int, default=64, help="images a round (64)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each way; the median counts (3)")
    parser.add_argument("--threads", type=int, help="threads of the processor to use (all)")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(args: argparse.Namespace) -> int:
    """Measure both ways in turn and the machine's matrix product."""
    import torch

    from mlcore import engine, zoo_index

    if args.threads:
        torch.set_num_threads(max(1, args.threads))
    path = zoo_index.find(args.checkpoint)
    model = engine.load(path)
    result = measure(model, path, args.count, args.rounds)
    if args.json:
        say_json(result)
        return 0
    say(f"{result['images_per_second']:.1f} images/s made, scored and written ({result['threads']} threads)")
    say(
        f"{result['plain_images_per_second']:.1f} images/s the plain way: {result['ratio']:.2f} times as fast"
    )
    say(
        f"{result['gflops_per_second']:.0f} GFLOP/s in the network, {100 * result['share_of_matmul']:.0f} % "
        f"of this machine's matrix product ({result['matmul_gflops_per_second']:.0f} GFLOP/s)"
    )
    return 0


def measure(model: Any, path: Path, count: int, rounds: int) -> dict[str, Any]:
    """Medians over interleaved rounds."""
    from statistics import median

    import torch

    from mlcore import checkpoint, engine

    plain = checkpoint.build(checkpoint.load(path))
    judge = model.scorer.plain() if model.scorer is not None else None
    with tempfile.TemporaryDirectory() as folder:
        ways: dict[str, Callable[[], None]] = {
            "ours": lambda: _ours(model, count, Path(folder)),
            "plain": lambda: _plain(model, plain, judge, count, Path(folder)),
            "network": lambda: _network(model, count),
            "matmul": _matmul,
        }
        for way in ways.values():
            way()
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                began = time.perf_counter()
                way()
                times[name].append(time.perf_counter() - began)
    seconds = {name: median(values) for name, values in times.items()}
    batches = -(-count // engine.BATCH)
    network_rate = flops(model) * batches / seconds["network"] / 1e9
    matmul_rate = 2 * SIDE**3 * PRODUCTS / seconds["matmul"] / 1e9
    return {
        "images_per_second": count / seconds["ours"],
        "plain_images_per_second": count / seconds["plain"],
        "ratio": seconds["plain"] / seconds["ours"],
        "network_images_per_second": count / seconds["network"],
        "gflops_per_second": network_rate,
        "matmul_gflops_per_second": matmul_rate,
        "share_of_matmul": network_rate / matmul_rate,
        "gflop_per_image": flops(model) / engine.BATCH / 1e9,
        "count": count,
        "rounds": rounds,
        "threads": torch.get_num_threads(),
        "scored": model.scorer is not None,
        "architecture": model.header.architecture,
        "image_size": model.image_size,
        **engine.backend(),
    }


SIDE = 1536
PRODUCTS = 4


def flops(model: Any) -> int:
    """Floating-point operations of one batch: two per multiply-add."""
    from torch.utils.flop_counter import FlopCounterMode

    from mlcore.engine import BATCH
    from mlcore.spec import GenerationSpec

    with FlopCounterMode(display=False) as counter:
        model.draw(GenerationSpec(count=1), [(index, 0) for index in range(BATCH)])
    return int(counter.get_total_flops())


def _ours(model: Any, count: int, folder: Path) -> None:
    from mlcore import engine, image_folder
    from mlcore.spec import GenerationSpec

    spec = GenerationSpec(count=count)
    with (
        tempfile.TemporaryDirectory(dir=folder) as place,
        image_folder.ImageFolder(Path(place), {}) as written,
    ):
        for image in engine.generate(spec, model):
            written.add(image, engine.recipe(model, spec, image.index))


def _plain(model: Any, network: Any, judge: Any, count: int, folder: Path) -> None:
    """The eager loop: a batch of noise, the network as trained, the discriminator as trained, Pillow."""
    import torch
    from PIL import Image

    from mlcore import engine, images, sampling

    header = model.header
    with torch.no_grad():
        for at in range(0, count, engine.BATCH):
            batch = torch.randn(engine.BATCH, *model.noise_shape)
            made = sampling.sample(
                network,
                batch,
                partial(_fresh, batch),
                header.sampler,
                header.sampler_arguments,
            )
            if judge is not None:
                torch.sigmoid(judge(made))
            for place, pixels in enumerate(images.to_uint8(made, model.header.normalisation)):
                Image.fromarray(pixels).save(folder / f"{at + place:06d}.png")


def _fresh(like: Any, _step: int) -> Any:
    import torch

    return torch.randn_like(like)


def _network(model: Any, count: int) -> None:
    from mlcore.engine import BATCH
    from mlcore.spec import GenerationSpec

    spec = GenerationSpec(count=1)
    for at in range(0, count, BATCH):
        model.draw(spec, [(at + place, 0) for place in range(BATCH)])


def _matmul() -> None:
    import torch

    a, b = torch.ones(SIDE, SIDE), torch.ones(SIDE, SIDE)
    for _ in range(PRODUCTS):
        a @ b
