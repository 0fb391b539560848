"""What a handler holds while it works: what the job is, and the only ways to report, to stop and to write."""

import math
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from generation.jobs import services
from generation.jobs.errors import JobCancelled, LeaseLost, WorkerStopping
from generation.jobs.leases import Claim
from generation.jobs.models import Job

RATE_MEMORY_SECONDS = 10.0


class JobContext:
    """One attempt at one job. Made by the runner; the handler only uses it."""

    def __init__(self, job: Job, *, stopping: threading.Event | None = None) -> None:
        self.job_id: uuid.UUID = job.pk
        self.kind: str = job.kind
        self.owner_id: int = job.owner_id
        self.subject_id: str = job.subject_id
        self.attempt: int = job.attempt
        self.total: int = job.total
        self.request_id: str = job.request_id
        self.claim = Claim.of(job)
        self._stopping = stopping or threading.Event()
        self._cancelled = threading.Event()
        self._lost = threading.Event()
        self._rate: float | None = None
        self._last: tuple[int, float] | None = None

    def progress(
        self, done: int, total: int | None = None, message: str = "", params: dict[str, Any] | None = None
    ) -> None:
        """Report work that is kept, renew the lease and look whether to go on: if not, raise a BaseJobSignal.

        `message` is a msgid. Call it after every batch, when nothing half-done is in hand.
        """
        self.total = self.total if total is None else total
        fields: dict[str, Any] = {
            "done": min(done, self.total) if self.total else done,
            "total": self.total,
            "rate": self._measure(done),
        }
        if message:
            fields |= {"message": message, "message_params": params or {}}
        self._renew(fields)
        self.check()

    def check(self) -> None:
        """Raise when the handler has to stop; costs nothing, as the heartbeat looks at the database."""
        if self._lost.is_set():
            raise LeaseLost(f"attempt {self.attempt} at {self.job_id} is no longer ours")
        if self._cancelled.is_set():
            raise JobCancelled(f"{self.job_id} is to stop")
        if self._stopping.is_set():
            raise WorkerStopping(f"the worker of {self.job_id} is to leave")

    @contextmanager
    def guard(self) -> Iterator[None]:
        """A transaction that holds the claim: what is written in it is kept only if the job is still ours."""
        with transaction.atomic():
            self._renew({})
            yield

    def beat(self) -> None:
        """Renew the lease while the handler computes. Called by the heartbeat's thread, never by handlers."""
        self._renew({})

    def _renew(self, fields: dict[str, Any]) -> None:
        try:
            if services.renew(self.claim, **fields):
                self._cancelled.set()
        except LeaseLost:
            self._lost.set()
            raise

    def _measure(self, done: int) -> float | None:
        """Items a second, older ones forgotten over ten seconds; by a clock that nobody can set."""
        now = time.monotonic()
        if self._last is not None and now > self._last[1] and done > self._last[0]:
            elapsed = now - self._last[1]
            latest = (done - self._last[0]) / elapsed
            keep = math.exp(-elapsed / RATE_MEMORY_SECONDS) if self._rate is not None else 0.0
            self._rate = keep * (self._rate or 0.0) + (1 - keep) * latest
        if self._last is None or done != self._last[0]:
            self._last = (done, now)
        return self._rate
