"""From an order to a folder of images that can be gone on with.

An order is a model with a spec: single images, people, or one person. Nothing is printed here but the progress.
"""

import errno
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from mlcore import engine, image_folder, people
from mlcore.errors import OutputError
from mlcore.generator import Model
from mlcore.image_folder import ImageFolder, Place
from mlcore.spec import GenerationSpec, PeopleSpec
from mlcore.terminal import ProgressLine, say

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
Images = Generator[engine.GeneratedImage, None, engine.Progress]


class Order(Protocol):
    """What is to be made, with what, and where each image goes."""

    layout: str
    growing: str  # what may be asked for more of in the same folder, "" where nothing may

    @property
    def model(self) -> Model:
        """Whose images they are."""

    @property
    def spec(self) -> GenerationSpec | PeopleSpec:
        """What was asked for."""

    @property
    def may_fall_short(self) -> bool:
        """Whether some of its images may never be likely enough to be kept."""

    def indices(self) -> range:
        """The indices of all its images."""

    def images(
        self, indices: Iterable[int], on_progress: Callable[[engine.Progress], None] | None = None
    ) -> Images:
        """Make some of them."""

    def recipe(self, index: int) -> dict[str, Any]:
        """What is written into the file of an image."""

    def place(self, index: int) -> Place:
        """Where an image goes."""


@dataclass(frozen=True)
class Singles:
    """Images that belong to nobody: 000000.png and on."""

    model: Model
    spec: GenerationSpec
    layout = "images"
    growing = ""

    @property
    def may_fall_short(self) -> bool:
        """Whether a probability must be reached."""
        return self.spec.min_probability > 0

    def indices(self) -> range:
        """The spec's."""
        return self.spec.indices

    def images(
        self, indices: Iterable[int], on_progress: Callable[[engine.Progress], None] | None = None
    ) -> Images:
        """Make some of them."""
        return engine.generate(self.spec, self.model, on_progress, indices=indices)

    def recipe(self, index: int) -> dict[str, Any]:
        """What is written into the file of an image."""
        return engine.recipe(self.model, self.spec, index)

    def place(self, index: int) -> Place:
        """Where an image goes."""
        return image_folder.alone(index)


@dataclass(frozen=True)
class People:
    """Images of people: p0000/left/000.png and on."""

    model: Model
    spec: PeopleSpec
    layout = "people"
    growing = ""
    may_fall_short = False

    def indices(self) -> range:
        """All of them."""
        return range(self.spec.count)

    def images(
        self, indices: Iterable[int], on_progress: Callable[[engine.Progress], None] | None = None
    ) -> Images:
        """Make some of them."""
        made = yield from people.generate(self.spec, self.model, on_progress, indices=indices)
        return made

    def recipe(self, index: int) -> dict[str, Any]:
        """What is written into the file of an image."""
        return people.recipe(self.model, self.spec, index)

    def place(self, index: int) -> Place:
        """Where an image goes, and whose it is."""
        person, hand, image = people.place(self.spec, self.model, index)
        return Place(f"p{person:04d}/{hand}/{image:03d}.png", f"p{person:04d}", hand)


@dataclass(frozen=True)
class OnePerson(People):
    """Images of one palm: base_palm.png, variation_1.png and on."""

    layout = "person"
    growing = "images"

    def place(self, index: int) -> Place:
        """Where an image goes, and whose it is."""
        place = super().place(index)
        return Place(f"variation_{index}.png" if index else "base_palm.png", place.person, place.hand)


ORDERS: dict[str, tuple[Callable[[Model, Any], Order], type[Any]]] = {
    Singles.layout: (Singles, GenerationSpec),
    People.layout: (People, PeopleSpec),
    OnePerson.layout: (OnePerson, PeopleSpec),
}


@dataclass(frozen=True)
class Made:
    """What stands in a folder now, how much of it is new, and where the making ended."""

    order: Order
    images: int
    new: int
    progress: engine.Progress
    archive: Path | None


def make(order: Order, folder: Path, archive: Path | None = None, *, is_quiet: bool = False) -> Made:
    """Make what is missing in the folder, or in `archive` inside it."""
    order.model.check(order.spec)
    packed = image_folder.archive_in(folder, archive) if archive is not None else None
    plan = plan_of(order, packed)
    progress = engine.Progress(0, 0, 0)
    if packed is not None and packed.is_file() and image_folder.read_plan(folder) == plan:
        if not is_quiet:
            say(f"{packed} is there already; --verify checks it.")
        return Made(order, len(image_folder.read_manifest(folder)), 0, progress, packed)
    with _told_of_no_room(folder), ImageFolder(folder, plan, order.place, order.growing) as written:
        missing = [index for index in order.indices() if index not in written.rows]
        line = ProgressLine("made", len(missing), quiet=is_quiet)

        def on_progress(now: engine.Progress) -> None:
            """Show the line and remember the shortfall."""
            nonlocal progress
            progress = now
            line.show(now.done, f"  {len(now.short)} short" if now.short else "")

        for image in order.images(missing, on_progress):
            written.add(image, order.recipe(image.index))
        written.flush()
        line.close()
        made = len(written.rows)
    if packed is not None:
        with _told_of_no_room(folder):
            image_folder.pack(folder, packed)
    return Made(order, made, len(missing), progress, packed)


@contextmanager
def _told_of_no_room(folder: Path) -> Iterator[None]:
    """A disk that fills up says neither where nor that nothing is lost."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise OutputError(
            f"{error.filename or folder} cannot be written: {error.strerror or error}. The images before it are kept; "
            "make room, and the same call goes on."
        ) from error


def plan_of(order: Order, archive: Path | None) -> dict[str, Any]:
    """What a folder is begun with and must be gone on with."""
    scorer = order.model.scorer
    return {
        "format": 1,
        "layout": order.layout,
        "checkpoint": order.model.sha256,
        "discriminator": scorer.sha256 if scorer is not None else "",
        "archive": archive.name if archive is not None else "",
        **asdict(order.spec),
        **order.model.place,
    }
