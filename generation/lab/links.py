"""Where a person sees what a job of the lab is at. Reads only."""

from typing import Any

from django.urls import reverse

from generation.jobs.models import Job
from generation.lab.models import Dataset, Fit, Prediction

_PAGES: dict[str, tuple[Any, str, str]] = {
    "lab-dataset": (Dataset, "lab:dataset", "name"),
    "lab-fit": (Fit, "lab:model", "name"),
    "lab-predict": (Prediction, "lab:prediction", "pk"),
}


def of_job(job: Job) -> str | None:
    """The page of the thing, if it is still there."""
    table, page, field = _PAGES[job.kind]
    thing = table.objects.filter(pk=job.subject_id, owner=job.owner_id).first()
    return reverse(page, args=[getattr(thing, field)]) if thing else None
