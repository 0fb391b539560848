"""Seconds a training image takes, against a straightforward PyTorch loop on the same networks and pictures.

python -m tests.benchmarks.training_speed OUT.json [--steps 4] [--rounds 5] [--threads 2] [--size 64] [--batch 32]

The plain loop is the DCGAN tutorial's: a DataLoader of float tensors, two backward passes of the discriminator, one
of the generator. Ours does what a real run does beside: shuffling by seed, averaged weights, losses read out. Both
run in turn, each in a process of its own, so that a busy machine slows both; medians count. Pictures are noise and
weights random: speed does not depend on their values.
"""

import argparse
import json
import multiprocessing
import platform
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import torch

from mlcore.generator import backend
from mlcore.models.dcgan import DcganDiscriminator, DcganGenerator
from mlcore.recipes.dcgan import Dcgan, DcganSettings
from mlcore.run_settings import RunSettings
from mlcore.trainer import Trainer

PICTURES = 512
LATENT = 100


def pictures(size):
    return np.random.default_rng(0).integers(0, 256, (PICTURES, size, size, 3), dtype=np.uint8)


class Noise:
    """Random pictures, as a packed set gives real ones."""

    def __init__(self, size):
        self.pixels = pictures(size)

    def __len__(self):
        return len(self.pixels)

    def images(self, indices):
        return self.pixels[indices]


def ours(size, width, batch, folder):
    """A step of a run, by the trainer."""
    from mlcore.memory import keep_freed_memory

    keep_freed_memory()
    settings = DcganSettings(image_size=size, width=width, head_width=width, augment=None)
    trainer = Trainer(
        Dcgan(settings), Noise(size), Path(folder), RunSettings(steps=10**9, batch=batch), device="cpu"
    )
    return lambda: trainer._report(trainer._one_step())


def plain(size, width, batch, _folder):
    """A step of the tutorial's loop."""
    made, judge = DcganGenerator(size, LATENT, width), DcganDiscriminator(size, width)
    rates = {"lr": 2e-4, "betas": (0.5, 0.999)}
    optimiser_g = torch.optim.Adam(made.parameters(), **rates)
    optimiser_d = torch.optim.Adam(judge.parameters(), **rates)
    criterion = torch.nn.BCEWithLogitsLoss()
    tensors = torch.from_numpy(pictures(size)).permute(0, 3, 1, 2).float() / 127.5 - 1
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(tensors), batch_size=batch, shuffle=True, drop_last=True
    )
    waiting = iter(())

    def step():
        nonlocal waiting
        try:
            (real,) = next(waiting)
        except StopIteration:
            waiting = iter(loader)
            (real,) = next(waiting)
        judge.zero_grad()
        ones, zeros = torch.ones(batch, 1), torch.zeros(batch, 1)
        loss_real = criterion(judge(real), ones)
        loss_real.backward()
        fake = made(torch.randn(batch, LATENT))
        loss_fake = criterion(judge(fake.detach()), zeros)
        loss_fake.backward()
        optimiser_d.step()
        made.zero_grad()
        loss = criterion(judge(fake), ones)
        loss.backward()
        optimiser_g.step()
        return loss.item(), loss_real.item(), loss_fake.item()

    return step


WAYS = {"ours": ours, "plain": plain}


def serve(connection, way, size, width, batch, threads, folder):
    """Run as many steps as asked for and say seconds and processor seconds, until told to end."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    step = WAYS[way](size, width, batch, folder)
    step()
    connection.send(True)
    while steps := connection.recv():
        began, worked = time.perf_counter(), time.process_time()
        for _ in range(steps):
            step()
        connection.send((time.perf_counter() - began, time.process_time() - worked))


def measure(size, width, batch, steps, rounds, threads):
    """Medians of both ways, run in turn."""
    context = multiprocessing.get_context("spawn")
    found = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        lines = {}
        for way in WAYS:
            lines[way], theirs = context.Pipe()
            arguments = (theirs, way, size, width, batch, threads, folder)
            context.Process(target=serve, args=arguments, daemon=True).start()
        for line in lines.values():
            line.recv()
        for _ in range(rounds):
            for way, line in lines.items():
                line.send(steps)
                found[way].append(line.recv())
        for line in lines.values():
            line.send(0)
    images = steps * batch
    wall = {way: median(passed for passed, _ in times) / images for way, times in found.items()}
    work = {way: median(worked for _, worked in times) / images for way, times in found.items()}
    return {
        "seconds_per_image": wall["ours"],
        "plain_seconds_per_image": wall["plain"],
        "ratio": wall["plain"] / wall["ours"],
        # Processor time tells the same story on a machine that is busy with something else.
        "cpu_ratio": work["plain"] / work["ours"],
        "image_size": size,
        "width": width,
        "batch": batch,
        "threads": threads,
        "steps": steps,
        "rounds": rounds,
    }


def main(words=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32)
    args = parser.parse_args(words)
    found = measure(args.size, args.width, args.batch, args.steps, args.rounds, args.threads)
    result = {"python": platform.python_version(), **backend(), **found}
    args.out.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n")
    print(
        f"| DCGAN {args.size} px, width {args.width}, batch {args.batch} "
        f"| {1000 * found['seconds_per_image']:.1f} | {1000 * found['plain_seconds_per_image']:.1f} "
        f"| {found['ratio']:.2f} | {found['cpu_ratio']:.2f} |"
    )


if __name__ == "__main__":
    main()
