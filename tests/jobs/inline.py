"""Handlers that run inside the test's own process. What they saw stands in `seen`."""

from generation.jobs.errors import JobCancelled, JobFailed, LeaseLost, WorkerStopping

seen = []


def run_nothing(context):
    seen.append(context)


def run_ten(context):
    for number in range(1, 11):
        context.progress(number, 10)


def run_raise(context):
    raise RuntimeError("on purpose")


def run_exit(context):
    raise SystemExit(1)


def run_fail(context):
    raise JobFailed("too_dark", "The picture is too dark: %(light)s of 100.", {"light": 7})


def run_cancelled(context):
    raise JobCancelled


def run_lost(context):
    raise LeaseLost


def run_stopping(context):
    raise WorkerStopping


def note(job):
    seen.append((job.state, job.code))


def stumble(job):
    raise RuntimeError("on_end, on purpose")
