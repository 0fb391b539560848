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
    deep = [((0.1, 0.45), (0.95, 0.3)), ((0.15, 0.55), (0.9, 0.6)), ((0.3, 0.4), (0.45, 1.0))]
    fine = [
        ((random_stream.random(), random_stream.random()), (random_stream.random(), random_stream.random()))
        for _line in range(7)
    ]
    return [_curve(start, end, random_stream.uniform(-0.25, 0.25)) for start, end in deep + fine]


def _curve(start: tuple[float, float], end: tuple[float, float], bend: float) -> list[tuple[float, float]]:
    points = []
    for step in range(41):
        along = step / 40
        lift = bend * math.sin(math.pi * along)
        x = start[0] + (end[0] - start[0]) * along
        y = start[1] + (end[1] - start[1]) * along + lift
        points.append((x, y))
    return points


def draw_tile(lines: list[list[tuple[float, float]]], number: int) -> Image.Image:
    """One tile of the drawing."""
    size = TILE * TILES_A_SIDE
    left, top = number % TILES_A_SIDE * TILE, number // TILES_A_SIDE * TILE
    tile = Image.new("RGB", (TILE, TILE), SKIN)
    pen = ImageDraw.Draw(tile)
    for index, line in enumerate(lines):
        points = [(x * size - left, y * size - top) for x, y in line]
        pen.line(points, fill=CREASE, width=4 if index < 3 else 1, joint="curve")
    return tile


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
