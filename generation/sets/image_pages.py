"""Pages of a set's images by key: the same cost at any depth, and nothing twice when images come or go meanwhile."""

import base64
import binascii
import json
from dataclasses import dataclass

from django.db.models import FloatField, Q, QuerySet, Value
from django.utils.translation import gettext as _

from accounts.errors import InvalidInput
from generation.sets.models import Image, ImageSet
from generation.sets.selectors import odds, with_odds, without_odds

SORTS = ("index", "-index", "score", "-score")
PAGE = 60
MOST_PAGE = 500


@dataclass(frozen=True, slots=True)
class ImagePage:
    """Images with the cursors that lead on and back; empty where there is nothing."""

    images: list[Image]
    next: str
    previous: str


@dataclass(frozen=True, slots=True)
class _Key:
    """Where a page begins: after (or before) this value, among equals this number; None among those without one."""

    backwards: bool
    value: float | None
    index: int


@dataclass(frozen=True, slots=True)
class Walk:
    """A way through some images of a set: by number, or by what a scorer says, those without a probability last."""

    images: QuerySet[Image]
    image_set: ImageSet
    sort: str = "index"
    scorer: str = ""

    def page(self, cursor: str = "", size: int = PAGE) -> ImagePage:
        """So many images from where the cursor points."""
        if self.sort not in SORTS:
            message = _("Sort by one of %(sorts)s.") % {"sorts": ", ".join(SORTS)}
            raise InvalidInput(message, fields={"sort": message})
        key = _read(cursor) if cursor else None
        backwards = key is not None and key.backwards
        rows = self._rows(key, size + 1)
        more, rows = len(rows) > size, rows[:size]
        if backwards:
            rows.reverse()
        return ImagePage(
            rows,
            next=self._cursor(False, rows[-1]) if rows and (more or backwards) else "",
            previous=self._cursor(True, rows[0])
            if rows and key is not None and (more or not backwards)
            else "",
        )

    def around(self, image: Image) -> tuple[Image | None, Image | None]:
        """The images before and after this one, which need not be one of them."""
        value = None
        if not self._is_by_number:
            value = Image.objects.filter(pk=image.pk).values_list(odds(self.scorer), flat=True).first()
        before = self._rows(_Key(True, value, image.index), 1)
        after = self._rows(_Key(False, value, image.index), 1)
        return next(iter(before), None), next(iter(after), None)

    @property
    def _is_by_number(self) -> bool:
        return self.sort.endswith("index")

    def _rows(self, key: _Key | None, most: int) -> list[Image]:
        """So many from the key on, or back from it; nearest first."""
        backwards = key is not None and key.backwards
        parts = [self._numbered] if self._is_by_number else [self._with_odds, self._without_odds]
        if backwards:
            parts.reverse()
        if len(parts) > 1 and key is not None and (key.value is None) != backwards:
            del parts[0]  # the key lies beyond it
        rows: list[Image] = []
        for part in parts:
            rows += part(key, backwards)[: most - len(rows)]
            if len(rows) == most:
                break
            key = None  # the next part is walked from its end
        return rows

    def _numbered(self, key: _Key | None, backwards: bool) -> QuerySet[Image]:
        found = self.images.annotate(odds=odds(self.scorer))
        return _by_number(found, key, is_falling=self.sort.startswith("-") != backwards)

    def _with_odds(self, key: _Key | None, backwards: bool) -> QuerySet[Image]:
        is_falling = self.sort.startswith("-") != backwards
        found = with_odds(self.images, self.image_set, self.scorer)
        if key is not None:
            further = Q(**{"odds__lt" if is_falling else "odds__gt": key.value})
            equal = Q(place__lt=key.index) if backwards else Q(place__gt=key.index)
            # The first condition is where the index is entered; the second alone is a choice of two ways.
            found = found.filter(**{"odds__lte" if is_falling else "odds__gte": key.value})
            found = found.filter(further | equal)
        # Among equals the lower number comes first, whichever way the values go.
        return found.order_by("-odds" if is_falling else "odds", "-place" if backwards else "place")

    def _without_odds(self, key: _Key | None, backwards: bool) -> QuerySet[Image]:
        found = without_odds(self.images, self.scorer).annotate(odds=Value(None, FloatField()))
        return _by_number(found, key, is_falling=backwards)

    def _cursor(self, backwards: bool, image: Image) -> str:
        value: float | None = image.odds  # type: ignore[attr-defined]  # annotated by every part
        return _write(_Key(backwards, None if self._is_by_number else value, image.index))


def _by_number(images: QuerySet[Image], key: _Key | None, *, is_falling: bool) -> QuerySet[Image]:
    if key is not None:
        images = images.filter(**{"index__lt" if is_falling else "index__gt": key.index})
    return images.order_by("-index" if is_falling else "index")


def _write(key: _Key) -> str:
    content = json.dumps([int(key.backwards), key.value, key.index], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def _read(cursor: str) -> _Key:
    try:
        if len(cursor) > 200:
            raise ValueError
        content = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=="))
        backwards, value, index = content
        known = value is None or type(value) in (int, float)
        if type(index) is not int or not known or not 0 <= index < 2**31:
            raise ValueError
        # What is no number of a probability begins somewhere, but does no harm in the database.
        return _Key(bool(backwards), value if value is None or abs(value) < 2**31 else 0.0, index)
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        message = _("This cursor leads nowhere. Take the one that the last answer gave in `next`.")
        raise InvalidInput(message, fields={"cursor": message}) from error
