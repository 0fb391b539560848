"""Where the subjects of this room's jobs can be seen."""

from uuid import UUID

from django.urls import NoReverseMatch, reverse

from generation.evaluation.models import Comparison, Evaluation
from generation.jobs.models import Job

# The name of a set's page, where the sets room has one.
SET_PAGES = ("sets:set", "sets:detail")


def of_evaluation(job: Job) -> str | None:
    """The page of the evaluation, if it is still there."""
    there = Evaluation.objects.filter(pk=job.subject_id).exists()
    return reverse("evaluation:evaluation", args=[job.subject_id]) if there else None


def of_comparison(job: Job) -> str | None:
    """The page of the comparison, if it is still there."""
    there = Comparison.objects.filter(pk=job.subject_id).exists()
    return reverse("evaluation:comparison", args=[job.subject_id]) if there else None


def of_set(set_id: UUID | str) -> str:
    """The page of a set; its quality page where there is no other."""
    for name in SET_PAGES:
        try:
            return reverse(name, args=[set_id])
        except NoReverseMatch:
            continue
    return reverse("evaluation:quality", args=[set_id])
