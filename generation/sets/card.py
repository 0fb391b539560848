"""The dataset card: what a set is, how it was made, how good it is, and on which terms. In English, as a file.

It says only what rows say, and nothing of when it was written: the same set has the same card. How good a set is knows
the evaluation room alone, which stands above this one: it registers in AppConfig.ready.
"""

import json
from collections.abc import Callable
from typing import Any

from generation.sets.models import Checkpoint, ImageSet

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_WISHES = ("seed", "first_index", "candidates", "min_probability", "max_draws", "hand", "look")
_PLACE = ("palmsite", "machine", "torch", "backend")

# The set and how many of its images are taken along, to Markdown; blank where nothing was measured.
Quality = Callable[[ImageSet, int], str]
_quality: list[Quality] = []


def register(quality: Quality) -> None:
    """Let another room say in every card how good the set is."""
    if quality not in _quality:
        _quality.append(quality)


def card(image_set: ImageSet, count: int, layout: str, extra_tags: tuple[str, ...] = ()) -> str:
    """The text of README.md, with the header that Hugging Face reads."""
    parts = [_front(image_set, count, extra_tags), f"# {_line(image_set.name)}\n"]
    parts.append(
        f"{count} synthetic images. No image shows a real hand: all were made by a generative model and carry "
        "the IPTC mark `trainedAlgorithmicMedia`.\n"
    )
    if image_set.note:
        parts.append(f"{image_set.note.strip()}\n")
    parts += [layout, _making(image_set), _measured(image_set, count), _terms(image_set.checkpoint)]
    return "\n".join(parts)


def _front(image_set: ImageSet, count: int, extra_tags: tuple[str, ...]) -> str:
    size = next((name for limit, name in _SIZES if count < limit), "n>1M")
    return "\n".join(
        [
            "---",
            f"pretty_name: {json.dumps(image_set.name, ensure_ascii=False)}",
            "license: other",
            f"size_categories: [{json.dumps(size)}]",
            f"tags: {json.dumps(['synthetic', 'palmsite', image_set.subject, *extra_tags])}",
            "---",
            "",
        ]
    )


def _making(image_set: ImageSet) -> str:
    lines, recipe = ["## How it was made\n"], image_set.recipe
    model = image_set.checkpoint
    if model is not None:
        lines.append(f"- model: {model.name}, sha256 `{model.sha256}`")
        if model.is_stand_in:
            lines.append(
                "- this model is an untrained stand-in: its images are noise, good for trying things out"
            )
    lines += [f"- {name}: {recipe[name]}" for name in _WISHES if name in recipe]
    if recipe.get("discriminator"):
        lines.append(f"- discriminator: sha256 `{recipe['discriminator']}`")
    if "copied_from" in recipe:
        lines.append(f"- chosen from the set {recipe['copied_from']} and numbered anew")
    lines += [f"- {name}: {recipe[name]}" for name in _PLACE if name in recipe]
    lines.append(
        "\nThe same model, seed, number and settings give the same bytes on the same machine type, torch and "
        "backend, in the same version of palmsite; elsewhere single pixels may differ by a step.\n"
    )
    return "\n".join(lines)


def _measured(image_set: ImageSet, count: int) -> str:
    told = [text for quality in _quality if (text := quality(image_set, count))]
    return "\n".join(["## How good it is\n", *(told or ["Not measured yet."]), ""])


def _terms(model: Checkpoint | None) -> str:
    header = model.header if model is not None else {}
    lines = ["## Terms\n"]
    lines.append(f"Licence of the model: {_line(header.get('licence') or 'none stated')}.\n")
    sources = header.get("lineage") or []
    if sources:
        lines.append("The model learnt from these sources, whose terms may bind what is made with it:\n")
        lines += [f"- {_source(source)}" for source in sources]
    else:
        lines.append("The model names no sources.")
    return "\n".join(lines) + "\n"


def _source(source: Any) -> str:
    if not isinstance(source, dict):
        return _line(source)
    return "; ".join(f"{name}: {_shown(value)}" for name, value in source.items() if value not in ("", None))


def _shown(value: Any) -> str:
    return (
        _line(value)
        if isinstance(value, str)
        else f"`{json.dumps(value, ensure_ascii=False, sort_keys=True)}`"
    )


def _line(text: Any) -> str:
    return " ".join(str(text).split())
