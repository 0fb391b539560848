"""How far an order is, in numbers: what pages say in words and the API answers. Reads only."""

from dataclasses import dataclass

from generation.jobs import selectors as jobs
from generation.jobs.models import Job
from generation.sets.models import Order


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of an order's jobs. `waiting` is the first of them while none runs."""

    is_running: bool = False
    rate: float | None = None
    seconds_left: int | None = None
    waiting: Job | None = None
    is_stopping: bool = False

    @property
    def place(self) -> int | None:
        """How many orders of other people come first, while it waits."""
        return jobs.works_before(self.waiting) if self.waiting else None


def of(order: Order) -> Progress:
    """What can be said of an order that has `done` (selectors.with_done); of one that has ended, nothing."""
    if not order.is_live:
        return Progress()
    live = list(Job.objects.filter(pk__in=order.chunks.values("job"), state__in=Job.LIVE).order_by("pk"))
    running = [job for job in live if job.state == Job.State.RUNNING]
    if not running:
        return Progress(waiting=live[0] if live else None)
    rate = sum(job.rate for job in running if job.rate) or None
    return Progress(
        is_running=True,
        rate=rate,
        seconds_left=_seconds_left(order, rate),
        is_stopping=any(job.is_stopping for job in running),
    )


def _seconds_left(order: Order, rate: float | None) -> int | None:
    """At the present rate, or before there is one at the speed that verification measured."""
    left: int = order.wish.count - order.done  # type: ignore[attr-defined]  # annotated by selectors.with_done
    each = 1 / rate if rate else (order.checkpoint.seconds_per_image or 0) * order.wish.candidates
    return max(1, round(left * each)) if each else None
