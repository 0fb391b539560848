"""What a nudge sets off in a worker: claim the next job, run its handler, write how it ended."""

import logging

from django.db import InterfaceError, OperationalError, connection

from accounts import request_id
from generation.jobs import messages, registry, services, worker
from generation.jobs.context import JobContext
from generation.jobs.errors import JobCancelled, JobFailed, LeaseLost, UnknownKind, WorkerStopping
from generation.jobs.models import Job
from generation.jobs.queue import nudge

log = logging.getLogger(__name__)


def run_next(queue: str) -> None:
    """Run one job of the queue, if one waits, and send the next nudge if more do."""
    with worker.at_work():
        if worker.stopping().is_set():
            return
        job = services.claim(queue=queue, worker=worker.name())
        if job is None:
            return
        worker.hold(job)
        _nudge_if_work_is_left(queue)
        try:
            with request_id.within(job.request_id):
                _run(job)
            worker.hold(None)
            _nudge_if_work_is_left(queue)
        except (OperationalError, InterfaceError):
            # The database went away under us. The lease runs out, and the reaper gives the job to another.
            log.exception("job %s: the database does not answer; its lease will run out", job.pk)
            connection.close()


def _nudge_if_work_is_left(queue: str) -> None:
    if Job.objects.queued(queue).exists():
        nudge(queue)


def _run(job: Job) -> None:
    context = JobContext(job, stopping=worker.stopping())
    claim = context.claim
    log.info("job %s: %s, attempt %s", job.pk, job.kind, job.attempt)
    try:
        with worker.beating(context):
            # Loading counts as work: on a busy machine torch alone takes longer than a lease.
            handler = registry.get(job.kind).load_handler()
            handler(context)
        services.finish(claim)
    except JobCancelled:
        services.stop(claim)
    except WorkerStopping:
        services.release(claim)
    except LeaseLost:
        log.warning("job %s: attempt %s is no longer ours; it wrote nothing more", job.pk, job.attempt)
    except JobFailed as failure:
        services.fail(claim, failure.code, failure.message, failure.params)
    except UnknownKind:
        services.fail(claim, "unknown_kind", messages.UNKNOWN)
    except (OperationalError, InterfaceError):
        raise
    except (Exception, SystemExit):
        # SystemExit too: a library that calls sys.exit must not take the worker along.
        log.exception("job %s: %s crashed", job.pk, job.kind)
        services.fail(claim, "crashed", messages.CRASHED)
