"""What the pages say of an order: how far it is, how long it still takes, where it stands in the queue. Reads only."""

from django.utils.translation import gettext as _

from generation.jobs import selectors as jobs
from generation.jobs import words
from generation.sets import figures, order_progress
from generation.sets.models import Order

CHIPS = {
    Order.State.DONE: "good",
    Order.State.FAILED: "bad",
    Order.State.CANCELLED: "warn",
    Order.State.OPEN: "live",
}


def chip(order: Order) -> str:
    """The kind of chip for its state."""
    return CHIPS.get(Order.State(order.state), "")


def state(order: Order) -> str:
    """The state as the bar shows it."""
    return "running" if order.is_live else order.state


def progress(order: Order) -> str:
    """Under the bar: "132 of 200, 3 a second, 25 s left" or "0 of 200, you are next after 1 order of others"."""
    done: int = order.done  # type: ignore[attr-defined]  # annotated by selectors.with_done
    total = order.wish.count
    parts = [_("%(done)s of %(total)s") % {"done": figures.grouped(done), "total": figures.grouped(total)}]
    if order.is_live:
        parts.append(_what_next(order))
    return ", ".join(part for part in parts if part)


def _what_next(order: Order) -> str:
    progress = order_progress.of(order)
    if progress.is_stopping:
        return _("stopping after what is in hand")
    if progress.waiting:
        return jobs.place_in_words(progress.waiting)
    if progress.seconds_left is None:
        return _("beginning") if progress.is_running else ""
    left = words.time_left(progress.seconds_left)
    return f"{_pace(progress.rate)}, {left}" if progress.rate else left


def _pace(rate: float) -> str:
    if rate >= 1:
        return _("%(n)s a second") % {"n": figures.grouped(round(rate))}
    return _("%(n)s a minute") % {"n": figures.grouped(max(1, round(60 * rate)))}
