"""The handlers of the test kinds."""

import os
import signal
import sys
import time
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from generation.jobs.errors import JobFailed
from tests.jobs.kinds.models import Effect, End

PAUSE = 0.05


def run_steps(context):
    """As many steps as the job is long; goes on behind those that are kept."""
    kept = Effect.objects.filter(job_id=context.job_id).count()
    for step in range(kept, context.total):
        time.sleep(PAUSE)
        with context.guard():
            _keep(context, step)
        context.progress(step + 1)


def _keep(context, step):
    Effect.objects.create(job_id=context.job_id, step=step, attempt=context.attempt, pid=os.getpid())


def run_raises(context):
    raise RuntimeError("on purpose")


def run_exits(context):
    raise SystemExit(3)


def run_refuses(context):
    raise JobFailed("too_dark", "The picture is too dark: %(light)s of 100.", {"light": 7})


def run_computes(context):
    """Longer than a lease without a word, as a handler deep in a computation."""
    time.sleep(2.5 * settings.PALMSITE_LEASE_SECONDS)
    with context.guard():
        _keep(context, 0)


def run_hangs(context):
    """Never looks up again, whatever is asked."""
    while True:
        time.sleep(60)


def run_deaf(context):
    """One call into a network's library that takes minutes: no signal is answered meanwhile."""
    import torch

    torch.set_num_threads(1)
    print("deaf from now on", file=sys.stderr, flush=True)
    torch.linalg.svd(torch.rand(5000, 5000))
    with context.guard():
        _keep(context, 0)


def run_torn(context):
    """Takes its worker along, every time."""
    os.kill(os.getpid(), signal.SIGKILL)


def run_jumps(context):
    """Sets every clock of its process a day ahead, works, then a day back, and works on."""
    real_time, real_now = time.time, timezone.now
    try:
        for step, days in enumerate((1, -1)):
            time.time = lambda days=days: real_time() + days * 86400
            timezone.now = lambda days=days: real_now() + timedelta(days=days)
            time.sleep(PAUSE)
            with context.guard():
                _keep(context, step)
            context.progress(step + 1, 2)
    finally:
        time.time, timezone.now = real_time, real_now


def note_end(job):
    End.objects.create(job_id=job.pk, state=job.state)


def stumble(job):
    raise RuntimeError("on_end, on purpose")
