"""The door to generation: a spec and a checkpoint in, images out. It knows no rows, no settings and no files
of sets.

Image i is a function of (checkpoint sha256, seed, i and the spec's per-image fields) alone.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mlcore import checkpoint, images, scoring, zoo_index
from mlcore.errors import BadHeader, ScoringError
from mlcore.generator import BATCH, Model
from mlcore.spec import GenerationSpec

# Images that are ready and wait for one before them; bounds memory when that one needs many draws.
MAX_WAITING = 256


@dataclass(frozen=True, slots=True)
class GeneratedImage:
    """One image, RGB uint8 HWC, and the discriminator's probability that it is real (None without one)."""

    index: int
    seed: int
    score: float | None
    pixels: images.Pixels


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a call stands. `short` lists the images that never reached min_probability, with the best they
    reached.
    """

    done: int
    total: int
    drawn: int
    short: tuple[tuple[int, float], ...] = ()


def load(name_or_path: str | Path, scorer: str | Path | None = None, computing: str = "torch") -> Model:
    """A model by path or zoo name, loaded once per process and shared as long as its file stays as it is.

    `computing`, torch or openvino, is who runs the generator.
    """
    path = zoo_index.find(name_or_path).resolve()
    stat = path.stat()
    beside = Path(scorer).resolve() if scorer is not None else None
    return _load(path, beside, computing, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4)
def _load(path: Path, scorer: Path | None, computing: str, _modified: int, _size: int) -> Model:
    loaded = checkpoint.load(path)
    found = scorer
    if found is None and loaded.header.partner:
        found = zoo_index.find_by_sha256(loaded.header.partner, path)
    if found is None:
        return Model(loaded, computing=computing)
    calibration = scoring.Calibration.from_header(loaded.header.calibration)
    judge = scoring.Scorer(checkpoint.load(found), calibration if calibration.fitted else None)
    return Model(loaded, judge, computing)


def load_scorer(name_or_path: str | Path, scorer: str | Path | None = None) -> scoring.Scorer:
    """What scores images: a discriminator's file, or a generator's whose discriminator is at hand."""
    path = zoo_index.find(name_or_path)
    if checkpoint.peek(path).kind == "discriminator":
        return scoring.load(path)
    found = load(path, scorer).scorer
    if found is None:
        raise ScoringError(
            f"The discriminator of {path} is not beside it; name it with --scorer, or give it instead."
        )
    return found


@dataclass(slots=True)
class _Pending:
    """The draws of one image so far."""

    wanted: int  # draws asked for up to this round's end
    seen: int = 0
    judgement: scoring.Judgement | None = None
    pixels: images.Pixels | None = None

    @property
    def best(self) -> float | None:
        """The probability of the best one."""
        return None if self.judgement is None else self.judgement[0]

    def take(self, judgement: scoring.Judgement | None, pixels: images.Pixels) -> None:
        """Keep the better one; of equals the earlier, since draws come in order."""
        self.seen += 1
        is_better = judgement is not None and self.judgement is not None and judgement > self.judgement
        if self.pixels is None or is_better:
            self.judgement, self.pixels = judgement, pixels.copy()


def generate(
    spec: GenerationSpec,
    model: Model | str | Path,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    *,
    indices: Iterable[int] | None = None,
) -> Generator[GeneratedImage, None, Progress]:
    """Yield the spec's images in the order of their indices; returns the last Progress.

    An image that does not reach `min_probability` in `max_draws` draws is not yielded and is told in `short`.
    `indices` makes only some of the spec's images, with the same bytes.
    """
    loaded = model if isinstance(model, Model) else load(model)
    loaded.check(spec)
    wanted = list(spec.indices if indices is None else indices)
    queue: deque[tuple[int, int]] = deque()
    pending: dict[int, _Pending] = {}
    ready: dict[int, GeneratedImage | None] = {}
    short: list[tuple[int, float]] = []
    opened = emitted = drawn = 0
    progress = Progress(0, len(wanted), 0)
    while emitted < len(wanted):
        if should_stop is not None and should_stop():
            return progress
        while opened < len(wanted) and len(queue) < BATCH and len(ready) < MAX_WAITING:
            index = wanted[opened]
            pending[index] = _Pending(spec.candidates)
            queue.extend((index, draw) for draw in range(spec.candidates))
            opened += 1
        items = [queue.popleft() for _ in range(min(BATCH, len(queue)))]
        drawn += len(items)
        pixels = loaded.draw(spec, items)
        judged = loaded.scorer.judge(pixels) if loaded.scorer is not None else None
        again: list[tuple[int, int]] = []
        for place, (index, _) in enumerate(items):
            image = pending[index]
            image.take(None if judged is None else judged[place], pixels[place])
            if image.seen < image.wanted:
                continue
            if image.best is not None and image.best < spec.min_probability:
                if image.seen < spec.max_draws:
                    image.wanted = min(image.seen + spec.candidates, spec.max_draws)
                    again += [(index, draw) for draw in range(image.seen, image.wanted)]
                    continue
                short.append((index, image.best))
                ready[index] = None
            elif image.pixels is not None:
                ready[index] = GeneratedImage(index, spec.seed, image.best, image.pixels)
            del pending[index]
        queue.extendleft(reversed(again))  # older images first, so that few wait
        while emitted < len(wanted) and wanted[emitted] in ready:
            finished = ready.pop(wanted[emitted])
            emitted += 1
            if finished is not None:
                yield finished
        progress = Progress(emitted, len(wanted), drawn, tuple(short))
        if on_progress is not None:
            on_progress(progress)
    return progress


def recipe(model: Model, spec: GenerationSpec, index: int) -> dict[str, Any]:
    """What an image is a function of, and where the promise of equal bytes holds. No time, owner, set or
    count.
    """
    return {
        "checkpoint": model.sha256,
        "discriminator": model.scorer.sha256 if model.scorer is not None else "",
        "seed": spec.seed,
        "index": index,
        "candidates": spec.candidates,
        "min_probability": spec.min_probability,
        "max_draws": spec.max_draws,
        "hand": spec.hand,
        "look": spec.look,
        **model.place,
    }


def calibrate(
    model: Model, real: images.Pixels, *, people: Sequence[str] = (), seed: int = 0, count: int | None = None
) -> scoring.Calibration:
    """Fit the model's calibration on real held-out images, of these people, and as many fresh generated ones."""
    if model.scorer is None:
        raise ScoringError("There is no discriminator to calibrate; put it beside the generator.")
    spec = GenerationSpec(count=count or max(len(real), 1), seed=seed, first_index=50_000_000)
    made = np.stack([image.pixels for image in generate(spec, model)])
    return scoring.calibrate(model.scorer.verdicts(real), model.scorer.verdicts(made), people)


def store_calibration(path: Path, out: Path, calibration: scoring.Calibration) -> str:
    """Write the checkpoint again with this calibration in its header; returns the new sha256."""
    loaded = checkpoint.load(path)
    if loaded.header.kind not in ("generator", "discriminator"):
        raise BadHeader(f"A {loaded.header.kind} takes no calibration.")
    halves = all(torch.equal(t.half().float(), t) for t in loaded.state.values() if t.is_floating_point())
    header = replace(loaded.header, calibration=calibration.to_header())
    return checkpoint.save(out, loaded.state, header, dtype=torch.float16 if halves else torch.float32)
