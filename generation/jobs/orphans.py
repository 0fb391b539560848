"""Things that say they wait for a job while no job lives that could end them: their room is told so.

A job that ends tells its room in the same transaction. Where the room could not listen, or the row of the job has gone
since, the thing would wait for ever, hold its place in a limit, and have its page ask for news every second.
"""

import logging

from django.db import transaction

from generation.jobs import messages, registry
from generation.jobs.models import Job

log = logging.getLogger(__name__)

ROUND = "orphans"
SECONDS = 300.0


def tell() -> int:
    """End them all as failed; how many there were. Asked for every few minutes."""
    return sum(_tell(kind) for kind in registry.every() if kind.waiting is not None)


def _tell(kind: registry.JobKind) -> int:
    # Things first: what begins or ends between the two looks is not taken for lost, or ends but once.
    things = [(str(subject), owner) for subject, owner in kind.waiting()] if kind.waiting else []
    jobs = Job.objects.filter(kind=kind.name, subject_id__in=[subject for subject, _owner in things])
    known = set(jobs.live().values_list("subject_id", flat=True))
    lost = [(subject, owner) for subject, owner in things if subject not in known]
    for subject, owner in lost:
        log.warning("nobody is at %s %s, which waits; it is ended", kind.name, subject)
        job = Job(kind=kind.name, subject_id=subject, queue=kind.queue)
        if owner is not None:
            job.owner_id = owner
        _end(kind, job)
    return len(lost)


def _end(kind: registry.JobKind, job: Job) -> None:
    """Tell the room of the end of a job that is no row. A room that raises keeps the others from nothing."""
    job.state, job.code, job.message = Job.State.FAILED, "lost", messages.ORPHANED
    try:
        with transaction.atomic():
            kind.call_on_end(job)
    except Exception:
        log.exception("the on_end of %s raised for %s", kind.name, job.subject_id)
