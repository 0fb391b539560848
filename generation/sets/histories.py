"""Finds sets in a person's history: words, state, model, tag, order. Reads only; pages by key, not by offset."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from generation.sets import order_words, selectors, set_words
from generation.sets.models import Checkpoint, ImageSet, ImageSetQuerySet, Order

PAGE = 25
MOST_TICKED = 200
SORTS = {
    "": gettext_lazy("newest first"),
    "old": gettext_lazy("oldest first"),
    "name": gettext_lazy("by name"),
    "count": gettext_lazy("most images first"),
}
_KEYS = {"": ("pk", True), "old": ("pk", False), "name": ("name", False), "count": ("count", True)}
STATES = {
    "open": gettext_lazy("being made"),
    "done": gettext_lazy("done"),
    "stopped": gettext_lazy("stopped"),
    "failed": gettext_lazy("failed"),
}
_STATE_OF = {"stopped": "cancelled"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address of the page asks for."""

    q: str = ""
    state: str = ""
    model: str = ""
    tag: str = ""
    shared: str = ""
    sort: str = ""
    after: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        """Read an address; what means nothing is left out."""
        texts = {name: query.get(name, "").strip()[:120] for name in cls.__dataclass_fields__}
        if texts["state"] not in STATES:
            texts["state"] = ""
        if texts["sort"] not in SORTS:
            texts["sort"] = ""
        return cls(**texts)

    @property
    def is_plain(self) -> bool:
        """Whether nothing is filtered."""
        return not (self.q or self.state or self.model or self.tag or self.shared or self.after)

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
    found = _after(_filtered(base, wanted), wanted.after, field, is_falling)
    sign = "-" if is_falling else ""
    rows = list(found.order_by(f"{sign}{field}", f"{sign}pk")[: PAGE + 1])
    more, rows = len(rows) > PAGE, rows[:PAGE]
    following = wanted.query(after=_cursor(rows[-1], field)) if more else ""
    return Page(sets=rows, next=following)


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
    return made


def last_orders(sets: list[ImageSet]) -> dict[UUID, dict[str, Any]]:
    """The latest order of each set with its words, in two queries."""
    orders = selectors.with_done(Order.objects.filter(image_set__in=sets)).order_by("id")
    return {order.image_set_id: {"order": order, "chip": order_words.chip(order)} for order in orders}


def kid_of(image_set: ImageSet) -> set_words.Kid | None:
    """The headline quality, if it was measured."""
    return set_words.kid_of(image_set.quality)


def _filtered(sets: ImageSetQuerySet, wanted: Wanted) -> ImageSetQuerySet:
    if wanted.q:
        sets = sets.filter(Q(name__icontains=wanted.q) | Q(note__icontains=wanted.q) | _tagged(wanted.q))
    if wanted.tag:
        sets = sets.filter(_tagged(wanted.tag))
    if wanted.model:
        sets = sets.filter(checkpoint__name=wanted.model)
    if wanted.state:
        orders = Order.objects.filter(image_set=OuterRef("pk"))
        state = _STATE_OF.get(wanted.state, wanted.state)
        if state == "done":
            sets = sets.exclude(Exists(orders.exclude(state="done")))
        else:
            sets = sets.filter(Exists(orders.filter(state=state)))
    return sets


def _tagged(text: str) -> Q:
    # SQLite keeps JSON as ASCII text with escapes, PostgreSQL as it was written.
    return Q(tags__icontains=text) | Q(tags__icontains=json.dumps(text)[1:-1])


def _cursor(image_set: ImageSet, field: str) -> str:
    return str(image_set.pk) if field == "pk" else f"{image_set.pk}:{getattr(image_set, field)}"


def _after(sets: ImageSetQuerySet, cursor: str, field: str, is_falling: bool) -> ImageSetQuerySet:
    head, _colon, value = cursor.partition(":")
    try:
        last = UUID(head)
    except ValueError:
        return sets
    side = "lt" if is_falling else "gt"
    if field == "pk":
        return sets.filter(**{f"pk__{side}": last})
    if field == "count" and not (value.isascii() and value.isdigit() and len(value) < 10):
        return sets
    return sets.filter(Q(**{f"{field}__{side}": value}) | Q(**{field: value, f"pk__{side}": last}))
