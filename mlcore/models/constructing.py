"""A network from the name and the arguments that stand in a file: only what is registered, within bounds.

Nobody's file decides how large a network is made, or how it fails.
"""

import json
import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrizations

from mlcore import errors
from mlcore.models.registry import ARCHITECTURES

MAX_ARGUMENT = 65_536  # no width, depth or size of a network is larger
MAX_LIST = 64
_POWER_METHOD: Any = parametrizations._SpectralNorm._power_method


def construct(architecture: str, arguments: Mapping[str, Any]) -> nn.Module:
    """The registry's network with these arguments; what it does not take is refused with its reason."""
    factory = ARCHITECTURES.get(architecture)
    if factory is None:
        known = ", ".join(sorted(ARCHITECTURES))
        raise errors.UnknownArchitecture(
            f"its network {architecture!r} is not known here; known are {known}."
        )
    for name, value in arguments.items():
        _check_arguments(value, name)
    try:
        return factory(**arguments)
    except errors.MlcoreError:
        raise
    except (TypeError, ValueError, RuntimeError, ArithmeticError, LookupError, AssertionError) as error:
        raise errors.ArgumentsRefused(f"{architecture} does not take its arguments: {error}.") from error


def outline(architecture: str, arguments: Mapping[str, Any]) -> nn.Module:
    """The same network without memory: its keys, shapes and types, but no numbers."""
    return _outline(architecture, json.dumps(arguments, sort_keys=True))


@lru_cache(maxsize=32)
def _outline(architecture: str, arguments: str) -> nn.Module:
    """Kept: a network of many parts takes a while where nothing is, too."""
    with torch.device("meta"), _without_power_iterations(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*copying from a non-meta parameter.*")
        return construct(architecture, json.loads(arguments))


@contextmanager
def _without_power_iterations() -> Iterator[None]:
    """A spectral norm begins with fifteen of them. Where there are no numbers they find nothing, in seconds.

    Networks that do have numbers may be constructed in another thread meanwhile: theirs are iterated as ever.
    """
    norm: Any = parametrizations._SpectralNorm

    def iterate(self: Any, weight: torch.Tensor, iterations: int) -> None:
        if not weight.is_meta:
            _POWER_METHOD(self, weight, iterations)

    norm._power_method = iterate
    try:
        yield
    finally:
        norm._power_method = _POWER_METHOD


def _check_arguments(value: object, name: str) -> None:
    """Bound the numbers and lists that a network is constructed from."""
    if value is None or isinstance(value, bool | str):
        return
    if isinstance(value, int | float):
        if not math.isfinite(value) or abs(value) > MAX_ARGUMENT:
            raise errors.ArgumentsRefused(
                f"its argument {name} is {value}, over the limit of {MAX_ARGUMENT:,}."
            )
    elif isinstance(value, list | tuple) and len(value) <= MAX_LIST:
        for entry in value:
            _check_arguments(entry, name)
    else:
        raise errors.ArgumentsRefused(f"its argument {name} is no number, word or short list.")
