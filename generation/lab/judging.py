"""Models of the lab as judges of sets: the sets room asks for them by name, this room says whose they are.

`load` is called in a worker alone and imports what learns only then.
"""

from accounts.errors import NotFound
from accounts.models import User
from generation.lab.limits import resnet18_weights
from generation.lab.models import Fit, State
from generation.sets import judges, scores

PREFIX = "lab"


def offered(user: User) -> list[tuple[str, str]]:
    """The person's own models that can be asked."""
    ready = Fit.objects.filter(owner=user, state=State.READY).order_by("name")
    return [(name, name) for name in ready.values_list("name", flat=True)]


def load(user: User, name: str) -> judges.Probe:
    """The person's model of this id, as the sets room asks it."""
    from generation.lab import pipeline

    fit = Fit.objects.filter(owner=user, name=name, state=State.READY).first()
    if fit is None:
        raise NotFound(name)
    return pipeline.judge(fit.path, resnet18_weights())


def forget(fit: Fit) -> None:
    """A model is gone: what it said of images goes too, since another may come under its id."""
    scores.forget_scorer(owner=fit.owner, scorer=judges.key_of(PREFIX, fit.name))
