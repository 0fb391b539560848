"""What can be asked about jobs: by people, by pages, by the watchdog and by /healthz. Reads only."""

import time
from datetime import datetime, timedelta
from typing import TypedDict
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.errors import NotFound
from accounts.models import User
from generation.jobs import policies, registry
from generation.jobs.leases import Claim, database_time
from generation.jobs.models import Job, JobQuerySet, Turn, Worker

QUEUE_STALE_LEASES = 10
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.02, 0.5


class Health(TypedDict):
    """What /healthz says of workers and queues."""

    worker_ok: bool
    worker_detail: str
    queue_ok: bool
    queue_detail: str
    oldest_s: int


def jobs_of(user: User) -> JobQuerySet:
    """A person's jobs, latest first."""
    return Job.objects.of(user.pk).order_by("-id")


def job_for(user: User, job_id: UUID | str) -> Job:
    """The job, if this person may know of it; NotFound otherwise."""
    job = Job.objects.filter(pk=job_id).first()
    if job is None or not policies.can_see(user, job):
        raise NotFound(_("There is no such job."))
    return job


def running_count(user: User) -> int:
    """How many of the person's jobs wait or run: the number on the bell."""
    return Job.objects.of(user.pk).live().count()


def tray(user: User, size: int = 6) -> list[Job]:
    """What the tray shows: all that is live first, then what ended last."""
    live = list(jobs_of(user).live()[:size])
    return live + list(jobs_of(user).filter(state__in=Job.ENDED)[: size - len(live)])


def wait_until_ended(job: Job, *, seconds: float) -> Job:
    """Look at the job until it has ended or the time is over, and show it as it is then. Never in a transaction."""
    deadline = time.monotonic() + seconds
    pause = FIRST_PAUSE_SECONDS
    job.refresh_from_db()
    while job.is_live and time.monotonic() + pause < deadline:
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
        job.refresh_from_db()
    return job


def jobs_before(job: Job) -> int:
    """How many waiting jobs will be taken before this one, if none comes in between."""
    return _own_before(job) + sum(_others_before(job).values())


def _own_before(job: Job) -> int:
    return Job.objects.queued(job.queue).of(job.owner_id).filter(pk__lt=job.pk).count()


def _others_before(job: Job) -> dict[int, int]:
    """Of every other owner with a turn before this job: how many of their waiting jobs are taken first."""
    waiting = Job.objects.queued(job.queue)
    own_before = _own_before(job)
    turns = dict(Turn.objects.filter(queue=job.queue).values_list("owner_id", "number"))
    others = waiting.exclude(owner_id=job.owner_id).order_by().values("owner_id")
    before = {}
    for row in others.annotate(count=Count("pk"), oldest=Min("queued_at")):
        # Owners take turns: one job each a round, and within a round those first who were served longer ago.
        theirs = (turns.get(row["owner_id"], 0), row["oldest"], row["owner_id"])
        first = theirs < (turns.get(job.owner_id, 0), job.queued_at, job.owner_id)
        if taken := min(row["count"], own_before + first):
            before[row["owner_id"]] = taken
    return before


def works_before(job: Job) -> int:
    """How many pieces of work of other people are in front of this job: an order counts once, not by its parts."""
    count = 0
    for owner_id, taken in _others_before(job).items():
        first = Job.objects.queued(job.queue).of(owner_id).order_by("pk")[:taken]
        subjects: dict[str, list[str]] = {}
        for kind, subject in first.values_list("kind", "subject_id"):
            subjects.setdefault(kind, []).append(subject)
        for name, found in subjects.items():
            known = registry.find(name)
            count += known.works(found) if known and known.works else len(found)
    return count


def place_in_words(job: Job) -> str:
    """Where a waiting job stands, as a person would say it."""
    before = works_before(job)
    if before:
        return ngettext(
            "you are next after %(n)s order of others", "you are next after %(n)s orders of others", before
        ) % {"n": before}
    return _("after your other orders") if _own_before(job) else _("you are next")


# For the watchdog


def running_leases() -> dict[Claim, datetime]:
    """Every claim now held and until when."""
    running = Job.objects.filter(state=Job.State.RUNNING)
    return {Claim.of(job): job.lease_until for job in running if job.lease_until}


def stuck_workers(queue: str, host: str) -> list[Worker]:
    """Workers of this machine that still hold a claim which is over."""
    claim = Job.objects.filter(pk=OuterRef("job_id"), attempt=OuterRef("attempt"), state=Job.State.RUNNING)
    held = Worker.objects.filter(queue=queue, host=host, job_id__isnull=False)
    return list(held.exclude(Exists(claim)))


def living_workers() -> QuerySet[Worker]:
    """Workers heard of within one lease."""
    return Worker.objects.filter(seen_at__gt=Now() - timedelta(seconds=settings.PALMSITE_LEASE_SECONDS))


def silent_workers() -> QuerySet[Worker]:
    """Workers not heard of for ten leases."""
    return Worker.objects.filter(seen_at__lt=Now() - timedelta(seconds=10 * settings.PALMSITE_LEASE_SECONDS))


def starved_at(queue: str) -> int | None:
    """The last turn's number when work waits although a worker is free, or none lives; else None."""
    if not Job.objects.queued(queue).exists():
        return None
    living = living_workers().filter(queue=queue)
    if living.exists() and not living.filter(job_id__isnull=True).exists():
        return None
    return Turn.objects.filter(queue=queue).aggregate(last=Max("number"))["last"] or 0


def health() -> Health:
    """Whether somebody works and whether work moves."""
    silent = [queue for queue in registry.QUEUES if not living_workers().filter(queue=queue).exists()]
    oldest = _oldest_seconds()
    stale = settings.PALMSITE_LEASE_SECONDS * QUEUE_STALE_LEASES
    waits = [queue for queue in registry.QUEUES if starved_at(queue) is not None]
    queued = Job.objects.filter(state=Job.State.QUEUED).count()
    running = Job.objects.filter(state=Job.State.RUNNING).count()
    counted = _("%(queued)s waiting, %(running)s running") % {"queued": queued, "running": running}
    stands = bool(waits) and oldest > stale
    return {
        "worker_ok": not silent,
        "worker_detail": (
            _("no worker heard of: %(queues)s") % {"queues": ", ".join(silent)}
            if silent
            else _("%(count)s workers") % {"count": living_workers().count()}
        ),
        "queue_ok": not stands,
        "queue_detail": (
            _("%(counted)s; the oldest has waited %(seconds)s s and no worker takes it")
            % {"counted": counted, "seconds": oldest}
            if stands
            else counted
        ),
        "oldest_s": oldest,
    }


def _oldest_seconds() -> int:
    oldest = Job.objects.filter(state=Job.State.QUEUED).aggregate(at=Min("queued_at"))["at"]
    return max(0, int((database_time() - oldest).total_seconds())) if oldest else 0
