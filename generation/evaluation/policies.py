"""Who may have what measured. `check_can_x` raises with the reason, `can_x` answers."""

from django.utils.translation import gettext as _

from accounts.errors import Conflict, InvalidInput, NotFound
from accounts.models import User
from generation.evaluation import extractors, messages
from generation.evaluation.models import Bank, Comparison, Evaluation, Measured, Reference
from generation.sets.models import ImageSet

LEAST_IMAGES = 10
MOST_WAITING = 20
LEAST_SETS, MOST_SETS = 2, 6
MOST_SEED = 2**31 - 1


def can_evaluate(user: User, image_set: ImageSet) -> bool:
    """Whether this person may have the set measured: the owner alone, for the result is written onto it."""
    return image_set.owner_id == user.pk and image_set.deleted_at is None


def check_can_evaluate(user: User, image_set: ImageSet) -> None:
    """Refuse another person's set, one with too few images, and too many measurements at once."""
    if not can_evaluate(user, image_set):
        raise NotFound(_("There is nothing here, or it is not yours."))
    check_enough(image_set)
    _check_queue(user)


def check_enough(image_set: ImageSet) -> None:
    """Refuse to measure what says nothing."""
    if image_set.count < LEAST_IMAGES:
        raise Conflict(
            _(messages.FEW) % {"n": image_set.count, "least": LEAST_IMAGES},
            code="too_few_images",
        )


def _check_queue(user: User) -> None:
    waiting = sum(
        table.filter(state=Measured.State.WAITING).count()
        for table in (
            Evaluation.objects.filter(done_by=user),
            Comparison.objects.filter(owner=user),
        )
    )
    if waiting >= MOST_WAITING:
        raise Conflict(
            _("%(count)s of your measurements are waiting, as many as may. Wait until one ends or stop one.")
            % {"count": waiting},
            code="too_many_waiting",
        )


def check_network(extractor: str) -> None:
    """Refuse a feature network that is unknown or not on this machine."""
    if not extractors.is_here(extractor):
        here = ", ".join(network.name for network in extractors.offered())
        message = _("The feature network %(name)s is not here. Choose one of: %(here)s.") % {
            "name": extractor[:40],
            "here": here,
        }
        raise InvalidInput(message, code="no_network", fields={"extractor": message})


def check_bank(reference: Reference, bank: Bank | None, extractor: str) -> Bank:
    """Refuse a reference that was never measured with this network."""
    if bank is None:
        message = _("The reference %(name)s holds no features of %(extractor)s. Choose another network.") % {
            "name": reference.name,
            "extractor": extractor,
        }
        raise InvalidInput(message, code="no_bank", fields={"extractor": message})
    return bank


def check_seed(seed: int) -> None:
    """Refuse a seed out of range."""
    if not 0 <= seed <= MOST_SEED:
        message = _("Write a seed from 0 to %(most)s.") % {"most": MOST_SEED}
        raise InvalidInput(message, fields={"seed": message})


def check_can_compare(user: User, image_sets: list[ImageSet]) -> None:
    """Refuse too few or too many sets, sets with too few images, and too many measurements at once."""
    if not LEAST_SETS <= len(image_sets) <= MOST_SETS:
        message = _("Choose from %(least)s to %(most)s sets; you chose %(count)s.") % {
            "least": LEAST_SETS,
            "most": MOST_SETS,
            "count": len(image_sets),
        }
        raise InvalidInput(message, fields={"sets": message})
    for image_set in image_sets:
        if image_set.count < LEAST_IMAGES:
            message = _("%(name)s has %(n)s images; each set of a comparison needs at least %(least)s.") % {
                "name": image_set.name,
                "n": image_set.count,
                "least": LEAST_IMAGES,
            }
            raise InvalidInput(message, code="too_few_images", fields={"sets": message})
    _check_queue(user)
