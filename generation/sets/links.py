"""Where the subjects of this room's jobs can be seen."""

from django.urls import reverse

from generation.jobs.models import Job
from generation.sets import services


def of_chunk(job: Job) -> str | None:
    """The page of the order that a chunk belongs to."""
    order_id = services.order_of(job)
    return reverse("sets:order", args=[order_id]) if order_id else None


def of_scores(job: Job) -> str | None:
    """The page of the set that is judged."""
    set_id, _colon, _judge = job.subject_id.partition(":")
    return reverse("sets:set", args=[set_id]) if set_id else None
