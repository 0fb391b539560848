"""Run as a program of its own: reads the tensors of an old .pt file and writes them as safetensors.

`python -I pickle_reader.py OLD NEW`. It imports nothing of mlcore, torch is told to load weights only, and
the process has bounded memory and time, so that a hostile file can spoil nothing but this process.
"""

import json
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from pickle import UnpicklingError

MEMORY = 16 * 2**30
SECONDS = 120
DEPTH = 6
NOT_READ = 3
HOLDS_OBJECTS = 4


def flat(value: object, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, object]]:
    """Every tensor in nested dicts, by its dotted path."""
    import torch

    if isinstance(value, torch.Tensor):
        yield prefix, value
    elif isinstance(value, dict) and depth < DEPTH:
        for key, entry in value.items():
            yield from flat(entry, f"{prefix}.{key}" if prefix else str(key), depth + 1)


def main(old: str, new: str) -> int:
    """Read, check that there are tensors, write."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    with Path(old).open("rb") as file:
        if not file.read(4).startswith((b"PK\x03\x04", b"\x80")):
            sys.stderr.write("it begins like none")
            return NOT_READ
    import torch
    from safetensors.torch import save

    try:
        content = torch.load(old, map_location="cpu", weights_only=True)
    except UnpicklingError:  # torch's words advise to load it all the same, which would run what is in it
        return HOLDS_OBJECTS
    except Exception as error:  # noqa: BLE001  whatever the file makes torch raise is this file's fault
        sys.stderr.write(str(error).split("\n", 1)[0][:500])
        return NOT_READ
    tensors = {name: value.detach().contiguous().clone() for name, value in flat(content) if name}  # type: ignore[attr-defined]
    Path(new).write_bytes(save(tensors, metadata={"order": json.dumps(list(tensors))}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
