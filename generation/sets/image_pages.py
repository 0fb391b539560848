"""Pages of a set's images by key: the same cost at any depth, and nothing twice when images come or go meanwhile."""

import base64
import binascii
import json
from dataclasses import dataclass

from django.db.models import F, FloatField, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext as _

from accounts.errors import InvalidInput
from generation.sets.models import Image
from generation.sets.selectors import odds

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
    """Where a page begins: after (or before) this value, and among equals this number."""

    backwards: bool
    value: float
    index: int


def page(
    images: QuerySet[Image], *, sort: str = "index", cursor: str = "", size: int = PAGE, scorer: str = ""
) -> ImagePage:
    """One page of `images` in the order of `sort`; images without a probability come last."""
    if sort not in SORTS:
        message = _("Sort by one of %(sorts)s.") % {"sorts": ", ".join(SORTS)}
        raise InvalidInput(message, fields={"sort": message})
    key = _read(cursor) if cursor else None
    descending = sort.startswith("-")
    backwards = key is not None and key.backwards
    ordered = _with_value(images, sort, scorer)
    if key is not None:
        ordered = ordered.filter(_beyond(key, descending))
    # Among equals the lower number comes first, whichever way the values go; sorted by number there are no equals.
    value = "-value" if descending != backwards else "value"
    rows = list(ordered.order_by(value, "-index" if backwards else "index")[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    return ImagePage(
        rows,
        next=_write(False, rows[-1]) if rows and (more or backwards) else "",
        previous=_write(True, rows[0]) if rows and key is not None and (more or not backwards) else "",
    )


def _with_value(images: QuerySet[Image], sort: str, scorer: str) -> QuerySet[Image]:
    if sort.endswith("index"):
        return images.annotate(value=F("index"))
    if not scorer and not images.filter(score__isnull=True).order_by().exists():
        return images.annotate(value=F("score"))  # the index on scores serves this
    last = -1.0 if sort.startswith("-") else 2.0
    return images.annotate(value=Coalesce(odds(scorer), Cast(Value(last), FloatField())))


def _beyond(key: _Key, descending: bool) -> Q:
    side = "lt" if descending != key.backwards else "gt"
    after = Q(index__lt=key.index) if key.backwards else Q(index__gt=key.index)
    return Q(**{f"value__{side}e": key.value}) & (Q(**{f"value__{side}": key.value}) | after)


def _write(backwards: bool, image: Image) -> str:
    value: float = image.value  # type: ignore[attr-defined]  # annotated by _with_value
    content = json.dumps([int(backwards), value, image.index], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def _read(cursor: str) -> _Key:
    try:
        if len(cursor) > 200:
            raise ValueError
        content = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=="))
        backwards, value, index = content
        if type(index) is not int or type(value) not in (int, float) or not 0 <= index < 2**31:
            raise ValueError
        return _Key(bool(backwards), value if abs(value) < 2**31 else 0.0, index)
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        message = _("This cursor leads nowhere. Take the one that the last answer gave in `next`.")
        raise InvalidInput(message, fields={"cursor": message}) from error
