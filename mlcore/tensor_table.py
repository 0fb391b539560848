"""The table at the start of a safetensors file, checked before a tensor is made. Bytes in, refusals out.

A file from a stranger may claim anything: lengths, shapes and types are compared with what is there.
"""

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

from mlcore import errors

MAX_HEADER = 2 * 2**20
DTYPES = {"F32": 4, "F16": 2, "BF16": 2, "I64": 8}


def read_table(data: bytes, size: int | None = None) -> tuple[dict[str, Any], int]:
    """The JSON table at the file's start and its length; tells pickles and foreign files by their first
    bytes.
    """
    size = len(data) if size is None else size
    # A safetensors file may begin with these bytes too, as part of a length: it has a brace after eight of them.
    if data[8:9] != b"{" and (data[:4] == b"PK\x03\x04" or data[:1] == b"\x80"):
        raise errors.PickleRefused(
            "it is a pickle (.pt, .pth or .ckpt), which can run code when read; "
            "turn it into a checkpoint with python -m mlcore convert."
        )
    if size < 10:
        raise errors.Truncated(f"it has only {size} bytes.")
    length = struct.unpack("<Q", data[:8])[0]
    if data[8:9] != b"{":
        raise errors.NotACheckpoint("it is not a safetensors file.")
    if length > MAX_HEADER:
        raise errors.HeaderTooLarge(f"its header has {length:,} bytes, over the limit of {MAX_HEADER:,}.")
    if 8 + length > size:
        raise errors.Truncated(f"its header should have {length:,} bytes and the file ends before.")
    try:
        table = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise errors.NotACheckpoint(f"its table of tensors is no JSON ({error}).") from error
    if not isinstance(table, dict):
        raise errors.NotACheckpoint("its table of tensors is no JSON object.")
    return table, length


def check_extent(table: Mapping[str, Any], available: int) -> None:
    """Compare where the tensors should end with where the file ends."""
    end = 0
    for key, entry in table.items():
        if key == "__metadata__":
            continue
        try:
            kind, shape, (start, stop) = entry["dtype"], entry["shape"], entry["data_offsets"]
            sizes = [*shape, start, stop]
        except (TypeError, KeyError, ValueError) as error:
            raise errors.NotACheckpoint(f"the entry of {key} is not sound.") from error
        if kind not in DTYPES:
            raise errors.DtypeDiffers(f"{key} is of type {kind}; weights are {', '.join(DTYPES)}.")
        if any(isinstance(number, bool) or not isinstance(number, int) or number < 0 for number in sizes):
            raise errors.NotACheckpoint(f"the entry of {key} is not sound.")
        if stop - start != math.prod(shape) * DTYPES[kind]:
            raise errors.ShapeDiffers(f"{key} of shape {shape} does not fill its {stop - start:,} bytes.")
        end = max(end, stop)
    if end > available:
        raise errors.Truncated(f"it ends {end - available:,} bytes before its tensors do; copy it again.")
    if end < available:
        raise errors.TrailingBytes(f"{available - end:,} bytes follow its tensors, which no checkpoint has.")
