"""Runs a trained network by OpenVINO in single precision instead of torch: an extra, imported only when asked for."""

import sys
import warnings
from functools import cache
from typing import Any

import torch
from torch import nn

from mlcore.errors import MlcoreError


class OpenVinoMissing(MlcoreError):
    """OpenVINO was asked for and is not installed."""


class OpenVinoNetwork(nn.Module):
    """The same network behind the same call, compiled for this processor when it is first called."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self._openvino = openvino()
        self._compiled: Any = None

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        """What the network says to inputs of the shapes that it was first called with."""
        if self._compiled is None:
            self._compiled = self._compile(inputs)
        said = self._compiled([each.contiguous().numpy() for each in inputs])[0]
        return torch.from_numpy(said.copy())

    def _compile(self, inputs: tuple[torch.Tensor, ...]) -> Any:
        with torch.inference_mode(False), torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of both libraries, about each other
            examples = tuple(torch.zeros(each.shape, dtype=each.dtype) for each in inputs)
            exported = torch.export.export(self.network.eval(), examples)
            model = self._openvino.convert_model(exported)
        # Its own choice, bfloat16, is no faster here and differs by machine.
        wishes = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": torch.get_num_threads()}
        return _core().compile_model(model, "CPU", wishes)


@cache
def _core() -> Any:
    """One for the whole process, never let go.

    Each brings a stack of its own for this thread's signals and gives the memory back when it goes. Where two go in
    the order in which they came, the thread is left with memory that is gone, and the next signal ends the process.
    """
    return openvino().Core()


def openvino() -> Any:
    """The package, without the part that would report its use over the network."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino as package
    except ImportError as error:
        raise OpenVinoMissing(
            "OpenVINO is not installed: pip install -r requirements-openvino.txt, or choose the backend torch."
        ) from error
    return package


def version() -> str:
    """Which OpenVINO computes."""
    return str(openvino().__version__).split("-")[0]
