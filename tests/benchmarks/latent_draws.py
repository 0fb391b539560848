"""Whether the default's palms would be nearer to real ones if its latents were drawn otherwise than from N(0, I).

python -m tests.benchmarks.latent_draws runs/palm-projected-128 runs/data/palm-128 OUT.json [--model default]

The run's encoder reads the latents of its training palms. The same generator then draws from: a normal distribution, as
it does; those latents themselves; mixtures of one normal distribution for each kind of palm, in the data's shares.
All against held-out people, in EfficientNet-Lite2's features at 128 px.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from mlcore import checkpoint, images, presets, zoo_index
from mlcore.metrics.judge import judge_features
from mlcore.metrics.kinds import kinds
from mlcore.models import features
from mlcore.presets import DataSettings
from mlcore.run_files import read_state
from mlcore.runs import Palms

JUDGED_AT = 128
FEWEST = 128  # palms of a kind whose own spread counts as much as that of all


def latents_of(run, palms):
    """What the run's encoder reads off these palms, whitened, with the noise that it reads them with."""
    recipe = presets.read(str(run / "preset.toml")).make_recipe()
    state = read_state(run / "state.pt", "projected")["networks"]
    for name in ("encoder", "whitening"):
        own = {
            key.removeprefix(f"{name}."): value for key, value in state.items() if key.startswith(f"{name}.")
        }
        recipe.networks[name].load_state_dict(own)
        recipe.networks[name].eval()
    read = []
    with torch.inference_mode():
        for start in range(0, len(palms), 64):
            pixels = palms.images(np.arange(start, min(start + 64, len(palms))))
            batch = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
            mean, log_variance = recipe.networks["encoder"](recipe.discriminator_network.features(batch))
            noise = torch.randn_like(mean) * torch.exp(0.5 * log_variance)
            read.append(recipe.networks["whitening"](mean + noise))
    return torch.cat(read)


def mixture(read, labels, count, random, own_spread):
    """Latents of a normal distribution for each kind, with the spread that is left within all, or partly its own."""
    names, kind = np.unique(labels, return_inverse=True)
    means = np.stack([read[kind == number].mean(axis=0) for number in range(len(names))])
    rest = read - means[kind]
    within = rest.T @ rest / len(rest)
    drawn = random.choice(len(names), count, p=np.bincount(kind) / len(kind))
    latents = np.empty((count, read.shape[1]), dtype=np.float32)
    for number in range(len(names)):
        mine = rest[kind == number]
        weight = len(mine) / (len(mine) + FEWEST) if own_spread else 0.0
        spread = weight * (mine.T @ mine / len(mine)) + (1 - weight) * within
        factor = np.linalg.cholesky(spread + 1e-4 * np.eye(len(spread)))
        here = drawn == number
        latents[here] = means[number] + random.standard_normal((here.sum(), len(spread))) @ factor.T
    return torch.from_numpy(latents)


def painted(network, latents, left):
    """Pictures at the side where models are judged, as many of them mirrored as there are left hands."""
    made = []
    with torch.inference_mode():
        for batch in latents.split(16):
            pixels = ((network(batch).permute(0, 2, 3, 1) + 1) * 127.5).round().clamp(0, 255)
            made += [images.resize(one, JUDGED_AT) for one in pixels.to(torch.uint8).numpy()]
    return np.stack([one[:, ::-1] if is_left else one for one, is_left in zip(made, left, strict=True)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", default="default")
    args = parser.parse_args()
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    training = Palms(args.data, "train", JUDGED_AT, DataSettings(thumb="right"))
    read = latents_of(args.run, training)
    count = len(read)
    labels = [
        skin or source
        for skin, source in zip(training.columns["skin"], training.columns["source"], strict=True)
    ]
    draws = {
        "normal": torch.randn(count, read.shape[1]),
        "read off training palms": read,
        "a mixture with one spread": mixture(read.numpy(), labels, count, random, own_spread=False),
        "a mixture with spreads of their own": mixture(read.numpy(), labels, count, random, own_spread=True),
    }
    loaded = checkpoint.load(zoo_index.find(args.model))
    network = checkpoint.build(loaded)
    left = random.random(count) < loaded.header.conditions["hand"]["left_share"]
    extractor = features.load(zoo_index.JUDGED_BY)
    known, real = (
        extractor(each.images(np.arange(len(each)))).numpy()
        for each in (Palms(args.data, split, JUDGED_AT, DataSettings()) for split in ("train", "validation"))
    )
    found = {}
    for name, latents in draws.items():
        seen = extractor(painted(network, latents, left)).numpy()
        found[name] = {**judge_features(seen, real), "kinds": kinds(seen, known, labels)}
        print(
            f"{name}: KID {1000 * found[name]['kid']:.1f}e-3, recall {found[name]['recall']:.2f}", flush=True
        )
    content = {
        "command": f"python -m tests.benchmarks.latent_draws {args.run} {args.data} {args.out} --model {args.model}",
        "n": count,
        "n_ref": len(real),
        "data": {label: labels.count(label) / count for label in sorted(set(labels))},
        "draws": found,
    }
    args.out.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
