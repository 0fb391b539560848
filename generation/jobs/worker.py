"""The life of one worker process: its row, its heartbeat, and how it leaves when asked to.

A forked child of django-q's sentinel. Imports no torch: handlers do, once they run.
"""

import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models.functions import Now

from generation.jobs.context import JobContext
from generation.jobs.errors import LeaseLost
from generation.jobs.models import Job, Worker

log = logging.getLogger(__name__)


class _Process:
    """What this process is, once `begin` has made it a worker."""

    def __init__(self) -> None:
        self.host = socket.gethostname()[:64]
        self.name = f"{self.host}:{os.getpid()}"
        self.queue: str | None = None
        self.stopping = threading.Event()
        self.context: JobContext | None = None
        self.busy = False


_me = _Process()


def name() -> str:
    """The name of this process in the rows of the jobs it claims."""
    return _me.name


def stopping() -> threading.Event:
    """Set once the process was asked to leave."""
    return _me.stopping


def begin(queue: str) -> None:
    """Make this freshly forked process a worker of the queue."""
    global _me
    _me = _Process()
    _me.queue = queue
    _me.name = f"{_me.host}:{os.getpid()}:{secrets.token_hex(4)}"
    signal.signal(signal.SIGTERM, _on_term)
    threading.Thread(target=_beat_forever, args=(_me,), name="heartbeat", daemon=True).start()


def _on_term(_signal: int, _frame: FrameType | None) -> None:
    _me.stopping.set()
    if not _me.busy:
        raise SystemExit(0)


@contextmanager
def at_work() -> Iterator[None]:
    """In here a SIGTERM waits for the end of the batch; afterwards the process leaves if it was asked to."""
    _me.busy = True
    try:
        yield
    finally:
        _me.busy = False
    if _me.stopping.is_set() and _me.queue:
        Worker.objects.filter(name=_me.name).delete()
        raise SystemExit(0)


@contextmanager
def beating(context: JobContext) -> Iterator[None]:
    """Let the heartbeat renew this attempt's lease for as long as the handler runs."""
    _me.context = context
    try:
        yield
    finally:
        _me.context = None


def hold(job: Job | None) -> None:
    """Say which job this process is at, so that the watchdog can end a process whose claim is over."""
    _write_row(_me, job_id=job and job.pk, attempt=job and job.attempt)


def _beat_forever(me: _Process) -> None:
    """Show that the process lives and renew its lease; survives a database that is away."""
    # connection is this thread's own: Django keeps one a thread.
    while True:
        try:
            _beat(me)
        except DatabaseError as error:
            log.warning("heartbeat of %s: %s", me.name, error)
            connection.close()
        # Asked to leave or not: the last batch needs its lease too.
        time.sleep(settings.PALMSITE_LEASE_SECONDS / 4)


def _beat(me: _Process) -> None:
    context = me.context
    if context is not None:
        try:
            context.beat()
        except LeaseLost:
            log.warning("%s lost the lease of job %s", me.name, context.job_id)
    _write_row(me, seen_at=Now())


def _write_row(me: _Process, **fields: Any) -> None:
    if me.queue and not Worker.objects.filter(name=me.name).update(**fields):
        Worker.objects.create(name=me.name, queue=me.queue, host=me.host, pid=os.getpid(), **fields)
