"""Where the subjects of this room's jobs can be seen."""

from django.urls import reverse

from generation.jobs.models import Job
from generation.sets import services
from generation.sets.models import Export, Scoring


def of_chunk(job: Job) -> str | None:
    """The page of the order that a chunk belongs to."""
    order_id = services.order_of(job)
    return reverse("sets:order", args=[order_id]) if order_id else None


def of_export(job: Job) -> str | None:
    """The downloads of the set that an export is made of."""
    set_id = Export.objects.filter(pk=job.subject_id).values_list("image_set_id", flat=True).first()
    return reverse("sets:downloads", args=[set_id]) if set_id else None


def of_scores(job: Job) -> str | None:
    """The page of the set, or of the image, that is judged."""
    number = job.subject_id
    found = Scoring.objects.filter(pk=number) if number.isdigit() else Scoring.objects.none()
    scoring = found.first()
    if scoring is None:
        return None
    if scoring.image_id is not None:
        return reverse("sets:image", args=[scoring.image_id])
    return reverse("sets:set", args=[scoring.image_set_id])


def of_webhooks(job: Job) -> str | None:
    """Where a person sees what became of the messages to their programs."""
    return reverse("sets:webhooks")
