"""Where the subjects of this room's jobs can be seen."""

from uuid import UUID

from django.urls import NoReverseMatch, reverse

from generation.evaluation.models import Comparison, Evaluation, Panel, Reference
from generation.jobs.models import Job


def of_evaluation(job: Job) -> str | None:
    """The page of the evaluation, if it is still there."""
    there = Evaluation.objects.filter(pk=job.subject_id).exists()
    return reverse("evaluation:evaluation", args=[job.subject_id]) if there else None


def of_comparison(job: Job) -> str | None:
    """The page of the comparison, if it is still there."""
    there = Comparison.objects.filter(pk=job.subject_id).exists()
    return reverse("evaluation:comparison", args=[job.subject_id]) if there else None


def of_reference(job: Job) -> str | None:
    """The page of the reference, if it is still there."""
    there = Reference.objects.filter(pk=job.subject_id).exists()
    return reverse("evaluation:reference", args=[job.subject_id]) if there else None


def of_references(_job: Job) -> str:
    """The page of references, where FID's weights stand too."""
    return reverse("evaluation:references")


def of_panel(job: Job) -> str | None:
    """Where what was counted can be read: on the quality page of its set."""
    panel = Panel.objects.filter(pk=job.subject_id).first()
    return of_quality(panel.image_set_id) if panel else None


def of_set(set_id: UUID | str) -> str:
    """The page of a set; its quality page where there is no other."""
    return _first(("sets:set", "evaluation:quality"), set_id)


def of_quality(set_id: UUID | str) -> str:
    """The quality tab of a set's page; this room's own page where there is none."""
    return _first(("sets:quality", "evaluation:quality"), set_id)


def thumb(image_id: int) -> str:
    """The small picture of an image; empty where the sets room shows none."""
    return _first(("sets:thumb",), image_id)


def image(image_id: int) -> str:
    """The page of an image; empty where the sets room has none."""
    return _first(("sets:image",), image_id)


def _first(names: tuple[str, ...], key: UUID | str | int) -> str:
    for name in names:
        try:
            return reverse(name, args=[key])
        except NoReverseMatch:
            continue
    return ""
