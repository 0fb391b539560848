"""`bench`: images a second that this machine makes, scores and writes, and how near that is to its limit."""

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Self

from mlcore.arguments import THREADS, whole
from mlcore.commands.generate import BACKENDS
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
    parser.add_argument("--count", type=whole(1), default=64, help="images a round (64)")
    parser.add_argument(
        "--rounds", type=whole(1), default=3, help="rounds of each way; the median counts (3)"
    )
    parser.add_argument("--threads", type=THREADS, help="threads of the processor to use (all)")
    parser.add_argument("--backend", choices=BACKENDS, default="torch", help="who computes ours (torch)")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(args: argparse.Namespace) -> int:
    """Measure both ways in turn and the machine's matrix product."""
    import torch

    from mlcore import engine, zoo_index

    if args.threads:
        torch.set_num_threads(args.threads)
    path = zoo_index.find(args.checkpoint)
    model = engine.load(path, computing=args.backend)
    result = measure(model, path, args.count, args.rounds)
    if args.json:
        say_json(result)
        return 0
    say(f"{result['images_per_second']:.1f} images/s made, scored and written ({result['threads']} threads)")
    say(
        f"{result['plain_images_per_second']:.1f} images/s the plain way: {result['ratio']:.2f} times as fast"
    )
    say(
        f"{result['gflops_per_second']:.0f} GFLOP/s in the network; a matrix product reaches "
        f"{result['matmul_gflops_per_second']:.0f}, a large convolution "
        f"{result['convolution_gflops_per_second']:.0f}"
    )
    return 0


def measure(
    model: Any, path: Path, count: int, rounds: int, *, plain_network: Callable[[Any], Any] | None = None
) -> dict[str, Any]:
    """Medians over interleaved rounds; `plain_network` makes the plain way's network of a checkpoint otherwise."""
    from statistics import median

    import torch

    from mlcore.generator import BATCH

    threads = torch.get_num_threads()
    with (
        tempfile.TemporaryDirectory() as folder,
        PlainProcess(path, count, threads, plain_network) as plain,
    ):
        ways: dict[str, Callable[[], tuple[float, float]]] = {
            "ours": partial(_timed, partial(_ours, model, count, Path(folder))),
            "plain": plain.round,
            "network": partial(_timed, partial(_network, model, count)),
            "matmul": partial(_timed, _matmul),
            "convolution": partial(_timed, _convolution),
        }
        for way in ways.values():
            way()
        times: dict[str, list[float]] = {name: [] for name in ways}
        work: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                passed, worked = way()
                times[name].append(passed)
                work[name].append(worked)
    seconds = {name: median(values) for name, values in times.items()}
    batches = -(-count // BATCH)
    gflop = _flops(path) / 1e9
    network_rate = gflop * batches / seconds["network"]
    matmul_rate = 2 * SIDE**3 * PRODUCTS / seconds["matmul"] / 1e9
    convolution_rate = 18 * CHANNELS**2 * PIXELS**2 * PRODUCTS / seconds["convolution"] / 1e9
    return {
        "images_per_second": count / seconds["ours"],
        "plain_images_per_second": count / seconds["plain"],
        # Processor time tells the same story on a machine that is busy with something else.
        "cpu_ratio": median(work["plain"]) / median(work["ours"]),
        "ratio": seconds["plain"] / seconds["ours"],
        "network_images_per_second": count / seconds["network"],
        "gflops_per_second": network_rate,
        "matmul_gflops_per_second": matmul_rate,
        "share_of_matmul": network_rate / matmul_rate,
        "convolution_gflops_per_second": convolution_rate,
        "share_of_convolution": network_rate / convolution_rate,
        "gflop_per_image": gflop / BATCH,
        "count": count,
        "rounds": rounds,
        "threads": threads,
        "scored": model.scorer is not None,
        "architecture": model.header.architecture,
        "image_size": model.image_size,
        **model.place,
    }


SIDE = 1536
PRODUCTS = 4
CHANNELS, PIXELS = 512, 32


def _flops(path: Path) -> int:
    """Floating-point operations of one batch, two per multiply-add, of the network as it was trained: layers that are
    done otherwise for speed may do more.
    """
    from torch.utils.flop_counter import FlopCounterMode

    from mlcore import checkpoint

    loaded = checkpoint.load(path)
    network = checkpoint.build(loaded)
    with FlopCounterMode(display=False) as counter:
        _plain_batch(loaded.header, network)
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


class PlainProcess:
    """The plain way in a process of its own, since the engine changes how its process keeps memory."""

    def __init__(
        self, path: Path, count: int, threads: int, network: Callable[[Any], Any] | None = None
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve_plain, args=(theirs, path, count, threads, network), daemon=True
        )

    def __enter__(self) -> Self:
        """Start it."""
        self._process.start()
        return self

    def round(self) -> tuple[float, float]:
        """Seconds and processor seconds of one round there."""
        self._connection.send(True)
        passed, worked = self._connection.recv()
        return passed, worked

    def __exit__(self, *_: object) -> None:
        """Let it end."""
        self._connection.send(False)
        self._process.join(timeout=30)


def _serve_plain(
    connection: Any, path: Path, count: int, threads: int, made_of: Callable[[Any], Any] | None
) -> None:
    import torch

    from mlcore import checkpoint, zoo_index

    torch.set_num_threads(threads)
    loaded = checkpoint.load(path)
    partner = zoo_index.find_by_sha256(loaded.header.partner, path) if loaded.header.partner else None
    judge = checkpoint.build(checkpoint.load(partner)) if partner is not None else None
    network = (made_of or checkpoint.build)(loaded)
    with tempfile.TemporaryDirectory() as folder:
        while connection.recv():
            connection.send(_timed(partial(_plain, loaded.header, network, judge, count, Path(folder))))


def _timed(way: Callable[[], None]) -> tuple[float, float]:
    """Seconds and processor seconds that it took."""
    began, worked = time.perf_counter(), time.process_time()
    way()
    return time.perf_counter() - began, time.process_time() - worked


def _plain(header: Any, network: Any, judge: Any, count: int, folder: Path) -> None:
    """The eager loop: a batch of noise, the network as trained, the discriminator as trained, Pillow."""
    import torch
    from PIL import Image

    from mlcore import images
    from mlcore.generator import BATCH

    with torch.no_grad():
        for at in range(0, count, BATCH):
            made = _plain_batch(header, network)
            if judge is not None:
                torch.sigmoid(judge(made))
            for place, pixels in enumerate(images.to_uint8(made, header.normalisation)):
                Image.fromarray(pixels).save(folder / f"{at + place:06d}.png")


def _plain_batch(header: Any, network: Any) -> Any:
    import torch

    from mlcore import sampling
    from mlcore.generator import BATCH

    size = network.latent_size
    batch = torch.randn(BATCH, *((size,) if isinstance(size, int) else size))

    def fresh(_step: int) -> torch.Tensor:
        return torch.randn_like(batch)

    with torch.no_grad():
        return sampling.sample(network, batch, fresh, header.sampler, header.sampler_arguments)


def _network(model: Any, count: int) -> None:
    from mlcore.generator import BATCH
    from mlcore.spec import GenerationSpec

    spec = GenerationSpec(count=1)
    for at in range(0, count, BATCH):
        model.draw(spec, [(at + place, 0) for place in range(BATCH)])


def _matmul() -> None:
    """A product of two square matrices by torch's BLAS."""
    import torch

    a, b = torch.ones(SIDE, SIDE), torch.ones(SIDE, SIDE)
    for _ in range(PRODUCTS):
        a @ b


def _convolution() -> None:
    """A 3 x 3 convolution that fits this library best: where torch's BLAS is the slower one, the true limit."""
    import torch
    from torch.nn import functional

    pixels = torch.ones(1, CHANNELS, PIXELS, PIXELS).to(memory_format=torch.channels_last)
    kernel = torch.ones(CHANNELS, CHANNELS, 3, 3).to(memory_format=torch.channels_last)
    for _ in range(PRODUCTS):
        functional.conv2d(pixels, kernel, padding=1)
