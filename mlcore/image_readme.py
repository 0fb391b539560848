"""README.md of an archive of made images: what it holds, and the commands that make it again and verify it."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from typing import Any

from mlcore.spec import GenerationSpec, PeopleSpec

README = "README.md"


def readme(plan: Mapping[str, Any], images: int) -> str:
    """The text, from the plan of the folder alone: the same images have the same archive."""
    judge = (
        f", chosen and scored by the discriminator `{plan['discriminator']}`" if plan["discriminator"] else ""
    )
    lacking = plan["count"] - images if "count" in plan else 0
    short = f" {lacking:,} more were asked for and never looked real enough." if lacking else ""
    return f"""# {images:,} synthetic images

No image shows a real hand: a generative model made all of them.{short}

- `manifest.csv` has a row for each image: file, index, seed, score and sha256, and person and hand where it has some
- `manifest.json` says what was asked for
- checkpoint: sha256 `{plan["checkpoint"]}`{judge}
- seed: {plan["seed"]}

In the commands, CKPT is that checkpoint's file, its discriminator beside it, and DIR a new folder.

## Make it again

    {shlex.join(_command(plan))}

The bytes are the same on {plan["machine"]} with torch {plan["torch"]} and {plan["backend"]}; elsewhere single pixels
may differ by a step.

## Verify it

Put this archive into DIR as {plan["archive"]}, then:

    python -m zipfile -e DIR/{shlex.quote(plan["archive"])} DIR
    python -m mlcore generate CKPT DIR --verify
"""


def _command(plan: Mapping[str, Any]) -> list[str]:
    words = ["python", "-m", "mlcore", "generate", "CKPT", "DIR", *_wishes(plan)]
    if "openvino" in plan["backend"]:
        words += ["--backend", "openvino"]
    return [*words, "--archive", plan["archive"]]


def _wishes(plan: Mapping[str, Any]) -> Iterator[str]:
    """What was asked for, as the command line takes it: all that is not left at its default, and the seed."""
    for field in fields(PeopleSpec if "people" in plan else GenerationSpec):
        value = plan[field.name]
        if field.name == "count":
            yield str(value)
        elif field.name in ("seed", "hands") or field.default is MISSING or value != field.default:
            yield from (f"--{field.name.replace('_', '-')}", str(value))
