"""Scoring a set again with another discriminator: asked for here, done by a worker, kept per scorer."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Avg, Count
from django.utils.translation import gettext as _

from accounts import audit
from accounts.errors import InvalidInput, NotFound
from accounts.models import User
from generation.jobs import services as jobs
from generation.jobs.models import Job
from generation.sets import policies, selectors
from generation.sets.models import Checkpoint, ImageSet, Score

SCORE_SET = "score-set"


@dataclass(frozen=True, slots=True)
class ScorerState:
    """What one scorer says of a set so far."""

    scorer: str
    count: int
    mean: float | None
    job: Any
    state: str


@transaction.atomic
def request_scores(*, by: User, image_set: ImageSet, scorer: str) -> Job:
    """Have every image of the set judged by the discriminator of this name; a job for it that lives is joined."""
    policies.check_can_change(by, image_set)
    judge = selectors.judges().filter(name=scorer).first()
    if judge is None:
        names = ", ".join(selectors.judges().values_list("name", flat=True)[:20])
        message = (
            _("There is no discriminator %(name)s. There are: %(names)s.")
            % {"name": scorer[:64], "names": names}
            if names
            else _("No discriminator is here that could judge. Ask an administrator to add one.")
        )
        raise InvalidInput(message, code="no_scorer", fields={"scorer": message})
    subject = subject_of(image_set, judge)
    # The lock makes two requests at once one job.
    ImageSet.objects.select_for_update().get(pk=image_set.pk)
    live = Job.objects.filter(kind=SCORE_SET, subject_id=subject).live().first()
    if live is not None:
        return live
    audit.record(by=by, action="set.score", target=f"set:{image_set.pk}", detail={"scorer": judge.name})
    return jobs.enqueue(kind=SCORE_SET, owner=by, subject_id=subject, total=image_set.count)


def subject_of(image_set: ImageSet, judge: Checkpoint) -> str:
    """What a scoring job is about."""
    return f"{image_set.pk}:{judge.pk}"


def read_subject(subject: str) -> tuple[ImageSet, Checkpoint]:
    """The set and the discriminator of a scoring job; NotFound when one has gone."""
    set_id, _colon, judge_id = subject.partition(":")
    image_set = ImageSet.objects.filter(pk=set_id, deleted_at__isnull=True).first()
    judge = Checkpoint.objects.filter(pk=judge_id).first()
    if image_set is None or judge is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return image_set, judge


def keep(values: dict[int, float], scorer: str) -> None:
    """Write what a scorer says of images, by their key, over what it said before."""
    rows = [Score(image_id=image_id, scorer=scorer, value=value) for image_id, value in values.items()]
    Score.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["image", "scorer"], update_fields=["value"]
    )


def scorers_of(image_set: ImageSet) -> list[ScorerState]:
    """Every discriminator that judged the set or could: three queries, however many images."""
    found = Score.objects.filter(image__image_set=image_set, image__deleted_at__isnull=True)
    said = {
        row["scorer"]: row
        for row in found.order_by().values("scorer").annotate(count=Count("pk"), mean=Avg("value"))
    }
    judges = {judge.name: judge for judge in selectors.judges()}
    subjects = {subject_of(image_set, judge): name for name, judge in judges.items()}
    last = {
        subjects[job.subject_id]: job
        for job in Job.objects.filter(kind=SCORE_SET, subject_id__in=subjects).order_by("id")
    }
    return [
        ScorerState(
            scorer=name,
            count=said[name]["count"] if name in said else 0,
            mean=said[name]["mean"] if name in said else None,
            job=last[name].pk if name in last else None,
            state=last[name].state if name in last else "none",
        )
        for name in sorted(said.keys() | judges.keys())
    ]
