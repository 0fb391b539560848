"""A training run from a preset, a packed set and a folder: puts the pieces together for the trainer.

Pictures of a run (curves, the film of its milestones) are drawn here too, from what the trainer wrote.
"""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mlcore import checkpoint, devices, presets
from mlcore.data import PackedDataset
from mlcore.images import Pixels
from mlcore.metrics.judge import judge_features
from mlcore.models import features
from mlcore.presets import DataSettings, Preset, PresetError, shown
from mlcore.run_files import LOG, MILESTONES, STATE
from mlcore.trainer import Measure, Progress, Trainer

MIRRORED = {"left": "right", "right": "left"}
PRESET = "preset.toml"
LEAST_HELD = 10  # pictures: fewer make no measure
# Settings that a run which stopped may go on with changed: its networks and data stay the same.
CHANGEABLE = ("rate_", "learning_rate", "precision", "augment")


class Palms:
    """A split of a packed set as a preset wants it: some sources, one side."""

    def __init__(self, folder: Path, split: Any, size: int, settings: DataSettings) -> None:
        packed = PackedDataset.open(folder, split, size=size, sources=settings.sources or None)
        turned = MIRRORED.get(settings.thumb)
        self._packed = packed
        self._mirrored = np.array([side == turned for side in packed.columns["thumb_side"]], dtype=bool)
        self.columns, self.manifest = packed.columns, packed.manifest

    def __len__(self) -> int:
        """How many pictures."""
        return len(self._packed)

    def images(self, indices: Any) -> Pixels:
        """Some pictures, mirrored where their thumb points the other way."""
        chosen = np.asarray(indices)
        pictures = self._packed.images(chosen)
        mirrored = self._mirrored[chosen]
        pictures[mirrored] = pictures[mirrored][:, :, ::-1]
        return pictures


def open_run(
    preset: Preset,
    data: Path,
    folder: Path,
    *,
    device: str = "auto",
    on_step: Callable[[Progress], None] | None = None,
    tell: Callable[[str], None] = lambda words: None,
) -> Trainer:
    """The trainer of a run, new or begun; the preset is kept in the folder and must not change under a run.

    `tell` hears why nothing is measured, where nothing can be.
    """
    recipe = preset.make_recipe()
    size = int(preset.settings.image_size)
    palms = Palms(data, "train", size, preset.data)
    if not len(palms) and preset.data.sources:
        known = ", ".join(palms.manifest["counts"]["source"])
        raise PresetError(
            f"{data} has no pictures of {', '.join(preset.data.sources)}; it has those of {known}."
        )
    _refuse_other_settings(preset, folder)
    return Trainer(
        recipe,
        palms,
        folder,
        preset.run,
        device=device,
        measure=_measure(preset, Palms(data, "validation", size, preset.data), tell),
        # Not before the trainer has accepted the folder: what it refuses keeps the settings it had.
        on_begin=lambda: checkpoint.write_atomically(folder / PRESET, shown(preset).encode()),
        on_step=on_step,
        facts=_facts(preset, palms, tell),
        data_sha256=palms.manifest["sha256"],
    )


def _refuse_other_settings(preset: Preset, folder: Path) -> None:
    path = folder / PRESET
    if (folder / STATE).exists() and path.exists() and _fixed(presets.read(str(path))) != _fixed(preset):
        raise PresetError(
            f"{folder} was begun with other settings (see {path}). Use those, or give another --out; only "
            "[run], learning rates, precision and augmentation may change."
        )


def _fixed(preset: Preset) -> tuple[Any, ...]:
    """What may not change while it trains: all but how long it runs, how it learns and what is measured."""
    settings = {
        name: value for name, value in asdict(preset.settings).items() if not name.startswith(CHANGEABLE)
    }
    return preset.recipe, settings, preset.data


def _measure(preset: Preset, validation: Palms, tell: Callable[[str], None]) -> Measure | None:
    """Judge fresh images by KID against the held-out palms; none where too few were held or no network is there."""
    if len(validation) < LEAST_HELD:
        tell(
            f"Nothing is measured while it trains: that needs {LEAST_HELD} pictures held out, not {len(validation)}. "
            "last/ is kept, best/ is not."
        )
        return None
    try:
        extractor = features.load(preset.measure.extractor)
    except features.PackageMissing as error:
        tell(f"Nothing is measured while it trains. {error}. last/ is kept, best/ is not.")
        return None
    reference = extractor(validation.images(range(len(validation)))).numpy()

    def measure(make: Callable[[int], Pixels]) -> dict[str, float]:
        found = judge_features(extractor(make(preset.measure.count)).numpy(), reference)
        return {
            "score": found["kid"],
            **{name: found[name] for name in ("kid", "fd", "precision", "recall", "density", "coverage")},
        }

    return measure


def _facts(preset: Preset, palms: Palms, tell: Callable[[str], None]) -> dict[str, Any]:
    """What every checkpoint of the run says of its data."""
    manifest = palms.manifest
    facts: dict[str, Any] = {
        # What is held out was not learned from: it is no part of where the weights come from.
        "lineage": [
            {"source": source, "images": count}
            for source, count in sorted(Counter(palms.columns["source"]).items())
        ],
        "notes": {
            "data_sha256": manifest["sha256"],
            "subject": manifest.get("subject", "palm"),  # sets packed before hands could be cut do not say
            "preset": preset.name,
            "trained_on": len(palms),
            "batch": preset.run.batch * preset.run.accumulate * devices.place_among_processes()[1],
            "pictures_before": _seen_by(getattr(preset.settings, "base", "")),
            # Which feature networks flatter this model, and in which its best step was chosen.
            "seen": {
                "trained": list(presets.RECIPES[preset.recipe][0].seen),
                "chosen": [preset.measure.extractor],
            },
        },
    }
    if preset.data.thumb != "as it is":
        facts["conditions"] = _hand_conditions(preset.data.thumb, palms.columns["thumb_side"], tell)
    return facts


def _hand_conditions(drawn: str, sides: list[str], tell: Callable[[str], None]) -> dict[str, Any]:
    """That either hand may be asked for; nothing where the side of a picture is unknown.

    A picture of unknown side was not mirrored: what learns from it may draw either hand.
    """
    known = sum(side in MIRRORED for side in sides)
    if known < len(sides):
        tell(
            f"Left and right cannot be asked of this generator: the side of {len(sides) - known:,} of its "
            f"{len(sides):,} pictures is not known. Give prepare a --people table with a column thumb_side (left or "
            "right) to have it learn one side."
        )
        return {}
    return {"hand": {"drawn": drawn, "left_share": sides.count("left") / max(known, 1)}}


def _seen_by(base: str) -> int:
    """How many pictures the model that this run goes on from had seen; none where it begins anew."""
    if not base:
        return 0
    header = checkpoint.peek(Path(base) / "generator.safetensors")
    return pictures_seen(header)


def pictures_seen(header: checkpoint.Header) -> int:
    """How many pictures went by in the whole training of a model, as its header says."""
    notes = header.notes
    return int(header.step * notes.get("batch", 0) + notes.get("pictures_before", 0))


def draw_progress(folder: Path) -> list[Path]:
    """The film of the milestones and the curves of the losses, drawn from what the run wrote."""
    drawn = []
    frames = [
        Image.open(path).convert("RGB").reduce(2)
        for path in sorted((folder / MILESTONES).glob("*/samples.png"))
    ]
    if frames:
        frames[0].save(folder / "progress.gif", save_all=True, append_images=frames[1:], duration=250, loop=0)
        drawn.append(folder / "progress.gif")
    log = folder / LOG
    if log.exists():
        rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        if len(rows) > 1:
            (folder / "losses.svg").write_text(curves_svg(rows), encoding="utf-8")
            drawn.append(folder / "losses.svg")
    return drawn


def curves_svg(rows: list[dict[str, float]], width: int = 720, height: int = 140) -> str:
    """One small chart per loss, its name and last value written beside the line."""
    steps = np.array([row["step"] for row in rows], dtype=float)
    names = [name for name in rows[-1] if name != "step"]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height * len(names)}" '
        'font-family="sans-serif" font-size="13">'
    ]
    for place, name in enumerate(names):
        values = np.array([row.get(name, np.nan) for row in rows])
        low, high = float(np.nanpercentile(values, 1)), float(np.nanpercentile(values, 99))
        x = 12 + (steps - steps[0]) / max(steps[-1] - steps[0], 1) * (width - 150)
        scaled = np.clip((values - low) / max(high - low, 1e-12), 0, 1)
        y = height * place + 14 + (1 - scaled) * (height - 34)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True) if np.isfinite(b))
        parts.append(f'<polyline points="{points}" fill="none" stroke="#a8452b" stroke-width="1.5"/>')
        parts.append(
            f'<text x="{width - 130}" y="{y[-1] + 4:.1f}" fill="#1d1b18">{name} {values[-1]:.3f}</text>'
        )
    parts.append(
        f'<text x="12" y="{height * len(names) - 4}" fill="#6a645c">steps 0 to {steps[-1]:,.0f}</text>'
    )
    return "\n".join([*parts, "</svg>"]) + "\n"
