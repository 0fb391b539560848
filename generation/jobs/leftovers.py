"""What the room keeps on the disk and what of its rows may go: for the sweep and the backup."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models.functions import Now

from accounts.belongings import Leftover
from generation.jobs import demo, registry
from generation.jobs.models import Job, JobQuerySet

FOLDER = "jobs"
# A set, a measurement or a fit says itself what became of it; its job's row is kept for the operator's questions.
DONE_DAYS = 90
# The reason of a failure stands nowhere else so fully, and what was stopped can be taken up again.
ENDED_DAYS = 365


def owned() -> Iterator[str]:
    """The finished drawings, and the tiles of those that are not."""
    for job in Job.objects.filter(kind=demo.KIND).iterator(chunk_size=1000):
        if job.state == Job.State.DONE:
            yield f"{FOLDER}/{job.pk}.png"
        elif demo.picture_path(job.pk).with_suffix("").is_dir():
            yield f"{FOLDER}/{job.pk}/"


def leftovers() -> Iterator[Leftover]:
    """Rows of jobs that ended long ago."""
    for words, jobs in (
        (f"jobs done more than {DONE_DAYS} days ago", past(DONE_DAYS).filter(state=Job.State.DONE)),
        (
            f"jobs failed or stopped more than {ENDED_DAYS} days ago",
            past(ENDED_DAYS).exclude(state=Job.State.DONE),
        ),
    ):
        if count := jobs.count():
            yield Leftover(f"{count} {words}", 0, jobs.delete)


def past(days: int) -> JobQuerySet:
    """Jobs that ended longer ago, but for those that are themselves what people look at."""
    kept = [kind.name for kind in registry.every() if kind.kept]
    return Job.objects.filter(finished_at__lt=Now() - timedelta(days=days)).exclude(kind__in=kept)
