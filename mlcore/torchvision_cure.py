"""Makes `import torchvision` work beside a torch of another build; does nothing where the two match.

The torchvision wheel on PyPI is built for CUDA. Beside the CPU build of torch its compiled operators cannot be
loaded and the import fails with "operator torchvision::nms does not exist". Then the one operator that
detection needs is defined here in plain torch. torchvision.io does not work after a cure.
"""

import importlib
import sys
from functools import cache
from types import ModuleType

import torch
from torch import library


def import_torchvision() -> ModuleType:
    """Import torchvision, cured if need be."""
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    _forget()
    _define_operators()
    module = importlib.import_module("torchvision")
    extension = importlib.import_module("torchvision.extension")
    extension._has_ops = lambda: True  # type: ignore[attr-defined]
    return module


def is_cured() -> bool:
    """Whether the operators of this process are the ones defined here."""
    return _define_operators.cache_info().currsize > 0


def nms(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Indices of the boxes (N x 4, corners) that no better one overlaps by more than the threshold, best first."""
    order = scores.argsort(descending=True, stable=True)
    x1, y1, x2, y2 = boxes.float().unbind(1)
    areas = (x2 - x1) * (y2 - y1)
    kept: list[torch.Tensor] = []
    while order.numel():
        best, order = order[0], order[1:]
        kept.append(best)
        width = (torch.minimum(x2[best], x2[order]) - torch.maximum(x1[best], x1[order])).clamp(min=0)
        height = (torch.minimum(y2[best], y2[order]) - torch.maximum(y1[best], y1[order])).clamp(min=0)
        common = width * height
        order = order[common <= iou_threshold * (areas[best] + areas[order] - common)]
    return torch.stack(kept) if kept else order


def _qnms(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    return nms(boxes.dequantize(), scores.dequantize(), iou_threshold)


def _forget() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]


@cache
def _define_operators() -> None:
    """Once in the life of a process: an operator cannot be defined again."""
    for name, on, operator in (("nms", "cpu", nms), ("qnms", "default", _qnms)):
        library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.impl(f"torchvision::{name}", on, operator)
