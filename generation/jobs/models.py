"""One row a job, one row an owner's turn, one row a worker. The row is the truth; messages are only nudges.

Fields, constraints, querysets and pure properties. Nothing here changes a state (see services), and
what must not be the constraints make impossible to write.
"""

import time
import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from generation.jobs import registry
from generation.jobs.wording import said

__all__ = ["Job", "Turn", "Worker"]


def new_id() -> uuid.UUID:
    """A UUID of version 7: random, yet in the order in which jobs were made (to 244 ns)."""
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    fraction = rest * 4096 // 1_000_000
    value = (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62
    return uuid.UUID(int=value | (uuid.uuid4().int & (2**62 - 1)))


class JobQuerySet(models.QuerySet["Job"]):
    """The parts of the table that people and workers ask for."""

    def of(self, owner_id: int | None) -> Self:
        """Jobs of one person."""
        return self.filter(owner_id=owner_id)

    def queued(self, queue: str) -> Self:
        """Jobs that wait in a queue."""
        return self.filter(queue=queue, state=Job.State.QUEUED)

    def live(self) -> Self:
        """Jobs that wait or run."""
        return self.filter(state__in=Job.LIVE)

    def claimed(self, job_id: uuid.UUID, attempt: int) -> Self:
        """The job, as long as this claim on it holds."""
        return self.filter(pk=job_id, state=Job.State.RUNNING, attempt=attempt)

    def expired(self) -> Self:
        """Running jobs whose worker has not been heard of in time, by the database's clock."""
        return self.filter(state=Job.State.RUNNING, lease_until__lt=Now())


class Job(models.Model):
    """One piece of long work of one person.

    `attempt` is the fence: it only grows, and a worker writes only under its own.
    """

    class State(models.TextChoices):
        """Where a job is in its life."""

        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("stopped")

    class Queue(models.TextChoices):
        """Which workers take it: those for seconds or those for hours."""

        SHORT = "short", _("short")
        LONG = "long", _("long")

    LIVE: ClassVar = (State.QUEUED, State.RUNNING)
    ENDED: ClassVar = (State.DONE, State.FAILED, State.CANCELLED)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(_("kind"), max_length=64)
    subject_id = models.CharField(_("subject"), max_length=64, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="jobs", verbose_name=_("owner")
    )
    queue = models.CharField(_("queue"), max_length=8, choices=Queue)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.QUEUED)
    code = models.CharField(_("code"), max_length=64, blank=True)
    message = models.TextField(_("message"), blank=True)
    message_params = models.JSONField(default=dict, blank=True)

    done = models.PositiveBigIntegerField(_("done"), default=0)
    total = models.PositiveBigIntegerField(_("of"), default=0)
    # The most that `done` ever was: an attempt that starts over comes no further by doing the same again.
    furthest = models.PositiveBigIntegerField(_("furthest"), default=0)
    rate = models.FloatField(_("a second"), null=True, blank=True)

    attempt = models.PositiveIntegerField(_("attempt"), default=0)
    lost = models.PositiveSmallIntegerField(_("workers lost"), default=0)
    max_attempts = models.PositiveSmallIntegerField(_("most workers lost"), default=3)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    worker = models.CharField(_("worker"), max_length=128, blank=True)
    cancel_requested_at = models.DateTimeField(_("stop asked for"), null=True, blank=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True, db_index=True)

    created_at = models.DateTimeField(_("asked for"), db_default=Now())
    queued_at = models.DateTimeField(_("waiting since"), db_default=Now())
    started_at = models.DateTimeField(_("first begun"), null=True, blank=True)
    claimed_at = models.DateTimeField(_("taken up"), null=True, blank=True)
    finished_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["queue", "state", "owner", "id"], name="jobs_next"),
            models.Index(fields=["owner", "-id"], name="jobs_of_owner"),
            models.Index(fields=["kind", "subject_id"], name="jobs_of_subject"),
            models.Index(fields=["lease_until"], condition=Q(state="running"), name="jobs_leases"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "done", "failed", "cancelled"]),
                name="jobs_state_known",
            ),
            models.CheckConstraint(condition=Q(queue__in=registry.QUEUES), name="jobs_queue_known"),
            models.CheckConstraint(
                condition=(
                    Q(state="running", lease_until__isnull=False, claimed_at__isnull=False, attempt__gte=1)
                    & ~Q(worker="")
                )
                | (~Q(state="running") & Q(lease_until__isnull=True, worker="")),
                name="jobs_lease_while_running",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["done", "failed", "cancelled"], finished_at__isnull=False)
                | (Q(state__in=["queued", "running"]) & Q(finished_at__isnull=True)),
                name="jobs_finished_when_ended",
            ),
            models.CheckConstraint(condition=~Q(state="failed", code=""), name="jobs_failed_says_why"),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(attempt__gte=1), name="jobs_done_was_attempted"
            ),
            models.CheckConstraint(
                condition=~Q(state="queued") | Q(cancel_requested_at__isnull=True),
                name="jobs_queued_is_wanted",
            ),
            models.CheckConstraint(
                condition=Q(total=0) | Q(done__lte=F("total")), name="jobs_done_within_total"
            ),
            models.CheckConstraint(
                condition=Q(lost__lte=F("max_attempts"), max_attempts__gte=1), name="jobs_lost_within_limit"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id} ({self.state})"

    @property
    def is_live(self) -> bool:
        """Whether it waits or runs."""
        return self.state in self.LIVE

    @property
    def is_stopping(self) -> bool:
        """Whether somebody asked to stop it and the worker has not yet answered."""
        return self.state == self.State.RUNNING and self.cancel_requested_at is not None

    @property
    def title(self) -> str:
        """What the job does, in the reader's language."""
        kind = registry.find(self.kind)
        return str(kind.title) if kind else self.kind

    @property
    def text(self) -> str:
        """The message for people, in the reader's language."""
        return said(self.message, self.message_params)

    @property
    def url(self) -> str | None:
        """Where the result can be seen, if it has a page."""
        kind = registry.find(self.kind)
        return kind.url(self) if kind and kind.url else None

    @property
    def percent(self) -> int | None:
        """Done of total in whole percent, rounded down; None when the total is not known."""
        return self.done * 100 // self.total if self.total else None

    @property
    def seconds_left(self) -> int | None:
        """How long the rest takes at the present rate, at least a second; None when that cannot be said."""
        if self.state != self.State.RUNNING or not self.total or not self.rate:
            return None
        return max(1, round((self.total - self.done) / self.rate))


class Turn(models.Model):
    """When an owner was last served in a queue. Numbers, not times: no clock can jump them."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    queue = models.CharField(max_length=8, choices=Job.Queue)
    number = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("turn")
        verbose_name_plural = _("turns")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "queue"], name="jobs_one_turn_an_owner"),
        ]
        indexes: ClassVar = [models.Index(fields=["queue", "number"], name="jobs_turns")]

    def __str__(self) -> str:
        return f"{self.owner_id} {self.queue} {self.number}"


class Worker(models.Model):
    """A living worker process and its claim. Written by the worker, read by the watchdog and /healthz."""

    name = models.CharField(primary_key=True, max_length=128)
    queue = models.CharField(max_length=8, choices=Job.Queue)
    host = models.CharField(max_length=64)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())
    job_id = models.UUIDField(null=True, blank=True)
    attempt = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(job_id__isnull=True, attempt__isnull=True)
                | Q(job_id__isnull=False, attempt__isnull=False),
                name="jobs_worker_claim_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.name
