"""What a run leaves on disk: the state that an exact resume needs and that is never shipped, checkpoints for others,
lines of logs. Each file is written whole or stays as it was.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mlcore import checkpoint
from mlcore.errors import NOT_WEIGHTS, TrainingError
from mlcore.recipes.base import Recipe

STATE = "state.pt"
LOG = "log.jsonl"
MEASURES = "measures.jsonl"
MILESTONES = "milestones"
LOCK = ".lock"
FORMAT = 1
# Without these nothing can be resumed.
CONTENT = {"recipe", "step", "best", "networks", "average", "optimisers"}


@contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Whether no other training is at work in the folder; as long as `with` lasts, none will be.

    The file stays when the lock goes: were it removed, two might hold locks on two files of one name. A kill ends the
    lock too, and what was half written then is removed.
    """
    with (folder / LOCK).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_alone = True
        except BlockingIOError:
            is_alone = False
        except OSError:
            is_alone = True  # some disks in networks know no locks, and nobody is kept out there
        if is_alone:
            for left in folder.glob(f"{Path(STATE).stem}*.part"):
                left.unlink()
        yield is_alone


def write_state(path: Path, content: dict[str, Any]) -> None:
    """Write beside, flush, rename: a full disk leaves the state before."""
    partial = path.with_suffix(f".{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            torch.save({"format": FORMAT, **content}, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except (OSError, RuntimeError) as error:
        way_out = (
            f"The one before is untouched in {path}. Make room and resume."
            if path.exists()
            else f"There is none before it in {path.parent}. Make room and begin anew."
        )
        raise TrainingError(
            f"The state of step {content['step']} could not be written ({error}). {way_out}"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def read_state(path: Path, recipe: str) -> dict[str, Any]:
    """The state of a run of this recipe, or the reason why this file is none. Nothing in it is executed."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (*NOT_WEIGHTS, OSError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:120]
        raise TrainingError(
            f"{path} cannot be resumed from: it is torn or of another program ({reason}). "
            "Give another --out to start anew; the checkpoints in last/ and milestones/ are untouched."
        ) from error
    if not isinstance(state, dict) or state.get("format") != FORMAT or not state.keys() >= CONTENT:
        raise TrainingError(f"{path} is not the state of a training run. Give another --out to start anew.")
    if state["recipe"] != recipe:
        raise TrainingError(
            f"{path} was made by the recipe {state['recipe']!r}, not {recipe!r}: give another --out."
        )
    return state


def refuse_other_data(path: Path, state: dict[str, Any], data_sha256: str) -> None:
    """Checkpoints tell of the data that they are given now: a run never goes on with other data than it began with."""
    begun_with = state.get("data_sha256")  # older states do not say
    if begun_with and begun_with != data_sha256:
        raise TrainingError(
            f"{path} learned from other pictures (sha256 {begun_with[:12]}..., not {data_sha256[:12]}...): give the "
            "set it was begun with, or another --out."
        )


def refuse_remains(folder: Path) -> None:
    """A run that begins anew beside another one's milestones would mix its pictures with theirs."""
    if (folder / MILESTONES).exists():
        raise TrainingError(
            f"{folder} holds milestones of a run whose {STATE} is gone: it cannot go on, and a new run would mix its "
            "pictures with theirs. Give another --out, or move the folder away."
        )


def write_checkpoints(
    folder: Path,
    recipe: Recipe,
    average: nn.Module,
    step: int,
    metrics: dict[str, Any],
    facts: dict[str, Any],
) -> None:
    """Write the discriminator, then the generator that names it, with averaged weights in half precision."""
    partner = ""
    for kind in ("discriminator", "generator"):
        if kind not in recipe.architectures():
            continue
        network: nn.Module = average if kind == "generator" else recipe.networks[kind]
        architecture, arguments = recipe.architectures()[kind]
        own: dict[str, Any] = {}
        if kind == "generator":
            own = {
                "partner": partner,
                "metrics": metrics,
                "sampler": recipe.sampler,
                "sampler_arguments": recipe.sampler_arguments(),
            }
        header = checkpoint.Header(
            kind=kind,
            architecture=architecture,
            arguments=arguments,
            recipe=recipe.name,
            step=step,
            normalisation=recipe.normalisation,
            **own,
            **facts,
        )
        partner = checkpoint.save(
            folder / f"{kind}.safetensors", checkpoint.state_of(network), header, dtype=torch.float16
        )


def add_line(path: Path, content: dict[str, Any]) -> None:
    """One more line of JSON in a log."""
    with path.open("a", encoding="utf-8") as log:
        log.write(json.dumps(content) + "\n")


def cut_log(path: Path, step: int) -> None:
    """Drop lines after the step that a run is resumed from: they will be written again."""
    if not path.exists():
        return
    before = path.read_text(encoding="utf-8")
    whole = [line for line in before.splitlines() if line.endswith("}")]
    kept = "".join(line + "\n" for line in whole if json.loads(line)["step"] <= step)
    if kept != before:
        checkpoint.write_atomically(path, kept.encode())
