"""Which kinds of work exist and who does them. Rooms register theirs in AppConfig.ready.

Functions are named by dotted strings, so that the web process never imports what only a worker needs.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.module_loading import import_string

from generation.jobs.errors import UnknownKind

if TYPE_CHECKING:
    from generation.jobs.context import JobContext
    from generation.jobs.models import Job

QUEUES = ("short", "long")

# How many seconds one attempt may take when its kind does not say.
TIME_LIMITS = {"short": 15 * 60, "long": 24 * 3600}


@dataclass(frozen=True)
class JobKind:
    """One kind of work.

    `handler` is run by a worker. `on_end` is called with the Job inside the transaction that ended it (done,
    failed or cancelled), in whichever process that happens (web, worker, watchdog), so it imports no torch;
    `on_retry` likewise when an ended job goes back to the queue. `url` says where a person sees the result.
    `time_limit` (seconds) bounds one attempt; `max_attempts` counts workers lost while at it. A job of a kind
    that is not `retryable` cannot be started again once it has ended. Rows of a kind that is `kept` are never
    swept away: they are themselves what people look at. `works` says to how many pieces of work, as people count
    them, these subjects belong; without it each job is one. `waiting` gives the subjects that stand in their room as
    waiting for such a job, each with its owner's key: where no job lives, on_end tells them that theirs was lost.
    """

    name: str
    handler: str
    title: str | Promise
    queue: str = "short"
    url: "Callable[[Job], str | None] | None" = None
    on_end: str | None = None
    on_retry: str | None = None
    time_limit: int | None = None
    max_attempts: int = 3
    retryable: bool = True
    kept: bool = False
    works: "Callable[[list[str]], int] | None" = None
    waiting: Callable[[], Iterable[tuple[object, int | None]]] | None = None

    def __post_init__(self) -> None:
        """Refuse a queue that no worker serves."""
        if self.queue not in QUEUES:
            raise ValueError(f"{self.name}: queue is {self.queue!r}; it must be one of {', '.join(QUEUES)}")

    def load_handler(self) -> "Callable[[JobContext], None]":
        """The handler itself; imports what it needs, so only workers call this."""
        handler: Callable[[JobContext], None] = import_string(self.handler)
        return handler

    def call_on_end(self, job: "Job") -> None:
        """Tell the kind's room that the job has ended."""
        if self.on_end:
            import_string(self.on_end)(job)

    def call_on_retry(self, job: "Job") -> None:
        """Tell the kind's room that the job waits again."""
        if self.on_retry:
            import_string(self.on_retry)(job)

    def limit_for(self, queue: str) -> int:
        """How many seconds one attempt may take in this queue."""
        return self.time_limit or TIME_LIMITS[queue]


_kinds: dict[str, JobKind] = {}


def register(kind: JobKind) -> None:
    """Make a kind of work known. The same name twice is an error of the program unless nothing differs."""
    known = _kinds.setdefault(kind.name, kind)
    if known.handler != kind.handler:
        raise ValueError(
            f"the job kind {kind.name!r} is registered twice: {known.handler} and {kind.handler}"
        )


def get(name: str) -> JobKind:
    """The kind of this name."""
    try:
        return _kinds[name]
    except KeyError:
        raise UnknownKind(f"no room has registered the job kind {name!r}") from None


def find(name: str) -> JobKind | None:
    """The kind of this name, or None when the room that had it is gone."""
    return _kinds.get(name)


def every() -> list[JobKind]:
    """All kinds, by name."""
    return sorted(_kinds.values(), key=lambda kind: kind.name)


def dotted_names() -> list[str]:
    """Every dotted string that the kinds carry, for the test that resolves them."""
    return [name for kind in every() for name in (kind.handler, kind.on_end, kind.on_retry) if name]
