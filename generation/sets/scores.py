"""Scoring again with another judge, a whole set or one image: asked for here, done by a worker, kept per scorer."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Avg, Count
from django.utils.translation import gettext as _

from accounts import audit
from accounts.errors import InvalidInput
from accounts.models import User
from generation.jobs import services as jobs
from generation.jobs.models import Job
from generation.sets import judges, policies
from generation.sets.models import Image, ImageSet, Score, Scoring

SCORE_SET = "score-set"
_NAMED = 20


@dataclass(frozen=True, slots=True)
class ScorerState:
    """What one scorer says of a set so far."""

    scorer: str
    title: str
    count: int
    mean: float | None
    job: Job | None
    is_offered: bool

    @property
    def state(self) -> str:
        """Where its last job is; none if it was never asked."""
        return self.job.state if self.job is not None else "none"


@transaction.atomic
def request_scores(*, by: User, image_set: ImageSet, scorer: str, image: Image | None = None) -> Job:
    """Have every image of the set, or this one, judged; a job for the same that lives is joined."""
    policies.check_can_change(by, image_set)
    _check_offered(by, scorer)
    # The lock makes two requests at once one job.
    ImageSet.objects.select_for_update().get(pk=image_set.pk)
    same = Scoring.objects.filter(image_set=image_set, image=image, scorer=scorer)
    live = same.filter(job__state__in=Job.LIVE).select_related("job").first()
    if live is not None and live.job is not None:
        return live.job
    # One row a wish is enough: its last job says how it went.
    same.delete()
    scoring = Scoring.objects.create(image_set=image_set, image=image, scorer=scorer)
    total = image_set.count if image is None else 1
    queue = None if image is None else "short"
    job = jobs.enqueue(kind=SCORE_SET, owner=by, subject_id=scoring.pk, total=total, queue=queue)
    Scoring.objects.filter(pk=scoring.pk).update(job=job)
    audit.record(by=by, action="set.score", target=f"set:{image_set.pk}", detail={"scorer": scorer})
    return job


def _check_offered(by: User, scorer: str) -> None:
    names = [judge.key for judge in judges.offered(by)]
    if scorer in names:
        return
    message = (
        _("There is no judge %(name)s. There are: %(names)s.")
        % {"name": scorer[:80], "names": ", ".join(names[:_NAMED])}
        if names
        else _("Nobody is here who could judge. Fit a model in the lab, or ask an administrator for one.")
    )
    raise InvalidInput(message, code="no_scorer", fields={"scorer": message})


def keep(said: Iterable[tuple[Image, float]], scorer: str) -> None:
    """Write what a scorer says of images over what it said before."""
    rows = [
        Score(
            image=image, image_set_id=image.image_set_id, index=image.index, scorer=scorer, value=float(value)
        )
        for image, value in said
    ]
    Score.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["image", "scorer"], update_fields=["value"]
    )


def forget_scorer(*, owner: User, scorer: str) -> None:
    """A judge of this person is gone: what it said goes too, for another one may come under its name."""
    Score.objects.filter(image_set__owner=owner, scorer=scorer).delete()
    Scoring.objects.filter(image_set__owner=owner, scorer=scorer).delete()


def scorers_of(image_set: ImageSet) -> list[ScorerState]:
    """Everybody who judged the set or could: a few queries, however many images."""
    found = Score.objects.filter(image_set=image_set, image__deleted_at__isnull=True)
    said: Mapping[str, Any] = {
        row["scorer"]: row
        for row in found.order_by().values("scorer").annotate(count=Count("pk"), mean=Avg("value"))
    }
    offered = {judge.key: judge.title for judge in judges.offered(image_set.owner)}
    asked = Scoring.objects.filter(image_set=image_set, image=None).select_related("job").order_by("pk")
    last = {scoring.scorer: scoring.job for scoring in asked}
    return [
        ScorerState(
            scorer=name,
            title=offered.get(name, name),
            count=said[name]["count"] if name in said else 0,
            mean=said[name]["mean"] if name in said else None,
            job=last.get(name),
            is_offered=name in offered,
        )
        for name in sorted(said.keys() | offered.keys())
    ]


def said_of(image: Image) -> dict[str, float]:
    """What scorers other than the model's own say of one image, by their keys."""
    return dict(Score.objects.filter(image=image).order_by("scorer").values_list("scorer", "value"))


def live_of(image: Image) -> list[Job]:
    """The jobs that are just judging this image alone."""
    asked = Scoring.objects.filter(image=image, job__state__in=Job.LIVE).select_related("job")
    return [scoring.job for scoring in asked if scoring.job is not None]


def titles_of(image_set: ImageSet) -> list[tuple[str, str]]:
    """The scorers that judged images of the set, as (key, title): whom a gallery can be sorted by."""
    offered = {judge.key: judge.title for judge in judges.offered(image_set.owner)}
    return [(key, offered.get(key, key)) for key in _scorers_in(image_set)]


def _scorers_in(image_set: ImageSet) -> Iterator[str]:
    """By name. One step along the index a scorer: a DISTINCT would look at what each of them said of every image."""
    said = Score.objects.filter(image_set=image_set).order_by("scorer").values_list("scorer", flat=True)
    last = said.first()
    while last is not None:
        yield last
        last = said.filter(scorer__gt=last).first()
