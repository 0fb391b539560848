"""How the pages walk through a set's images: what is sorted and filtered, neighbours, histogram, runs of numbers.

Reads only. Cost does not depend on how deep one is (keys, not offsets).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import QuerySet

from generation.sets import image_pages, selection
from generation.sets.models import Image, ImageSet

PAGE = 120
STRIP = 6
# Deleted ones leave gaps: among so many first numbers six are found, or the strip is shorter.
_STRIP_WITHIN = 48


@dataclass(frozen=True, slots=True)
class Look:
    """How a person looks at a set: order and filter, as in the address of the page."""

    sort: str = "index"
    chosen: selection.Selection = selection.ALL

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Look":
        """Read an address; what it cannot mean is InvalidInput."""
        sort = query.get("sort", "index")
        return cls(sort if sort in image_pages.SORTS else "index", selection.parse(query))

    @property
    def query(self) -> str:
        """The address again, without what is the default."""
        parts = selection.as_query(self.chosen)
        if self.sort != "index":
            parts = {"sort": self.sort, **parts}
        return urlencode(parts)

    def images(self, image_set: ImageSet) -> QuerySet[Image]:
        """The images that this look shows."""
        return selection.selected(image_set, self.chosen)

    def walk(self, image_set: ImageSet) -> image_pages.Walk:
        """The way through them."""
        return image_pages.Walk(self.images(image_set), image_set, self.sort, self.chosen.scorer)


def page(image_set: ImageSet, look: Look, cursor: str = "") -> image_pages.ImagePage:
    """One page of the gallery; each image knows its `odds`: what the scorer of this look says of it."""
    return look.walk(image_set).page(cursor, PAGE)


def neighbours(image: Image, look: Look) -> tuple[Image | None, Image | None]:
    """The images before and after this one in this look."""
    return look.walk(image.image_set).around(image)


def numbers(image_set: ImageSet, look: Look) -> list[int]:
    """All numbers that this look shows, for choosing them all."""
    return list(look.images(image_set).order_by("index").values_list("index", flat=True))


def strips(sets: list[ImageSet]) -> dict[object, list[Image]]:
    """Six first pictures of each set, in one query."""
    rows = Image.objects.filter(image_set__in=sets, index__lt=_STRIP_WITHIN, deleted_at__isnull=True)
    found: dict[object, list[Image]] = {image_set.pk: [] for image_set in sets}
    for image in rows.order_by("image_set", "index").only("image_set_id", "index", "id"):
        strip = found[image.image_set_id]
        if len(strip) < STRIP:
            strip.append(image)
    return found
