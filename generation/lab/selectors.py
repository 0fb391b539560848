"""What can be asked about the lab's things. Reads only."""

from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.errors import NotFound
from accounts.models import User
from generation.jobs.models import Job
from generation.lab.errors import NoModelSet
from generation.lab.models import NAME, Dataset, Fit, Prediction, State

Thing = TypeVar("Thing", Dataset, Fit, Prediction)
Named = TypeVar("Named", Dataset, Fit)


def datasets_of(user: User) -> QuerySet[Dataset]:
    """A person's data sets, latest first."""
    return Dataset.objects.filter(owner=user)


def latest_ready_dataset(user: User) -> Dataset | None:
    """The data set that a person looks at who names none."""
    return datasets_of(user).filter(state=State.READY).first()


def fits_of(user: User) -> QuerySet[Fit]:
    """A person's models, latest first."""
    return Fit.objects.filter(owner=user)


def predictions_of(user: User) -> QuerySet[Prediction]:
    """A person's predictions that are still kept, latest first."""
    kept = Prediction.objects.filter(owner=user, expires_at__gt=timezone.now())
    return kept.select_related("fit")


def dataset_for(user: User, name: str) -> Dataset:
    """The person's data set of this id."""
    return _one(named(datasets_of(user), name), _("You have no data set “%(id)s”.") % {"id": name[:64]})


def fit_for(user: User, name: str) -> Fit:
    """The person's model of this id."""
    return _one(named(fits_of(user), name), _("You have no model “%(id)s”.") % {"id": name[:64]})


def prediction_for(user: User, prediction_id: UUID) -> Prediction:
    """The person's prediction."""
    return _one(
        predictions_of(user).filter(pk=prediction_id),
        _("There is no such prediction. They are kept some days."),
    )


def named(rows: QuerySet[Named], name: str) -> QuerySet[Named]:
    """Those of this id. What could never be one is not asked for: PostgreSQL refuses a text with a NUL in it."""
    return rows.filter(name=name) if NAME.fullmatch(name) else rows.none()


def _one(rows: QuerySet[Thing], otherwise: str) -> Thing:
    found = rows.first()
    if found is None:
        raise NotFound(otherwise)
    return found


def fit_that_is_set(user: User) -> Fit | None:
    """The model that answers for this person, if one was chosen."""
    return fits_of(user).filter(is_set=True).first()


def fit_to_ask(user: User) -> Fit:
    """The same, or NoModelSet."""
    fit = fit_that_is_set(user)
    if fit is None:
        raise NoModelSet(_("No model is set. Fit one, then set it for inference."))
    return fit


def job_of(thing: Dataset | Fit | Prediction) -> Job | None:
    """The latest job at it."""
    return Job.objects.filter(owner_id=thing.owner_id, subject_id=str(thing.pk)).order_by("-id").first()


def live_jobs_of(thing: Dataset | Fit | Prediction) -> QuerySet[Job]:
    """The jobs that wait for it or run at it."""
    return Job.objects.filter(owner_id=thing.owner_id, subject_id=str(thing.pk)).live()


def expired_predictions() -> QuerySet[Prediction]:
    """Predictions past their days."""
    return Prediction.objects.filter(expires_at__lte=timezone.now())


@dataclass(frozen=True)
class Step:
    """One of the five steps: where it is, and how far this person has come."""

    label: str | Promise
    url: str
    is_done: bool
    is_current: bool


STEPS = (
    ("upload", gettext_lazy("Upload")),
    ("look", gettext_lazy("Look at the data")),
    ("fit", gettext_lazy("Fit")),
    ("choose", gettext_lazy("Choose")),
    ("predict", gettext_lazy("Predict")),
)


def steps(user: User, current: str) -> list[Step]:
    """The path along the top of every page of the lab."""
    dataset = latest_ready_dataset(user)
    done = {
        "upload": dataset is not None,
        "look": dataset is not None,
        "fit": fits_of(user).filter(state=State.READY).exists(),
        "choose": fit_that_is_set(user) is not None,
        "predict": predictions_of(user).filter(state=State.READY).exists(),
    }
    urls = {
        "upload": reverse("lab:home"),
        "look": reverse("lab:dataset", args=[dataset.name]) if dataset else reverse("lab:look"),
        "fit": reverse("lab:fit"),
        "choose": reverse("lab:models"),
        "predict": reverse("lab:predict"),
    }
    return [Step(label, urls[name], done[name], name == current) for name, label in STEPS]
