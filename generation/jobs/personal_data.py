"""What a person takes along of their jobs, and how all of it goes when they leave."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.personal_data import Content
from generation.jobs import demo, selectors, services
from generation.jobs.models import Job


def export(user: User) -> Iterator[tuple[str, Content]]:
    """The list of jobs, and the drawings of the demo."""
    jobs = selectors.jobs_of(user)
    yield "jobs.json", [_facts(job) for job in jobs.iterator(chunk_size=1000)]
    for job in jobs.filter(kind=demo.KIND):
        if demo.has_picture(job):
            yield f"{job.pk}.png", demo.picture_path(job.pk)


def _facts(job: Job) -> dict[str, Any]:
    times = ("created_at", "started_at", "finished_at")
    return {
        "id": str(job.pk),
        "kind": job.kind,
        "subject": job.subject_id,
        "state": job.state,
        "code": job.code,
        "message": job.text,
        "done": job.done,
        "total": job.total,
        **{name: getattr(job, name) and getattr(job, name).isoformat() for name in times},
    }


def erase(user: User) -> None:
    """Stop what is live, then remove rows and pictures; a worker still at one can write nothing more."""
    drawn = [job.pk for job in selectors.jobs_of(user).filter(kind=demo.KIND)]
    for job in selectors.jobs_of(user):
        if job.is_live:
            services.cancel(by=user, job=job)
    selectors.jobs_of(user).delete()
    transaction.on_commit(lambda: demo.forget(drawn))
