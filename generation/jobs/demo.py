"""The demo job: draws one picture of palm-like lines, tile by tile, to show that work gets done.

A tile is a function of the job's id and its number alone, so a broken-off drawing goes on where it was.
"""

import hashlib
import math
import random
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from PIL import Image, ImageDraw

from accounts.errors import TooMany
from accounts.models import User
from generation.jobs import registry, services
from generation.jobs.context import JobContext
from generation.jobs.models import Job

KIND = "demo"
TILES_A_SIDE = 6
TILES = TILES_A_SIDE**2
TILE = 64
FINER = 4
PAUSE_SECONDS = 0.25
AT_ONCE = 5
SKIN = (226, 190, 160)
CREASE = (150, 98, 74)


def register() -> None:
    """Make the demo known."""
    registry.register(
        registry.JobKind(
            name=KIND,
            handler="generation.jobs.demo.run_demo",
            title=gettext_lazy("A drawing of palm lines"),
            queue="short",
            kept=True,
        )
    )


def start(*, by: User) -> Job:
    """Ask for a drawing; a few at a time are enough for anybody."""
    if Job.objects.of(by.pk).live().filter(kind=KIND).count() >= AT_ONCE:
        raise TooMany(
            _("You have %(count)s drawings under way; wait until one is done.") % {"count": AT_ONCE},
            retry_after=10,
        )
    return services.enqueue(kind=KIND, owner=by, total=TILES)


def picture_path(job_id: object) -> Path:
    """Where the finished drawing lies."""
    return Path(settings.MEDIA_ROOT) / "jobs" / f"{job_id}.png"


def has_picture(job: Job) -> bool:
    """Whether there is something to look at."""
    return job.kind == KIND and job.state == Job.State.DONE and picture_path(job.pk).is_file()


def forget(job_ids: Iterable[UUID]) -> None:
    """Remove drawings and their tiles."""
    for path in map(picture_path, job_ids):
        path.unlink(missing_ok=True)
        shutil.rmtree(path.with_suffix(""), ignore_errors=True)


def run_demo(context: JobContext) -> None:
    """Draw the tiles, a short pause each, and keep the picture."""
    folder = picture_path(context.job_id).parent / str(context.job_id)
    folder.mkdir(parents=True, exist_ok=True)
    lines = palm_lines(str(context.job_id))
    for number in range(TILES):
        tile = folder / f"{number:02}.png"
        if not tile.exists():
            _keep(draw_tile(lines, number), tile)
            time.sleep(PAUSE_SECONDS)
        context.progress(number + 1, TILES)
    _keep(_assemble(folder), picture_path(context.job_id))
    shutil.rmtree(folder, ignore_errors=True)


def palm_lines(seed: str) -> list[list[tuple[float, float]]]:
    """The creases of one palm as curves in the unit square: three deep ones and a few fine ones."""
    # A hash of our own: the generator's seeding of strings is not promised to stay.
    random_stream = random.Random(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big"))

    def vary(x: float, y: float) -> tuple[float, float]:
        return x + random_stream.uniform(-0.04, 0.04), y + random_stream.uniform(-0.04, 0.04)

    heart = _curve(vary(0.96, 0.36), vary(0.34, 0.17), random_stream.uniform(-0.16, -0.08))
    head = _curve(vary(0.10, 0.42), vary(0.86, 0.60), random_stream.uniform(-0.10, 0.02))
    life = _curve(vary(0.10, 0.40), vary(0.36, 1.00), random_stream.uniform(-0.22, -0.14))
    return [heart, head, life, *(_fine(random_stream) for _line in range(9))]


def _fine(random_stream: random.Random) -> list[tuple[float, float]]:
    """A short crease somewhere."""
    x, y = random_stream.uniform(0.1, 0.9), random_stream.uniform(0.1, 0.9)
    angle, length = random_stream.uniform(0, math.pi), random_stream.uniform(0.08, 0.3)
    end = (x + length * math.cos(angle), y + length * math.sin(angle))
    return _curve((x, y), end, random_stream.uniform(-0.04, 0.04))


def _curve(start: tuple[float, float], end: tuple[float, float], bow: float) -> list[tuple[float, float]]:
    """From start to end, bowed to the side of the way."""
    across, down = end[0] - start[0], end[1] - start[1]
    points = []
    for step in range(61):
        along = step / 60
        aside = bow * math.sin(math.pi * along)
        points.append((start[0] + across * along - down * aside, start[1] + down * along + across * aside))
    return points


def draw_tile(lines: list[list[tuple[float, float]]], number: int) -> Image.Image:
    """One tile of the drawing, drawn large and reduced: smooth lines, and no seams."""
    tile = Image.new("RGB", (TILE * FINER, TILE * FINER), SKIN)
    pen = ImageDraw.Draw(tile)
    left, top = number % TILES_A_SIDE, number // TILES_A_SIDE
    for index, line in enumerate(lines):
        points = [
            ((x * TILES_A_SIDE - left) * TILE * FINER, (y * TILES_A_SIDE - top) * TILE * FINER)
            for x, y in line
        ]
        pen.line(points, fill=CREASE, width=(5 if index < 3 else 2) * FINER, joint="curve")
    return tile.reduce(FINER)


def _assemble(folder: Path) -> Image.Image:
    size = TILE * TILES_A_SIDE
    picture = Image.new("RGB", (size, size))
    for number in range(TILES):
        with Image.open(folder / f"{number:02}.png") as tile:
            picture.paste(tile, (number % TILES_A_SIDE * TILE, number // TILES_A_SIDE * TILE))
    return picture


def _keep(picture: Image.Image, path: Path) -> None:
    """Write beside and rename: half a file is never found under the right name."""
    unfinished = path.with_suffix(".part")
    picture.save(unfinished, format="PNG")
    unfinished.replace(path)
