"""Finds sets in a person's history: words, state, model, tag, order. Reads only; pages by key, not by offset."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Case, Exists, FloatField, OuterRef, Q, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from generation.sets import order_words, selectors, set_words
from generation.sets.models import Checkpoint, ImageSet, ImageSetQuerySet, Order

PAGE = 25
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1970, 9998
MOST_TICKED = 200
SORTS = {
    "": gettext_lazy("newest first"),
    "old": gettext_lazy("oldest first"),
    "name": gettext_lazy("by name"),
    "count": gettext_lazy("most images first"),
    "quality": gettext_lazy("best quality first"),
}
_KEYS = {
    "": ("pk", True),
    "old": ("pk", False),
    "name": ("name", False),
    "count": ("count", True),
    "quality": ("distance", False),
}
# Further than any kernel distance.
_UNMEASURED = 1e9
STATES = {
    "open": gettext_lazy("being made"),
    "done": gettext_lazy("done"),
    "stopped": gettext_lazy("stopped"),
    "failed": gettext_lazy("failed"),
}
# Words of the page for states of orders.
STATE_OF = {"stopped": "cancelled"}
QUALITIES = {
    "good": gettext_lazy("good or fine"),
    "weak": gettext_lazy("worrying or bad"),
    "none": gettext_lazy("not measured"),
}
# The verdicts that the evaluation room writes with a set's headline.
_CHIPS = {"good": "good", "fine": "good", "worrying": "warn", "bad": "bad"}
_VERDICTS = {"good": ("good", "fine"), "weak": ("worrying", "bad")}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address of the page asks for."""

    q: str = ""
    state: str = ""
    model: str = ""
    tag: str = ""
    quality: str = ""
    since: str = ""
    until: str = ""
    shared: str = ""
    sort: str = ""
    after: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        """Read an address; what means nothing is left out."""
        texts = {
            name: query.get(name, "").replace("\x00", "").strip()[:120] for name in cls.__dataclass_fields__
        }
        if texts["state"] not in STATES:
            texts["state"] = ""
        if texts["sort"] not in SORTS:
            texts["sort"] = ""
        if texts["quality"] not in QUALITIES:
            texts["quality"] = ""
        for name in ("since", "until"):
            if day(texts[name]) is None:
                texts[name] = ""
        return cls(**texts)

    @property
    def is_plain(self) -> bool:
        """Whether nothing is filtered."""
        return not any(value for name, value in asdict(self).items() if name != "sort")

    @property
    def has_more(self) -> bool:
        """Whether one of the filters that the page folds away is set."""
        return bool(self.quality or self.since or self.until)

    def query(self, **other: str) -> str:
        """The address with some of it changed, from the first page."""
        parts = asdict(replace(self, **{"after": "", **other}))
        return "?" + urlencode({name: value for name, value in parts.items() if value})


@dataclass(frozen=True, slots=True)
class Page:
    """Some sets and the address of the next ones."""

    sets: list[ImageSet]
    next: str


def page(user: User, wanted: Wanted) -> Page:
    """One page of what was asked for."""
    base = selectors.sets_shared_with(user) if wanted.shared else selectors.sets_of(user)
    field, is_falling = _KEYS[wanted.sort]
    found = filtered(base, wanted)
    rows, cursor = _page(
        with_distance(found) if field == "distance" else found, wanted.after, field, is_falling
    )
    return Page(sets=rows, next=wanted.query(after=cursor) if cursor else "")


def trash_page(user: User, after: str) -> Page:
    """One page of the trash, what was deleted last first."""
    rows, cursor = _page(selectors.trash_of(user), after.replace("\x00", ""), "deleted_at", True)
    return Page(sets=rows, next="?" + urlencode({"after": cursor}) if cursor else "")


def chips(user: User, wanted: Wanted) -> list[tuple[str, str, bool]]:
    """Filters as (label, address, whether it is on); a second click takes one off."""
    made = [(_("shared with me"), wanted.query(shared="" if wanted.shared else "1"), bool(wanted.shared))]
    for value, label in STATES.items():
        on = wanted.state == value
        made.append((str(label), wanted.query(state="" if on else value), on))
    used = Checkpoint.objects.filter(
        Exists(ImageSet.objects.present().filter(owner=user, checkpoint=OuterRef("pk")))
    )
    names = list(used.values_list("name", flat=True)[:8])
    for name in names if len(names) > 1 or wanted.model else []:
        on = wanted.model == name
        made.append((name, wanted.query(model="" if on else name), on))
    if wanted.tag:
        made.append((wanted.tag, wanted.query(tag=""), True))
    if wanted.quality:
        shown = _("quality: %(verdict)s") % {"verdict": QUALITIES[wanted.quality]}
        made.append((shown, wanted.query(quality=""), True))
    for name, words in (("since", _("from %(date)s")), ("until", _("until %(date)s"))):
        if date := day(getattr(wanted, name)):
            shown = words % {"date": date_format(date, "SHORT_DATE_FORMAT")}
            made.append((shown, wanted.query(**{name: ""}), True))
    return made


def last_orders(sets: list[ImageSet]) -> dict[UUID, dict[str, Any]]:
    """The latest order of each set with its words, in two queries."""
    orders = selectors.with_done(Order.objects.filter(image_set__in=sets)).order_by("id")
    return {order.image_set_id: {"order": order, "chip": order_words.chip(order)} for order in orders}


def quality_chip(image_set: ImageSet) -> str:
    """The kind of chip for its verdict."""
    return _CHIPS.get(image_set.quality.get("verdict", ""), "")


def kid_of(image_set: ImageSet) -> set_words.Kid | None:
    """The headline quality, if it was measured."""
    return set_words.kid_of(image_set.quality)


def day(text: str) -> date | None:
    """A date as browsers write it; None for anything else."""
    try:
        found = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None
    # The day after is asked for too, and a zone may lie a day before or behind.
    return found if found is not None and _FIRST_YEAR <= found.year <= _LAST_YEAR else None


def filtered(sets: ImageSetQuerySet, wanted: Wanted) -> ImageSetQuerySet:
    """The sets that fit everything that is wanted of them."""
    if wanted.q:
        sets = sets.saying(wanted.q)
    if wanted.tag:
        sets = sets.tagged(wanted.tag)
    if wanted.model:
        sets = sets.filter(checkpoint__name=wanted.model)
    if wanted.state:
        orders = Order.objects.filter(image_set=OuterRef("pk"))
        state = STATE_OF.get(wanted.state, wanted.state)
        if state == "done":
            sets = sets.exclude(Exists(orders.exclude(state="done")))
        else:
            sets = sets.filter(Exists(orders.filter(state=state)))
    if wanted.quality == "none":
        sets = sets.filter(quality__verdict__isnull=True)
    elif wanted.quality:
        sets = sets.filter(quality__verdict__in=_VERDICTS[wanted.quality])
    return sets.filter(made_between(wanted.since, wanted.until))


def made_between(since: str, until: str) -> Q:
    """Made on these days or between them, where days are given."""
    found = Q()
    if first := day(since):
        found &= Q(created_at__gte=_midnight(first))
    if last := day(until):
        found &= Q(created_at__lt=_midnight(last + timedelta(days=1)))
    return found


def with_distance(sets: ImageSetQuerySet) -> ImageSetQuerySet:
    """Sets with `distance`: their headline quality as a number that all have, the measured ones before the others."""
    is_measured = Q(quality__has_key="kid") & ~Q(quality__kid=None)
    measured = When(is_measured, then=Cast(KeyTextTransform("kid", "quality"), FloatField()))
    return sets.annotate(distance=Case(measured, default=_UNMEASURED, output_field=FloatField()))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _page(sets: ImageSetQuerySet, after: str, field: str, is_falling: bool) -> tuple[list[ImageSet], str]:
    """Some sets in the order of a field and their keys, and the cursor of the next ones."""
    sign = "-" if is_falling else ""
    order = dict.fromkeys((f"{sign}{field}", f"{sign}pk"))
    rows = list(_after(sets, after, field, is_falling).order_by(*order)[: PAGE + 1])
    more, rows = len(rows) > PAGE, rows[:PAGE]
    return rows, _cursor(rows[-1], field) if more else ""


def _cursor(image_set: ImageSet, field: str) -> str:
    value = getattr(image_set, field)
    if field == "pk":
        return str(value)
    return f"{image_set.pk}:{value.isoformat() if isinstance(value, datetime) else value}"


def _after(sets: ImageSetQuerySet, cursor: str, field: str, is_falling: bool) -> ImageSetQuerySet:
    """Those that follow a cursor; all for one that was made up."""
    head, _colon, text = cursor.partition(":")
    side = "lt" if is_falling else "gt"
    try:
        last, value = UUID(head), _VALUES.get(field, str)(text)
    except ValueError:
        return sets
    if field == "pk":
        return sets.filter(**{f"pk__{side}": last})
    return sets.filter(Q(**{f"{field}__{side}": value}) | Q(**{field: value, f"pk__{side}": last}))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError(text)
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _moment(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    if timezone.is_naive(value) or not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise ValueError(text)
    return value


# How the values in a cursor are read; what reads as none raises ValueError.
_VALUES: dict[str, Callable[[str], Any]] = {"count": _number, "distance": _finite, "deleted_at": _moment}
