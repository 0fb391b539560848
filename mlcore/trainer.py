"""The training loop: data in order, steps, averaged weights, milestones, exact resume. It knows no particular loss.

A run is a folder. `state.pt` is what a resume needs and is never shipped; `last/`, `best/` and `milestones/` hold
checkpoints in half precision; `log.jsonl` holds the losses.
"""

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from mlcore import checkpoint, data_order, devices, images, memory, noise, run_files
from mlcore.board import Board
from mlcore.errors import CheckpointError, TrainingError
from mlcore.recipes.base import Losses, Recipe
from mlcore.run_files import LOG, MEASURES, MILESTONES, STATE
from mlcore.run_settings import RunSettings
from mlcore.settling import settle
from mlcore.stopping import asked_to_stop

PREVIEWS = 36
# Pictures on 0..255 that differ by less than this between latents are one picture.
COLLAPSED = 1.0

Pixels = images.Pixels


class Pictures(Protocol):
    """Where real images come from: packed sets are, and tests bring their own."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def images(self, indices: Any) -> Pixels:
        """Some of them: uint8 NHWC RGB."""
        ...


@dataclass(frozen=True)
class Progress:
    """What `on_step` is told."""

    step: int
    steps: int
    losses: Losses


Measure = Callable[[Callable[[int], Pixels]], dict[str, float]]


class Trainer:
    """Holds models, data, recipe, device and paths; `train()` is the loop.

    `measure` judges freshly made images and returns numbers of which `score` is smallest for the best. `facts` go into
    the header of every checkpoint (lineage, licence, conditions). `data_sha256` says which pictures `data` are: a run
    does not go on with others. `on_begin` is called when the folder was accepted, before the first step.
    """

    def __init__(
        self,
        recipe: Recipe,
        data: Pictures,
        folder: Path,
        settings: RunSettings,
        *,
        device: str = "auto",
        measure: Measure | None = None,
        on_begin: Callable[[], None] = lambda: None,
        on_step: Callable[[Progress], None] | None = None,
        facts: dict[str, Any] | None = None,
        data_sha256: str = "",
    ) -> None:
        if len(data) == 0:
            raise TrainingError("There are no images to train on: prepare some first.")
        self.recipe, self.data, self.folder, self.settings = recipe, data, folder, settings
        self.measure, self.on_begin, self.on_step, self.facts = measure, on_begin, on_step, facts or {}
        self.data_sha256 = data_sha256
        self.device = devices.chosen_device(device)
        self.rank, self.world = devices.place_among_processes()
        self.per_step = settings.batch * settings.accumulate * self.world
        self.steps = (
            math.ceil(settings.epochs * len(data) / self.per_step) if settings.epochs else settings.steps
        )
        recipe.to(self.device)
        if self.device.type == "cuda":
            # On CPU the plain layout was faster for these networks; on CUDA tensor cores want channels last.
            recipe.networks.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(recipe.generator).eval().requires_grad_(False)
        self.step = 0
        self.best: float | None = None
        self.was_varied = False
        self._stopping = False
        self._board = Board(None, 0)

    def train(self) -> int:
        """Train to the last step or until told to stop; saves, and returns the step reached."""
        self.folder.mkdir(parents=True, exist_ok=True)
        memory.keep_freed_memory()
        with self._alone():
            return self._train()

    def stop(self) -> None:
        """Finish the current step, save and return from `train`."""
        self._stopping = True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other trainings out of the folder: they would mix their logs and states with these."""
        with run_files.locked(self.folder) if self.rank == 0 else nullcontext(True) as is_alone:
            if devices.any_process(not is_alone, self.world, self.device):
                raise TrainingError(
                    f"Another training is at work in {self.folder}. Wait for it or stop it, or give another --out."
                )
            yield

    def _train(self) -> int:
        self._resume()
        if self.rank == 0:
            self.on_begin()
        self._board = Board(self.folder / "tensorboard" if self.rank == 0 else None, self.step)
        devices.share_from_first(self.recipe.networks, self.world)
        began_at = self.step
        self._ship_what_lacks()
        with asked_to_stop(self.stop):
            while self.step < self.steps and not self._is_to_stop():
                losses = self._one_step()
                self._report(losses)
                if self._is_due():
                    self._keep()
            if not self._is_due() and self.step > began_at:
                self._refuse_broken()
                self._save_state()
        self._board.close()
        return self.step

    def _is_to_stop(self) -> bool:
        return devices.any_process(self._stopping, self.world, self.device)

    def _is_due(self) -> bool:
        """Whether this step is looked at and kept."""
        every = (self.settings.save_every, self.settings.measure_every if self.measure else self.steps)
        return self.step >= self.steps or any(self.step % each == 0 for each in every)

    def sample(self, count: int, first: int = 0) -> Pixels:
        """Images of the averaged weights at fixed latents: uint8 NHWC."""
        made = []
        for start in range(first, first + count, 16):
            indices = range(start, min(start + 16, first + count))
            latents = np.stack(
                [noise.latent(self.settings.seed, index, self.recipe.latent_shape) for index in indices]
            )
            with torch.inference_mode():
                made.append(
                    images.to_uint8(
                        self.recipe.draw(self.average, torch.from_numpy(latents).to(self.device)),
                        self.recipe.normalisation,
                    )
                )
        return np.concatenate(made)

    def _one_step(self) -> Losses:
        # Every step has randomness of its own, so a resumed run draws the numbers of an undisturbed one.
        torch.manual_seed(data_order.step_seed(self.settings.seed, self.step, self.rank))
        batches = [self._batch(micro) for micro in range(self.settings.accumulate)]
        losses = self.recipe.step(batches)
        wrong = [name for name, value in losses.items() if not math.isfinite(value)]
        if wrong:
            raise self._not_a_number(wrong[0])
        self.step += 1
        self._follow()
        return losses

    def _batch(self, micro: int) -> Tensor:
        """Real images by step, process and micro-batch."""
        batch = self.settings.batch
        first = ((self.step * self.settings.accumulate + micro) * self.world + self.rank) * batch
        indices = data_order.pictures(self.settings.seed, len(self.data), first, batch)
        real = images.from_uint8(self.data.images(indices), self.recipe.normalisation)
        return self.settings.photo(real.to(self.device), self.recipe.normalisation)

    def _follow(self) -> None:
        """Move the averaged weights a little towards the current ones."""
        # While few images were seen the average is over the last tenth of them: early weights are worthless.
        half_life = min(self.settings.average_images, self.step * self.per_step / 10)
        keep = self.settings.average_decay or 0.5 ** (self.per_step / half_life)
        with torch.no_grad():
            ours, theirs = self.average, self.recipe.generator
            for mine, its in zip(ours.parameters(), theirs.parameters(), strict=True):
                mine.lerp_(its, 1 - keep)
            for own, current in zip(ours.buffers(), theirs.buffers(), strict=True):
                own.copy_(current)

    def _report(self, losses: Losses) -> None:
        if self.on_step is not None:
            self.on_step(Progress(self.step, self.steps, losses))
        # The last step is told too: a short run would leave no log, and reports say how a run ended.
        is_told = self.step % self.settings.log_every == 0 or self.step == self.steps
        if self.rank == 0 and is_told:
            line = {"step": self.step, **{name: round(value, 6) for name, value in losses.items()}}
            run_files.add_line(self.folder / LOG, line)
            self._board.numbers(self.step, losses)

    def _not_a_number(self, what: str) -> TrainingError:
        state = self.folder / STATE
        kept, goes_on = (
            (f" The last good state is kept in {state}.", "goes on from there")
            if state.exists()
            else (" Nothing was saved before it.", "begins anew")
        )
        return TrainingError(
            f"{what} is no longer a number at step {self.step}.{kept} Give the same command with a lower learning "
            f"rate or --set precision=float32: it {goes_on}."
        )

    def _refuse_broken(self) -> None:
        """Weights that the last step broke never replace a good state, however well the losses before it looked."""
        for name, tensor in self.recipe.networks.state_dict().items():
            if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                raise self._not_a_number(name)

    def _keep(self) -> None:
        """Look at weights and fixed samples, then save: a broken or collapsed network never replaces a good state."""
        self._refuse_broken()
        settle(
            self.average,
            lambda latents: self.recipe.draw(self.average, latents.to(self.device)),
            self.recipe.latent_shape,
        )
        samples = self.sample(PREVIEWS)
        spread = float(samples.astype(np.float32).std(axis=0).mean())
        # Young networks make one picture too: a collapse is variety that was there and is lost.
        if spread < COLLAPSED and self.was_varied:
            raise TrainingError(
                f"All samples look alike at step {self.step} (they differ by {spread:.2f} of 255). The last good "
                f"state is kept in {self.folder / STATE}. Give the same command with stronger augmentation, a lower "
                "learning rate for the discriminator or another seed: it goes on from there."
            )
        self.was_varied = self.was_varied or spread >= COLLAPSED
        if self.rank == 0:
            # Measured first: the state knows the best that there was, and a stop in between measures this step again.
            if self.step == self.steps or self.step % self.settings.measure_every == 0:
                self._judge()
            self._save_state()
            self._save_milestone(samples)

    def _judge(self) -> None:
        if self.measure is None:
            return
        found = self.measure(lambda count: self.sample(count, first=1_000_000))
        run_files.add_line(self.folder / MEASURES, {"step": self.step, **found})
        self._board.numbers(self.step, {f"measures/{name}": value for name, value in found.items()})
        if self.best is None or found["score"] < self.best:
            self.best = found["score"]
            self.ship(self.folder / "best", {"validation": found})

    def _save_milestone(self, samples: Pixels) -> None:
        folder = self.folder / MILESTONES / f"step-{self.step:07d}"
        if not (folder / "samples.png").exists():  # a milestone is never overwritten
            self.ship(folder, {})
            sheet = images.grid(samples, 6)
            checkpoint.write_atomically(folder / "samples.png", images.encode_png(sheet))
            self._board.picture(self.step, "samples", sheet)
        self.ship(self.folder / "last", {})

    def _ship_what_lacks(self) -> None:
        """A full disk or a kill may have come after the state of a step and before its milestone or last/ was whole."""
        if self.rank or not self.step or not self._is_due():
            return
        try:
            # Its generator is what a step writes last.
            shipped = checkpoint.peek(self.folder / "last" / "generator.safetensors").step
        except CheckpointError:
            shipped = 0
        if shipped != self.step:
            self._save_milestone(self.sample(PREVIEWS))

    def ship(self, folder: Path, metrics: dict[str, Any]) -> None:
        """Write the checkpoints that others use."""
        run_files.write_checkpoints(folder, self.recipe, self.average, self.step, metrics, self.facts)

    def _save_state(self) -> None:
        if self.rank:
            return
        run_files.write_state(
            self.folder / STATE,
            {
                "recipe": self.recipe.name,
                "data_sha256": self.data_sha256,
                "step": self.step,
                "best": self.best,
                "was_varied": self.was_varied,
                "networks": self.recipe.networks.state_dict(),
                "average": self.average.state_dict(),
                "optimisers": {name: each.state_dict() for name, each in self.recipe.optimisers.items()},
            },
        )

    def _resume(self) -> None:
        path = self.folder / STATE
        if not path.exists():
            run_files.refuse_remains(self.folder)
            self._cut_logs()
            return
        state = run_files.read_state(path, self.recipe.name)
        run_files.refuse_other_data(path, state, self.data_sha256)
        try:
            self.recipe.networks.load_state_dict(state["networks"])
            self.average.load_state_dict(state["average"])
        except RuntimeError as error:
            raise TrainingError(
                f"{path} belongs to networks of other sizes. Use the settings it was begun with or give another "
                f"--out. ({str(error).splitlines()[0]})"
            ) from error
        for name, optimiser in self.recipe.optimisers.items():
            rates = [group["lr"] for group in optimiser.param_groups]
            optimiser.load_state_dict(state["optimisers"][name])
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate  # as the settings say now: a run that broke goes on with a lower one
        self.step, self.best = state["step"], state["best"]
        self.was_varied = state.get("was_varied", False)
        self._cut_logs()

    def _cut_logs(self) -> None:
        if self.rank == 0:
            for name in (LOG, MEASURES):
                run_files.cut_log(self.folder / name, self.step)
