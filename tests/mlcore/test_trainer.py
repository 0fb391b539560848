"""The loop: exact resume, stops, milestones, refusals. The recipe is a real DCGAN at 8 x 8 pixels."""

import errno
import fcntl
import json
import os
import shutil
import signal
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from mlcore import checkpoint, data_order, devices, run_files
from mlcore.errors import TrainingError
from mlcore.recipes.augment import PhotoAugment
from mlcore.recipes.dcgan import Dcgan, DcganSettings
from mlcore.run_settings import RunSettings
from mlcore.trainer import PREVIEWS, Trainer

SMALL = DcganSettings(image_size=8, latent_size=4, width=4, head_width=4)


@pytest.fixture(autouse=True)
def no_board(monkeypatch):
    """TensorBoard is slow to import and has tests of its own."""
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)


class Noise:
    """Forty small random pictures."""

    def __init__(self, count=40):
        self.pixels = np.random.default_rng(5).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)

    def __len__(self):
        return len(self.pixels)

    def images(self, indices):
        return self.pixels[indices]


def make(folder, steps, *, recipe=Dcgan, settings=SMALL, **options):
    torch.manual_seed(3)
    run = {"batch": 4, "save_every": 10, "measure_every": 10, "log_every": 1} | options.pop("run", {})
    return Trainer(
        recipe(settings), Noise(), folder, RunSettings(steps=steps, **run), device="cpu", **options
    )


def weights(folder):
    return (folder / "last" / "generator.safetensors").read_bytes()


@pytest.mark.slow
def test_forty_steps_are_twenty_and_twenty_bit_for_bit(tmp_path):
    make(tmp_path / "whole", 40).train()
    make(tmp_path / "halves", 20).train()
    assert make(tmp_path / "halves", 40).train() == 40
    assert weights(tmp_path / "whole") == weights(tmp_path / "halves")
    states = [torch.load(tmp_path / name / "state.pt", weights_only=True) for name in ("whole", "halves")]
    for key in ("networks", "average"):
        for name, tensor in states[0][key].items():
            assert torch.equal(tensor, states[1][key][name]), name
    logs = [(tmp_path / name / "log.jsonl").read_text() for name in ("whole", "halves")]
    assert logs[0] == logs[1]


def test_a_run_stopped_between_saves_loses_nothing(tmp_path):
    trainer = make(tmp_path / "a", 15)
    trainer.on_step = lambda progress: trainer.stop() if progress.step == 7 else None
    assert trainer.train() == 7
    assert make(tmp_path / "a", 15).train() == 15
    make(tmp_path / "b", 15).train()
    assert weights(tmp_path / "a") == weights(tmp_path / "b")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_returns(tmp_path, number):
    trainer = make(tmp_path, 1000)
    trainer.on_step = lambda progress: os.kill(os.getpid(), number) if progress.step == 3 else None
    before = signal.getsignal(number)
    assert trainer.train() == 3
    assert signal.getsignal(number) is before
    assert torch.load(tmp_path / "state.pt", weights_only=True)["step"] == 3


def test_a_trainer_in_a_thread_leaves_signals_alone(tmp_path):
    reached = []
    thread = threading.Thread(target=lambda: reached.append(make(tmp_path, 2).train()))
    thread.start()
    thread.join()
    assert reached == [2]


def test_a_run_shorter_than_its_log_tells_how_it_ended(tmp_path):
    make(tmp_path, 3, run={"log_every": 50}).train()
    assert [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()] == [3]


def test_milestones_keep_weights_and_a_picture_and_are_never_overwritten(tmp_path):
    early = make(tmp_path, 10)
    early.on_step = lambda progress: early.stop() if progress.step == 3 else None
    early.train()
    state = (tmp_path / "state.pt").read_bytes()
    make(tmp_path, 10).train()
    picture = tmp_path / "milestones" / "step-0000010" / "samples.png"
    assert picture.exists()
    built = checkpoint.load(picture.with_name("generator.safetensors"))
    assert built.header.step == 10
    assert built.header.partner == checkpoint.file_sha256(picture.with_name("discriminator.safetensors"))
    picture.write_bytes(b"mine")
    (tmp_path / "state.pt").write_bytes(state)
    make(tmp_path, 10).train()
    assert picture.read_bytes() == b"mine"


def test_a_run_without_its_state_is_not_mixed_with_a_new_one(tmp_path):
    make(tmp_path, 10).train()
    (tmp_path / "state.pt").unlink()
    with pytest.raises(TrainingError, match=r"milestones of a run whose state.pt is gone.*another --out"):
        make(tmp_path, 10).train()


def test_two_trainings_are_not_at_work_in_one_folder_at_a_time(tmp_path):
    refused = []

    def begin_another(progress):
        with pytest.raises(
            TrainingError, match=r"Another training is at work in .* Wait for it or stop it"
        ) as told:
            make(tmp_path, 4).train()
        refused.append(told.value)

    first = make(tmp_path, 2)
    first.on_step = begin_another
    assert first.train() == 2
    assert len(refused) == 2
    assert make(tmp_path, 4).train() == 4
    assert [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()] == [
        1,
        2,
        3,
        4,
    ]


def test_a_training_that_failed_or_was_killed_leaves_the_folder_to_the_next(tmp_path):
    failing = make(tmp_path, 4)
    failing.on_step = lambda progress: 1 / 0
    with pytest.raises(ZeroDivisionError):
        failing.train()
    left = [tmp_path / name for name in ("state.part", "state.4711.part")]
    for path in left:
        path.write_bytes(b"half")
    assert make(tmp_path, 2).train() == 2
    assert not any(path.exists() for path in left)


def test_a_disk_that_knows_no_locks_is_trained_on(tmp_path, monkeypatch):
    def unknown(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unknown)
    assert make(tmp_path, 1).train() == 1


def test_a_state_is_half_written_under_a_name_of_its_process(tmp_path, monkeypatch):
    found = []
    monkeypatch.setattr(os, "fsync", lambda file: found.extend(tmp_path.glob("*.part")))
    make(tmp_path, 1).train()
    assert {path.name for path in found} == {f"state.{os.getpid()}.part"}


def test_a_log_of_a_run_that_saved_nothing_begins_anew(tmp_path):
    make(tmp_path, 3).train()
    (tmp_path / "state.pt").unlink()
    shutil.rmtree(tmp_path / "milestones")
    make(tmp_path, 2).train()
    assert [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()] == [1, 2]


def test_shipped_weights_are_the_average_in_half_precision(tmp_path):
    trainer = make(tmp_path, 10)
    trainer.train()
    shipped = checkpoint.load(tmp_path / "last" / "generator.safetensors").state
    for name, tensor in trainer.average.state_dict().items():
        expected = tensor.half().float() if tensor.is_floating_point() else tensor
        assert torch.equal(shipped[name], expected), name


def test_the_average_follows_by_its_half_life(tmp_path):
    trainer = make(tmp_path, 1, run={"average_decay": 0.75})
    for parameter in trainer.average.parameters():
        parameter.data.zero_()
    trainer.step = 1
    with torch.no_grad():
        for parameter in trainer.recipe.generator.parameters():
            parameter.fill_(1.0)
    trainer._follow()
    assert all(torch.allclose(p, torch.tensor(0.25)) for p in trainer.average.parameters())
    trainer.settings = RunSettings(batch=4, average_images=8)
    trainer.step = 1000
    trainer._follow()  # half-life of two steps: the distance shrinks by the square root of a half
    expected = torch.tensor(1 - 0.75 * 0.5**0.5)
    assert all(torch.allclose(p, expected) for p in trainer.average.parameters())


def test_nan_stops_and_keeps_the_last_good_state(tmp_path):
    class Poisoned(Dcgan):
        def step(self, batches):
            losses = super().step(batches)
            self.calls = getattr(self, "calls", 0) + 1
            return losses | {"loss_g": float("nan")} if self.calls == 13 else losses

    with pytest.raises(
        TrainingError, match=r"a number at step 12\. The last good state is kept .* from there"
    ):
        make(tmp_path, 40, recipe=Poisoned).train()
    assert torch.load(tmp_path / "state.pt", weights_only=True)["step"] == 10


def test_nan_before_the_first_save_promises_no_state(tmp_path):
    class Poisoned(Dcgan):
        def step(self, batches):
            return super().step(batches) | {"loss_g": float("nan")}

    with pytest.raises(TrainingError, match=r"Nothing was saved before it\. .*: it begins anew"):
        make(tmp_path, 40, recipe=Poisoned).train()
    assert not (tmp_path / "state.pt").exists()


@pytest.mark.parametrize("stops", [False, True])
def test_weights_that_the_last_step_broke_are_not_saved(tmp_path, stops):
    """Gradients may overflow in a step whose losses were numbers still."""

    class Overflowing(Dcgan):
        def step(self, batches):
            losses = super().step(batches)
            self.calls = getattr(self, "calls", 0) + 1
            if self.calls == (15 if stops else 20):
                with torch.no_grad():
                    next(self.networks["discriminator"].parameters())[0] = float("inf")
            return losses

    trainer = make(tmp_path, 40, recipe=Overflowing)
    if stops:
        trainer.on_step = lambda progress: trainer.stop() if progress.step == 15 else None
    with pytest.raises(TrainingError, match=r"discriminator\S* is no longer a number"):
        trainer.train()
    assert torch.load(tmp_path / "state.pt", weights_only=True)["step"] == 10


def test_a_run_goes_on_with_a_lower_rate(tmp_path):
    make(tmp_path, 10).train()
    trainer = make(tmp_path, 11, settings=replace(SMALL, rate_generator=1e-6))
    trainer.train()
    assert trainer.recipe.optimisers["generator"].param_groups[0]["lr"] == 1e-6
    assert trainer.recipe.optimisers["discriminator"].param_groups[0]["lr"] == SMALL.rate_discriminator


def test_collapse_stops_and_keeps_the_last_good_state(tmp_path):
    class Collapsing(Dcgan):
        def draw(self, generator, latents):
            made = super().draw(generator, latents)
            varied = latents[:, :1, None, None].tanh().expand_as(made)
            return varied if self.seen < 20 else torch.zeros_like(made)

        seen = 0

        def step(self, batches):
            self.seen += 1
            return super().step(batches)

    with pytest.raises(TrainingError, match="samples look alike at step 20"):
        make(tmp_path, 40, recipe=Collapsing).train()
    assert torch.load(tmp_path / "state.pt", weights_only=True)["step"] == 10


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"words"])
def test_a_torn_or_foreign_state_is_refused(tmp_path, content):
    (tmp_path / "state.pt").write_bytes(content)
    with pytest.raises(TrainingError, match="cannot be resumed from"):
        make(tmp_path, 10).train()
    assert (tmp_path / "state.pt").read_bytes() == content


@pytest.mark.parametrize("content", [[1], {"step": 3}, {"format": 1}, {"format": 1, "recipe": "dcgan"}])
def test_what_another_program_saved_with_torch_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "state.pt")
    with pytest.raises(TrainingError, match=r"is not the state of a training run\. Give another --out"):
        make(tmp_path, 10).train()


def test_a_truncated_state_is_refused(tmp_path):
    make(tmp_path, 10).train()
    whole = (tmp_path / "state.pt").read_bytes()
    (tmp_path / "state.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TrainingError, match="cannot be resumed from"):
        make(tmp_path, 20).train()


def test_a_state_of_other_sizes_or_another_recipe_is_refused(tmp_path):
    make(tmp_path, 10).train()
    with pytest.raises(TrainingError, match="other sizes"):
        make(tmp_path, 20, settings=DcganSettings(image_size=8, latent_size=5, width=4, head_width=4)).train()

    class Other(Dcgan):
        name = "other"

    with pytest.raises(TrainingError, match="made by the recipe 'dcgan', not 'other'"):
        make(tmp_path, 20, recipe=Other).train()


def test_a_full_disk_does_not_destroy_the_state_before(tmp_path, monkeypatch):
    make(tmp_path, 10).train()
    before = (tmp_path / "state.pt").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    trainer = make(tmp_path, 20)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TrainingError, match=r"could not be written .* untouched in \S*state\.pt\. Make room"):
        trainer.train()
    assert (tmp_path / "state.pt").read_bytes() == before
    assert not list(tmp_path.glob("*.part"))


def test_a_full_disk_at_the_first_save_promises_no_state_before(tmp_path):
    def full(_):
        raise OSError(28, "No space left on device")

    with (
        pytest.MonkeyPatch.context() as patched,
        pytest.raises(TrainingError, match="There is none before it") as told,
    ):
        patched.setattr(os, "fsync", full)
        run_files.write_state(tmp_path / "state.pt", {"step": 10})
    assert "untouched" not in str(told.value) and not list(tmp_path.iterdir())


def files_of(folder):
    """All that a run leaves for others, by name."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pt")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    make(folder, 4, run={"save_every": 2, "measure_every": 2}, measure=lambda sample: {"score": 1.0}).train()
    return files_of(folder)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(1, 15))
def test_a_kill_at_any_write_leaves_what_a_resume_makes_whole(tmp_path, monkeypatch, undisturbed, number):
    def one():
        run = {"save_every": 2, "measure_every": 2}
        return make(tmp_path, 4, run=run, measure=lambda sample: {"score": 1.0})

    class Killed(BaseException):
        """Nobody catches a kill."""

    written = iter(range(1, number))

    def flush(_file):
        if next(written, None) is None:
            raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(os, "fsync", flush)
        one().train()
    assert one().train() == 4
    assert files_of(tmp_path) == undisturbed


def test_a_run_that_is_said_to_end_where_it_was_stopped_ships_that_step(tmp_path):
    trainer = make(tmp_path, 15)
    trainer.on_step = lambda progress: trainer.stop() if progress.step == 12 else None
    trainer.train()
    make(tmp_path, 12).train()
    assert checkpoint.load(tmp_path / "last" / "generator.safetensors").header.step == 12


def test_best_is_kept_by_the_smallest_score(tmp_path):
    scores = iter([3.0, 1.0, 2.0])
    make(tmp_path, 30, measure=lambda sample: {"score": next(scores), "seen": float(len(sample(5)))}).train()
    assert checkpoint.load(tmp_path / "best" / "generator.safetensors").header.step == 20
    lines = [json.loads(line) for line in (tmp_path / "measures.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [10, 20, 30]


def test_it_is_measured_at_its_own_steps_and_at_the_last_whatever_is_saved_when(tmp_path):
    make(tmp_path, 17, run={"measure_every": 6}, measure=lambda _sample: {"score": 1.0}).train()
    lines = [json.loads(line) for line in (tmp_path / "measures.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [6, 12, 17]
    kept = sorted(path.name for path in (tmp_path / "milestones").iterdir())
    assert kept == ["step-0000006", "step-0000010", "step-0000012", "step-0000017"]


def test_a_resumed_run_knows_the_best_there_was(tmp_path):
    for steps, score in ((10, 1.0), (20, 3.0), (30, 2.0)):
        make(tmp_path, steps, measure=lambda _sample, found=score: {"score": found}).train()
    assert checkpoint.load(tmp_path / "best" / "generator.safetensors").header.step == 10


def test_every_picture_is_seen_once_before_any_is_seen_twice():
    order = data_order.pictures(0, 40, 0, 120)
    passes = [order[start : start + 40] for start in (0, 40, 80)]
    assert all(sorted(one) == list(range(40)) for one in passes)
    assert passes[0] != passes[1]
    assert passes[0] != data_order.pictures(1, 40, 0, 40)
    assert data_order.pictures(0, 40, 30, 20) == order[30:50]


def test_jittered_photographs_stay_in_the_range_of_their_network(tmp_path):
    photo = PhotoAugment(jitter=(0.5, 0.5, 0.5, 0.1))
    trainer = make(tmp_path, 1, settings=replace(SMALL, activation="sigmoid"), run={"photo": photo})
    batch = trainer._batch(0)
    assert 0 <= float(batch.min()) < 0.2 and 0.8 < float(batch.max()) <= 1


def test_epochs_decide_the_steps(tmp_path):
    assert make(tmp_path, 1, run={"epochs": 3}).steps == 30


def test_no_images_are_said(tmp_path):
    with pytest.raises(TrainingError, match="no images"):
        Trainer(Dcgan(SMALL), Noise(0), tmp_path, RunSettings(), device="cpu")


@pytest.mark.parametrize("name", ["tpux", "cuda:99", "xla", "hpu", "privateuseone"])
def test_a_device_that_is_not_there_is_told_with_those_that_are(name, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(TrainingError) as told:
        devices.chosen_device(name)
    assert str(told.value) == f"The device '{name}' cannot be used here. There is: cpu, cuda:0, cuda:1."


def test_samples_are_the_same_each_time_and_in_any_portion(tmp_path):
    trainer = make(tmp_path, 1)
    trainer.train()
    assert len(trainer.sample(PREVIEWS)) == PREVIEWS
    assert np.array_equal(trainer.sample(3, first=2), trainer.sample(5)[2:])
