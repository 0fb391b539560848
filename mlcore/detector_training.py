"""Trains YOLO11 on the CPU or a GPU through ultralytics: resumable, offline, in bfloat16.

Its working files (pickles of ultralytics) stay in the run's folder; what is kept is written by `detector.py`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import torch

from mlcore import checkpoint
from mlcore.checkpoint import State
from mlcore.data import DataError
from mlcore.detector_setup import ultralytics

ultralytics()

from ultralytics.models.yolo.detect import DetectionTrainer  # noqa: E402  the door above sets its switches first
from ultralytics.nn.tasks import DetectionModel  # noqa: E402


@dataclass(frozen=True)
class Plan:
    """How long and on what; recorded in the checkpoint."""

    epochs: int = 14
    size: int = 288
    batch: int = 16
    threads: int = 1
    architecture: str = "yolo11n.yaml"
    weights: Path | None = None  # a file of ultralytics
    start: Path | None = None  # a checkpoint of an earlier round
    learning_rate: float = 0.0015
    seed: int = 0
    device: str = "cpu"


# A hand hangs into a photo from any side, so turns and mirrors are free. What is left of a photo after a turn
# keeps a tight box because labels are outlines.
AUGMENTATION = {
    "degrees": 180.0, "translate": 0.12, "scale": 0.45, "shear": 2.0, "fliplr": 0.5, "flipud": 0.5,
    "hsv_h": 0.02, "hsv_s": 0.6, "hsv_v": 0.45, "mosaic": 0.4, "mixup": 0.0,
}  # fmt: skip
OPTIMISER = {
    "optimizer": "AdamW", "lrf": 0.01, "cos_lr": True, "weight_decay": 0.0005,
    "warmup_epochs": 1.0, "warmup_bias_lr": 0.0,
}  # fmt: skip


class LeanModel(DetectionModel):
    """YOLO11 whose convolutions train in bfloat16; in the loss boxes would lose pixels to rounding."""

    def predict(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        """Run the network; what comes out is float32."""
        lean = self.training and x.device.type == "cpu" and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        x = x.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=lean):
            found = super().predict(x, *args, **kwargs)  # type: ignore[no-untyped-call]
        return _as_float32(found) if lean else found


def _as_float32(found: Any) -> Any:
    if isinstance(found, torch.Tensor):
        return found.float() if found.is_floating_point() else found
    if isinstance(found, dict):
        return {key: _as_float32(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return type(found)(_as_float32(value) for value in found)
    return found


class LeanTrainer(DetectionTrainer):
    """ultralytics' trainer with the lean model in NHWC."""

    start: State | None = None

    def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> DetectionModel:
        """Build the model for the classes of the data, with weights where there are some."""
        facts: dict[str, Any] = {"nc": self.data["nc"], "ch": self.data["channels"], "verbose": False}
        model = LeanModel(cfg, **facts)  # type: ignore[no-untyped-call]
        if weights is not None:
            model.load(weights)  # type: ignore[no-untyped-call]
        if self.start is not None:
            model.load_state_dict(self.start)
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return model


def train(
    data: Path, folder: Path, plan: Plan, on_epoch: Callable[[dict[str, Any]], None] = lambda facts: None
) -> torch.nn.Module:
    """Train, or go on where the run in this folder stopped, and return the averaged weights' model."""
    torch.set_num_threads(plan.threads)
    cv2.setNumThreads(plan.threads)
    last = folder / "yolo" / "weights" / "last.pt"
    overrides: dict[str, Any] = {
        "model": str(plan.weights or plan.architecture),
        "data": str(data),
        "epochs": plan.epochs,
        "imgsz": plan.size,
        "batch": plan.batch,
        "lr0": plan.learning_rate,
        "nbs": plan.batch,  # a step for each batch: there are few of them
        "close_mosaic": max(1, plan.epochs // 4),
        "device": plan.device,
        "seed": plan.seed,
        "project": str(folder.resolve()),
        "name": "yolo",
        "exist_ok": True,
        "amp": False,  # its check wants to fetch a model; LeanModel has its own way
        "workers": 0,
        "plots": False,
        "patience": 0,
        "verbose": False,
        **AUGMENTATION,
        **OPTIMISER,
    }
    if last.exists():
        overrides["resume"] = str(last)
        overrides["model"] = str(last)
    began = time.monotonic()

    def tell(trainer: Any) -> None:
        if trainer.epoch >= plan.epochs:
            return  # the last validation of the finished model speaks up too
        facts = {name.split("/")[-1]: round(float(value), 4) for name, value in trainer.metrics.items()}
        left = plan.epochs - trainer.epoch - 1
        pace = (time.monotonic() - began) / max(1, trainer.epoch + 1 - trainer.start_epoch)
        on_epoch(
            {"epoch": trainer.epoch + 1, "epochs": plan.epochs, "seconds_left": round(left * pace), **facts}
        )

    if not (last.exists() and _finished(last)):
        trainer = LeanTrainer(overrides=overrides)
        trainer.start = checkpoint.load(plan.start).state if plan.start else None
        trainer.add_callback("on_fit_epoch_end", tell)
        trainer.train()  # type: ignore[no-untyped-call]
    return averaged(last)


def averaged(path: Path) -> torch.nn.Module:
    """The model with averaged weights of a run's own file."""
    # Written by this program a moment ago into its own working folder; foreign files never come this way.
    kept = torch.load(path, map_location="cpu", weights_only=False)
    model = kept.get("ema") or kept.get("model")
    if not isinstance(model, torch.nn.Module):
        raise DataError(f"{path} holds no model; delete the folder and train again.")
    return model.float().eval()


def _finished(path: Path) -> bool:
    return int(torch.load(path, map_location="cpu", weights_only=False).get("epoch", -1)) < 0
