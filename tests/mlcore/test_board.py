"""TensorBoard gets what the log gets, and a run goes on without it."""

import sys
from types import ModuleType

from mlcore.board import Board

from .test_trainer import make


class Writer:
    """Stands in for TensorBoard's."""

    made: list["Writer"] = []

    def __init__(self, folder, purge_step):
        self.folder, self.purge_step, self.points, self.pictures, self.open = folder, purge_step, [], [], True
        Writer.made.append(self)

    def add_scalar(self, name, value, step):
        self.points.append((name, step))

    def add_image(self, name, pixels, step, dataformats):
        self.pictures.append((name, pixels.shape[2], step, dataformats))

    def close(self):
        self.open = False


def installed(monkeypatch):
    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer
    monkeypatch.setattr(Writer, "made", [])
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)


def test_losses_measures_and_samples_reach_the_board_and_a_resumed_run_goes_on(tmp_path, monkeypatch):
    installed(monkeypatch)
    make(tmp_path, 10, measure=lambda sample: {"score": 1.0}).train()
    make(tmp_path, 20, measure=lambda sample: {"score": 1.0}).train()
    first, second = Writer.made
    assert (first.purge_step, second.purge_step, first.open) == (1, 11, False)
    assert {step for name, step in first.points if name == "loss_d"} == set(range(1, 11))
    assert ("measures/score", 20) in second.points
    assert first.pictures == [("samples", 3, 10, "HWC")]


def test_without_tensorboard_nothing_happens(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    board = Board(tmp_path / "board", 0)
    board.numbers(1, {"loss": 1.0})
    board.close()
    assert not (tmp_path / "board").exists()
