"""Who may do what in the lab, and which ids and numbers can be taken. Another person's anything does not exist."""

from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.errors import DomainError, InvalidInput, NotFound, TooMany
from accounts.models import User
from generation.lab.errors import BadId, BadSetting, IdTaken, NotReady
from generation.lab.limits import BACKBONES, FIT_DEFAULTS, FIT_RANGES, limits
from generation.lab.models import LONGEST_NAME, NAME, Dataset, Fit, Prediction, State

AT_ONCE = 10


def can_see(user: User, thing: Dataset | Fit | Prediction) -> bool:
    """Whether the thing exists for this person: only one's own does."""
    return user.is_active and thing.owner_id == user.pk


def check_can_see(user: User, thing: Dataset | Fit | Prediction) -> None:
    """Raise NotFound when it does not."""
    if not can_see(user, thing):
        raise NotFound(_("There is nothing here, or it is not yours."))


def check_dataset_id(user: User, name: str) -> None:
    """Raise when a new data set cannot be called so."""
    _check_id(name)
    if Dataset.objects.filter(owner=user, name=name).exists():
        raise IdTaken(
            _("You have a data set “%(id)s” already. Choose another id or delete the old one.")
            % {"id": name},
            fields={"id": _("This id is taken.")},
        )


def check_fit_id(user: User, name: str) -> None:
    """Raise when a new model cannot be called so."""
    _check_id(name)
    if Fit.objects.filter(owner=user, name=name).exists():
        raise IdTaken(
            _("You have a model “%(id)s” already. Choose another id or delete the old one.") % {"id": name},
            fields={"id": _("This id is taken.")},
        )


def _check_id(name: str) -> None:
    if not name:
        message = _("Give it an id, as model1.")
    elif len(name) > LONGEST_NAME or not NAME.fullmatch(name):
        message = _("An id has 1 to %(most)s letters, digits, dots, hyphens or underscores.") % {
            "most": LONGEST_NAME
        }
    else:
        return
    raise BadId(message, fields={"id": message})


def check_settings(wish: dict[str, Any]) -> dict[str, Any]:
    """The whole wish with its defaults, or BadSetting that names each field with its limits."""
    whole = FIT_DEFAULTS | wish
    errors = {}
    if whole["backbone"] not in BACKBONES:
        errors["backbone"] = _("Choose one of %(names)s.") % {"names": ", ".join(BACKBONES)}
    for name, (low, high) in FIT_RANGES.items():
        if not low <= whole[name] <= high:
            errors[name] = _("%(name)s is %(value)s; write a number from %(low)s to %(high)s.") % {
                "name": name,
                "value": _written(whole[name]),
                "low": _written(low),
                "high": _written(high),
            }
    if errors:
        raise BadSetting(next(iter(errors.values())), fields=errors)
    return whole


def _written(number: float) -> str:
    return number_format(Decimal(str(number)).normalize(), force_grouping=True)


def check_can_add(user: User) -> None:
    """Raise when too much of this person's is being made already."""
    waiting = sum(
        table.objects.filter(owner=user, state=State.WAITING).count() for table in (Dataset, Fit, Prediction)
    )
    if waiting >= AT_ONCE:
        raise TooMany(
            _("%(count)s things of yours are being made in the lab. Wait until one is done, or stop one.")
            % {"count": waiting},
            retry_after=10,
        )


def check_can_fit(user: User, dataset: Dataset) -> None:
    """Raise when no model can be fitted on it now."""
    check_can_see(user, dataset)
    check_ready(dataset)


def check_ready(dataset: Dataset) -> None:
    """Raise NotReady, with the reason, while the data set cannot be used."""
    if dataset.is_waiting:
        raise NotReady(
            _("The data set “%(id)s” is still being read. Wait until it is ready.") % {"id": dataset.name}
        )
    if not dataset.is_ready:
        raise NotReady(
            _("The data set “%(id)s” could not be read: %(why)s") % {"id": dataset.name, "why": dataset.text},
            code="dataset_failed",
        )


def check_can_set(user: User, fit: Fit) -> None:
    """Raise when it cannot become the model for inference."""
    check_can_see(user, fit)
    if fit.is_waiting:
        raise NotReady(_("“%(id)s” is still being fitted. Wait until it is ready.") % {"id": fit.name})
    if not fit.is_ready:
        raise NotReady(_("“%(id)s” was not fitted: %(why)s") % {"id": fit.name, "why": fit.text})


def check_images(sizes: list[tuple[str, int]]) -> None:
    """Raise when these files (name, bytes) are none, too many, or one is too large."""
    bounds = limits()
    if not sizes:
        message = _("Send at least one image, as the file `images`.")
        raise InvalidInput(message, fields={"images": message})
    if len(sizes) > bounds.predict_images:
        message = ngettext(
            "These are %(count)s images; at most %(most)s is taken at once.",
            "These are %(count)s images; at most %(most)s are taken at once. Send them in parts.",
            bounds.predict_images,
        ) % {"count": len(sizes), "most": bounds.predict_images}
        raise InvalidInput(message, fields={"images": message})
    for name, size in sizes:
        if size > bounds.image_bytes:
            raise DomainError(
                _("%(name)s has %(size)s MB; an image may have %(most)s MB. Shrink it first.")
                % {"name": name, "size": size // 2**20, "most": bounds.image_bytes // 2**20},
                status=413,
                code="too_large",
            )


def threshold_words(value: float) -> str:
    """What to write instead of this threshold."""
    return _("The threshold is %(value)s; write a number from 0 to 1.") % {"value": value}
