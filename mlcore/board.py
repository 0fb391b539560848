"""Curves and samples of a run for TensorBoard, where it is installed; without it nothing happens."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlcore.images import Pixels


class Board:
    """Writes what a run logs a second time, as TensorBoard reads it."""

    def __init__(self, folder: Path | None, step: int) -> None:
        """Begin at this step: what an earlier run wrote after it is not shown. No folder, no board."""
        self._writer: Any = None
        if folder is None:
            return
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return
        self._writer = SummaryWriter(str(folder), purge_step=step + 1)

    def numbers(self, step: int, values: Mapping[str, float]) -> None:
        """One point for each name."""
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, step)

    def picture(self, step: int, name: str, pixels: Pixels) -> None:
        """A picture, H x W x 3."""
        if self._writer is not None:
            self._writer.add_image(name, pixels, step, dataformats="HWC")

    def close(self) -> None:
        """Write what waits."""
        if self._writer is not None:
            self._writer.close()
