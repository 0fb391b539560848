"""From a finished run to a pair of files that ship: calibrated, measured on held-out palms, with a card.

The card is written from the header and the measures alone, so it cannot say anything else than they do.
"""

import json
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mlcore import checkpoint, engine, gathering, images, reference, zoo_index
from mlcore.metrics.artefacts import artefacts
from mlcore.metrics.judge import judge_features
from mlcore.metrics.kinds import kinds
from mlcore.metrics.memorisation import memorisation
from mlcore.metrics.tones import fifths
from mlcore.models import features
from mlcore.presets import DataSettings
from mlcore.runs import Palms, pictures_seen
from mlcore.spec import GenerationSpec

MEASURED = 1756
JUDGED_AT = 128  # pixels: so that models of different sizes can be told apart by one number
SHOWN = 24
JUDGE = "-judge"
TONES = ("darkest", "darker", "middle", "lighter", "lightest")
# Where the pictures come from and what their owners allow, as stated there.
TERMS = {
    "11k-hands": (
        "11K Hands (M. Afifi), with the crops of palmistry-dhpnb v3",
        "free for reasonable academic fair use",
    ),
    "human-palm-images": ("Human Palm Images (Kaggle, feyiamujo)", "CC BY 4.0"),
    "phone-palms": ("palmistry-dhpnb v3 (Roboflow)", "CC BY 4.0 there, origin not stated"),
    "other-palms": ("palmistry-dhpnb v3 (Roboflow)", "CC BY 4.0 there"),
}
LICENCE = "weights: AGPL-3.0-or-later; their use also follows the terms of the pictures they learned from"


def ship(name: str, run: Path, data: Path, zoo: Path, *, command: str) -> dict[str, Any]:
    """Put a run's averaged weights into the zoo under this name, and say what was measured.

    Measures and calibration see the pictures as they are, left and right: so does who orders.
    """
    zoo.mkdir(parents=True, exist_ok=True)
    lineage = _lineage(checkpoint.load(run / "generator.safetensors").header)
    partner = judge_of(run, zoo, name, lineage=lineage, licence=LICENCE)
    path = zoo / f"{name}.safetensors"
    made_of = checkpoint.load(run / "generator.safetensors").header
    notes = {**made_of.notes, "command": command}
    facts: dict[str, Any] = {"lineage": lineage, "licence": LICENCE, "partner": partner, "notes": notes}
    _rewritten(run / "generator.safetensors", path, **facts, bank=_bank_of(lineage, notes["subject"]))
    return measure(name, data, zoo)


def _bank_of(lineage: list[dict[str, Any]], subject: str) -> str:
    """The shipped bank of the pictures that it learned from; blank where it learned from those of other sources."""
    path = reference.built_in("training", zoo_index.JUDGED_BY, subject)
    bank = reference.load(path) if path else None
    if bank is None or {one["source"] for one in bank.header.lineage} != {one["source"] for one in lineage}:
        return ""
    return bank.sha256


def measure(name: str, data: Path, zoo: Path) -> dict[str, Any]:
    """Calibrate and measure a model of the zoo, and write its card and its pictures anew; its weights stay."""
    path = zoo / f"{name}.safetensors"
    training, validation = _palms(data, path)
    calibration = {}
    if (model := engine.load(path)).scorer is not None:
        people = gathering.groups(validation.columns["file"], validation.columns["person"])
        calibration = engine.calibrate(model, _all(validation), people=people).to_header()
    measures, pictures = _measured(path, training, validation)
    _rewritten(path, path, calibration=calibration, metrics=measures)
    checkpoint.write_atomically(zoo / f"{name}.webp", images.encode_webp(images.grid(pictures, 6)))
    checkpoint.write_atomically(zoo / f"{name}.md", card(name, checkpoint.peek(path)).encode())
    return measures


def _palms(data: Path, generator: Path) -> tuple[Palms, Palms]:
    """What it learned from and what was held out, at its size, left and right as they are."""
    size = engine.load(generator).image_size
    training, validation = (Palms(data, split, size, DataSettings()) for split in ("train", "validation"))
    return training, validation


def card(name: str, header: checkpoint.Header) -> str:
    """The model card in Markdown, from the header alone."""
    measures, notes = header.metrics, header.notes
    sources = [
        f"| {entry.get('title', entry['source'])} | {entry['images']:,} | {entry.get('terms', 'not stated')} |"
        for entry in header.lineage
    ]
    rows = [
        f"| {extractor} | {found['n']:,} | {found['n_ref']:,} | {1000 * found['kid']:.1f} "
        f"({1000 * found['kid_ci'][0]:.1f} to {1000 * found['kid_ci'][1]:.1f}) | {found['fd']:.1f} "
        f"| {found['precision']:.2f} | {found['recall']:.2f} | {found['coverage']:.2f} |"
        for extractor, found in measures.get("held_out", {}).items()
    ]
    scored = header.calibration
    parts = [
        f"# {name}",
        f"![Generated pictures, chosen by number and not by beauty]({name}.webp)",
        f"Recipe `{header.recipe}` (preset `{notes.get('preset', '')}`), step {header.step:,}, "
        f"{pictures_seen(header):,} pictures seen of {notes.get('trained_on', 0):,} different ones; "
        f"network `{header.architecture}` {json.dumps(header.arguments)}.",
        f"    {notes.get('command', '')}",
        "## Data\n\n| source | pictures | terms |\n|---|---|---|\n" + "\n".join(sources),
        f"## Measures on held-out people, at {JUDGED_AT} px\n\n"
        "| features | N | held out | KID e-3 (95 %) | FD | precision | recall | coverage |\n"
        "|---|---|---|---|---|---|---|---|\n" + "\n".join(rows),
        *_kinds_part(measures.get("kinds", {}), header.conditions.get("hand", {})),
        *_tones_part(measures.get("tones", {})),
        *_flaws_part(measures),
        f"Seconds an image on one thread: {measures.get('seconds_per_image', 0):.3f}.",
        (
            f"The discriminator's probability is calibrated on {scored['real']:,} held-out and "
            f"{scored['generated']:,} generated pictures; its expected error is {scored['error']:.3f}."
            if scored.get("real")
            else "There is no discriminator: pictures have no probability."
        ),
        f"## Terms\n\n{header.licence}.",
    ]
    return "\n\n".join(parts) + "\n"


def table(zoo: Path) -> str:
    """All measured generators of a zoo in one Markdown table, from their headers."""
    rows = [
        "| model | recipe | parameters | pictures seen | KID e-3 (95 %) | FD | precision | recall | lattice | frame "
        "| sharpness | s an image |",
        "|---" * 12 + "|",
    ]
    for path, header in zoo_index.measured(zoo):
        size = sum(value.numel() for value in checkpoint.load(path).state.values())
        found, seen = header.metrics["held_out"][zoo_index.JUDGED_BY], header.metrics["artefacts"]
        low, high = found["kid_ci"]
        rows.append(
            f"| {path.stem} | {header.recipe} | {size / 1e6:.2f} M | {pictures_seen(header):,} "
            f"| {1000 * found['kid']:.1f} ({1000 * low:.1f} to {1000 * high:.1f}) | {found['fd']:.1f} "
            f"| {found['precision']:.2f} | {found['recall']:.2f} | {seen['lattice']:.1f} | {seen['frame']:.2f} "
            f"| {seen['sharpness']:.2f} | {header.metrics['seconds_per_image']:.3f} |"
        )
    return "\n".join(rows)


def _kinds_part(shares: dict[str, dict[str, float]], hand: dict[str, Any]) -> list[str]:
    """How often each source and side is in the data and among the made ones."""
    if not shares:
        return []
    rows = [f"| {kind} | {share['data']:.0%} | {share['made']:.0%} |" for kind, share in shares.items()]
    return [
        "## Sources and sides\n\nA made picture is of the source of the real ones that are nearest to it."
        "\n\n| source | in the data | made |\n|---|---|---|\n"
        + "\n".join(rows)
        + (
            f"\n\nLeft hands are {hand['left_share']:.0%}, as in the data; either side can be asked for."
            if hand
            else ""
        )
    ]


def _tones_part(tones: dict[str, list[float]]) -> list[str]:
    """How light the made skin is, beside the real."""
    if not tones:
        return []
    rows = [
        f"| {title} | " + " | ".join(f"{share:.0%}" for share in shares) + " |"
        for title, shares in (
            ("made", tones["made"]),
            ("held-out people", tones["held_out"]),
            ("learned from", [1 / len(TONES)] * len(TONES)),
        )
    ]
    return [
        "## Light and dark\n\nThe lightness of the palm's middle, in fifths of the pictures learned from. What a "
        "source says of a person's skin does not show on the palm.\n\n"
        f"| | {' | '.join(TONES)} |\n" + "|---" * (len(TONES) + 1) + "|\n" + "\n".join(rows)
    ]


def _flaws_part(measures: dict[str, Any]) -> list[str]:
    """What the numbers say is wrong, in words; thresholds are those at which people begin to see it."""
    if "artefacts" not in measures:
        return []
    seen = measures["artefacts"]
    flaws = []
    if seen["lattice"] > 2:
        flaws.append(f"A lattice of fixed period stands out {seen['lattice']:.1f} times as in photographs.")
    if seen["frame"] > 1.5:
        flaws.append(
            f"The edges of the picture differ from its inside {seen['frame']:.1f} times as much as real ones."
        )
    if not 0.67 < seen["sharpness"] < 1.5:
        flaws.append(f"Its sharpness is {seen['sharpness']:.2f} of that of photographs.")
    if max(map(abs, seen["cast"])) > 8:
        flaws.append(
            "A colour cast: red, green and blue are off by {:+.0f}, {:+.0f}, {:+.0f} of 255.".format(
                *seen["cast"]
            )
        )
    for source, share in measures.get("kinds", {}).items():
        if abs(share["data"] - share["made"]) > 0.1:
            flaws.append(
                f"Pictures like those of {source} are {share['made']:.0%} of what it makes and {share['data']:.0%} "
                "of the data."
            )
    for tone, share in zip(TONES, measures.get("tones", {}).get("made", []), strict=False):
        if not 0.1 < share < 0.3:
            flaws.append(f"The {tone} fifth of real palms is {share:.0%} of what it makes.")
    for extractor, found in measures.get("held_out", {}).items():
        if found["recall"] < 0.5 * found["real"]["recall"]:
            flaws.append(
                f"Variety: {found['recall']:.0%} of real palms have a like among the made ones in {extractor}, "
                f"against {found['real']['recall']:.0%} among real ones."
            )
    return [
        "## Known flaws\n\n" + ("\n".join(f"- {flaw}" for flaw in flaws) or "None that these numbers show.")
    ]


def judge_of(run: Path, zoo: Path, name: str, **facts: Any) -> str:
    """The sha256 of the discriminator in the zoo; one that judges for an earlier model too is there already."""
    source = run / "discriminator.safetensors"
    if not source.exists():
        return ""
    own = zoo / f"{name}{JUDGE}.safetensors"
    wanted = checkpoint.load(source)
    for path, header in zoo_index.checkpoints(zoo):
        if path != own and header.kind == "discriminator" and _same(wanted, checkpoint.load(path)):
            return checkpoint.file_sha256(path)
    return _rewritten(source, own, **facts)


def _same(one: checkpoint.Checkpoint, other: checkpoint.Checkpoint) -> bool:
    """Whether two files hold the same network, to the half precision that ships."""
    built = [(each.header.architecture, each.header.arguments, set(each.state)) for each in (one, other)]
    return built[0] == built[1] and all(
        torch.equal(value.half(), other.state[key].half()) for key, value in one.state.items()
    )


def _rewritten(source: Path, target: Path, **facts: Any) -> str:
    """The same weights with other facts in the header."""
    loaded = checkpoint.load(source)
    return checkpoint.save(target, loaded.state, replace(loaded.header, **facts), dtype=torch.float16)


def _lineage(header: checkpoint.Header) -> list[dict[str, Any]]:
    found = []
    for entry in header.lineage:
        title, terms = TERMS.get(entry["source"], (entry["source"], "as the owner of the pictures states"))
        found.append({**entry, "title": title, "terms": terms})
    return found


def _measured(path: Path, training: Palms, validation: Palms) -> tuple[dict[str, Any], images.Pixels]:
    """Distances in two feature networks, of which a projected generator has seen the first; and pictures to show."""
    model = engine.load(path)
    began = time.perf_counter()
    made = np.stack([image.pixels for image in engine.generate(GenerationSpec(count=MEASURED), model)])
    seconds = (time.perf_counter() - began) / MEASURED
    found_in: dict[str, Any] = {"held_out": {}, "seconds_per_image": seconds}
    sources = list(training.columns["source"])
    for name in ("efficientnet-lite0", "efficientnet-lite2"):
        extractor = features.load(name)
        found, seen, real = (
            extractor(np.stack([images.resize(picture, JUDGED_AT) for picture in pictures])).numpy()
            for pictures in (made, _all(training), _all(validation))
        )
        found_in["held_out"][name] = {
            "n": len(found),
            "n_ref": len(real),
            **judge_features(found, real),
            "real": judge_features(seen[: len(found)], real),
            "privacy": asdict(memorisation(found, seen, real)),
        }
        shares = kinds(found, seen, sources)
    found_in["kinds"] = {
        kind: {"data": sources.count(kind) / len(sources), "made": share} for kind, share in shares.items()
    }
    found_in["tones"] = {
        "made": fifths(made, _all(training)),
        "held_out": fifths(_all(validation), _all(training)),
    }
    found_in["artefacts"] = asdict(artefacts(made, _all(training)))
    return found_in, made[:SHOWN]


def _all(palms: Palms) -> images.Pixels:
    return palms.images(np.arange(len(palms)))
