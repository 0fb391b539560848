"""Where the subjects of this room's jobs can be seen."""

from django.urls import reverse

from generation.jobs.models import Job
from generation.sets import services
from generation.sets.models import Export


def of_chunk(job: Job) -> str | None:
    """The page of the order that a chunk belongs to."""
    order_id = services.order_of(job)
    return reverse("sets:order", args=[order_id]) if order_id else None


def of_export(job: Job) -> str | None:
    """The downloads of the set that an export is made of."""
    set_id = Export.objects.filter(pk=job.subject_id).values_list("image_set_id", flat=True).first()
    return reverse("sets:downloads", args=[set_id]) if set_id else None


def of_scores(job: Job) -> str | None:
    """The page of the set that is judged."""
    set_id, _colon, _judge = job.subject_id.partition(":")
    return reverse("sets:set", args=[set_id]) if set_id else None


def of_webhooks(job: Job) -> str | None:
    """Where a person sees what became of the messages to their programs."""
    return reverse("sets:webhooks")
