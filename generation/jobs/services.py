"""Every change of a job's state, each one a conditional UPDATE guarded by state and, for workers, by attempt.

All times are the database's. Nothing here runs a handler, and nothing here knows django-q.
"""

import logging
import uuid
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Max, Min, OuterRef, PositiveSmallIntegerField, Subquery, When
from django.db.models.functions import Coalesce, Greatest, Now

from accounts import request_id
from accounts.models import User
from generation.jobs import messages, policies, registry
from generation.jobs.errors import LeaseLost
from generation.jobs.leases import Claim, database_time, lease_end
from generation.jobs.models import Job, JobQuerySet, Turn
from generation.jobs.queue import nudge

log = logging.getLogger(__name__)

CLAIM_TRIES = 20


# What people and rooms do


def enqueue(
    *,
    kind: str,
    owner: User,
    subject_id: str | int | uuid.UUID = "",
    total: int = 0,
    queue: str | None = None,
) -> Job:
    """Put a job into its queue; the workers are nudged once the surrounding transaction is committed."""
    known = registry.get(kind)
    job = Job.objects.create(
        kind=kind,
        owner=owner,
        subject_id=str(subject_id),
        total=total,
        queue=queue or known.queue,
        max_attempts=known.max_attempts,
        request_id=request_id.current(),
    )
    job.refresh_from_db()
    _nudge_on_commit(job.queue)
    return job


def _nudge_on_commit(queue: str) -> None:
    # robust: the row is there, and a nudge that could not be sent is replaced by the watchdog's.
    transaction.on_commit(lambda: nudge(queue), robust=True)


def cancel(*, by: User, job: Job) -> Job:
    """Stop a job: at once when it waits, at its worker's next look when it runs. An ended one stays so."""
    policies.check_can_cancel(by, job)
    # The job may move between the two statements (a worker hands it back): then look again.
    for _attempt in range(CLAIM_TRIES):
        waiting = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED)
        if _end(job.pk, waiting, Job.State.CANCELLED, "stopped", messages.STOPPED):
            break
        running = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING)
        if running.update(cancel_requested_at=Coalesce(F("cancel_requested_at"), Now())):
            break
        if not Job.objects.filter(pk=job.pk).live().exists():
            break
    job.refresh_from_db()
    return job


def retry(*, by: User, job: Job) -> Job:
    """Put a failed or stopped job back into its queue; the handler goes on from what is kept."""
    policies.check_can_retry(by, job)
    kind = registry.get(job.kind)
    with transaction.atomic():
        back = Job.objects.filter(pk=job.pk, state__in=[Job.State.FAILED, Job.State.CANCELLED]).update(
            state=Job.State.QUEUED,
            code="",
            message="",
            message_params={},
            rate=None,
            lost=0,
            max_attempts=kind.max_attempts,
            cancel_requested_at=None,
            finished_at=None,
            queued_at=Now(),
        )
        job.refresh_from_db()
        if back:
            kind.call_on_retry(job)
            _nudge_on_commit(job.queue)
    return job


# What workers do


def claim(*, queue: str, worker: str) -> Job | None:
    """Take the next job of the owner who was served longest ago; None when nothing waits."""
    for _attempt in range(CLAIM_TRIES):
        with transaction.atomic():
            owner_id = _next_owner(queue)
            if owner_id is None:
                return None
            # Jobs that another worker is just taking are skipped, not waited for.
            waiting = (
                Job.objects.queued(queue).of(owner_id).order_by("id").select_for_update(skip_locked=True)
            )
            job_id = waiting.values_list("pk", flat=True).first()
            if job_id and _take(job_id, worker):
                job = Job.objects.select_related("owner").get(pk=job_id)
                _note_turn(owner_id, queue)
                return job
    return None


def _next_owner(queue: str) -> int | None:
    turn = Turn.objects.filter(owner=OuterRef("owner_id"), queue=queue).values("number")
    owners = (
        Job.objects.queued(queue)
        .values("owner_id")
        .annotate(turn=Coalesce(Subquery(turn), 0), oldest=Min("queued_at"))
        .order_by(
            "turn", "oldest", "owner_id"
        )  # the database's clock may tell two apart by no more than that
    )
    first = owners.first()
    return first["owner_id"] if first else None


def _take(job_id: uuid.UUID, worker: str) -> bool:
    taken = Job.objects.filter(pk=job_id, state=Job.State.QUEUED).update(
        state=Job.State.RUNNING,
        attempt=F("attempt") + 1,
        lease_until=lease_end(),
        worker=worker,
        claimed_at=Now(),
        started_at=Coalesce(F("started_at"), Now()),
        rate=None,
    )
    return bool(taken)


def _note_turn(owner_id: int, queue: str) -> None:
    last = Turn.objects.filter(queue=queue).aggregate(last=Max("number"))["last"] or 0
    Turn.objects.bulk_create(
        [Turn(owner_id=owner_id, queue=queue, number=last + 1)],
        update_conflicts=True,
        unique_fields=["owner", "queue"],
        update_fields=["number"],
    )


def renew(claim: Claim, **progress: Any) -> bool:
    """Prolong the lease and write progress. True when somebody asked to stop; LeaseLost if it is gone."""
    if "done" in progress:
        # Work that came further than ever before does not take its worker down: earlier losses count no more.
        further = When(furthest__lt=progress["done"], then=0)
        progress["lost"] = Case(further, default=F("lost"), output_field=PositiveSmallIntegerField())
        progress["furthest"] = Greatest(F("furthest"), progress["done"])
    if not claim.rows().update(lease_until=lease_end(), **progress):
        raise LeaseLost(f"attempt {claim.attempt} at {claim.job_id} is no longer ours")
    return claim.rows().filter(cancel_requested_at__isnull=False).exists()


def finish(claim: Claim) -> None:
    """The work is done."""
    if not _end(claim.job_id, claim.rows(), Job.State.DONE):
        raise LeaseLost(f"attempt {claim.attempt} at {claim.job_id} ended too late to count")


def stop(claim: Claim) -> bool:
    """The handler answered the wish to stop. False when the claim was gone."""
    return _end(claim.job_id, claim.rows(), Job.State.CANCELLED, "stopped", messages.STOPPED)


def fail(claim: Claim, code: str, message: str, params: dict[str, Any] | None = None) -> bool:
    """The work cannot be done; say why. False when the claim was gone."""
    return _end_surely(claim.job_id, claim.rows(), Job.State.FAILED, code, message, params)


def release(claim: Claim) -> bool:
    """Hand the claim back: the worker leaves, the work is not lost and no attempt is counted against it."""
    wanted = claim.rows().filter(cancel_requested_at__isnull=True)
    with transaction.atomic():
        if wanted.update(state=Job.State.QUEUED, lease_until=None, worker="", rate=None):
            queue = Job.objects.values_list("queue", flat=True).get(pk=claim.job_id)
            _nudge_on_commit(queue)
            return True
    return stop(claim)


# What the watchdog does


def reap(*, also: Iterable[Claim] = ()) -> int:
    """Take back every job whose lease ran out: to the queue, or to its end after too many lost workers.

    `also` names claims that the watchdog knows to be over although the database's clock, set back, does not.
    """
    frozen = {claim.job_id: claim for claim in also}
    overdue = Job.objects.expired() | Job.objects.filter(pk__in=frozen, state=Job.State.RUNNING)
    return sum(_take_back(job, frozen.get(job.pk)) for job in overdue)


def _take_back(job: Job, frozen: Claim | None) -> bool:
    claim = Claim.of(job)
    if frozen is not None and frozen != claim:
        return False
    # Between the look and this write the worker may have renewed: then it is not lost.
    rows = claim.rows().filter(lease_until=job.lease_until)
    lost = job.lost + 1
    if job.cancel_requested_at:
        return _end_surely(job.pk, rows, Job.State.CANCELLED, "stopped", messages.STOPPED)
    if lost >= job.max_attempts:
        return _end_surely(job.pk, rows, Job.State.FAILED, "lost", messages.LOST, {"lost": lost}, lost=lost)
    wanted = rows.filter(cancel_requested_at__isnull=True)
    back = wanted.update(state=Job.State.QUEUED, lease_until=None, worker="", rate=None, lost=lost)
    if back:
        log.warning("job %s (%s) lost its worker %s; back to the queue", job.pk, job.kind, job.worker)
        nudge(job.queue)
    return bool(back)


def enforce(*, cancel_grace: float) -> int:
    """End running jobs that ignored the wish to stop for so long, or that take longer than their kind may."""
    ended = 0
    running = Job.objects.filter(state=Job.State.RUNNING, claimed_at__isnull=False)
    now = database_time()
    for job in running:
        kind = registry.find(job.kind)
        limit = kind.limit_for(job.queue) if kind else registry.TIME_LIMITS[job.queue]
        rows = Claim.of(job).rows()
        if job.cancel_requested_at and (now - job.cancel_requested_at).total_seconds() > cancel_grace:
            ended += _end_surely(job.pk, rows, Job.State.CANCELLED, "stopped", messages.STOPPED)
        elif job.claimed_at and (now - job.claimed_at).total_seconds() > limit:
            params = {"limit": limit}
            ended += _end_surely(job.pk, rows, Job.State.FAILED, "too_long", messages.TOO_LONG, params)
    return ended


def _end(
    job_id: uuid.UUID,
    rows: JobQuerySet,
    state: Job.State,
    code: str = "",
    message: str = "",
    params: dict[str, Any] | None = None,
    *,
    tell: bool = True,
    **more: Any,
) -> bool:
    """End the job if `rows` still finds it, and tell its room in the same transaction."""
    with transaction.atomic():
        ended = rows.update(
            state=state,
            code=code,
            message=message,
            message_params=params or {},
            lease_until=None,
            worker="",
            rate=None,
            finished_at=Now(),
            **more,
        )
        kind = registry.find(Job.objects.values_list("kind", flat=True).get(pk=job_id)) if ended else None
        if kind and tell:
            kind.call_on_end(Job.objects.select_related("owner").get(pk=job_id))
    return bool(ended)


def _end_surely(job_id: uuid.UUID, rows: JobQuerySet, *args: Any, **more: Any) -> bool:
    """End the job even when its room's on_end raises: a bug there may not keep work going round for ever."""
    try:
        return _end(job_id, rows, *args, **more)
    except Exception:
        log.exception("the on_end of job %s raised; it is ended without", job_id)
        return _end(job_id, rows, *args, tell=False, **more)
