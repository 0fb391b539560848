"""Who may have what measured. `check_can_x` raises with the reason, `can_x` answers."""

from uuid import UUID

from django.utils.translation import gettext as _

from accounts.errors import Conflict, InvalidInput, NotFound
from accounts.models import User
from generation.evaluation import extractors, limits, messages
from generation.evaluation.models import Bank, Comparison, Evaluation, Measured, Panel, Reference
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
    """Refuse a reference that was never measured with this network, naming those that it was measured with."""
    if bank is None:
        measured = {one.extractor for one in reference.banks.all()}
        others = [network.name for network in extractors.offered() if network.name in measured]
        message = (
            _(
                "The reference %(name)s holds no features of %(extractor)s. Measure with %(others)s, or choose another "
                "reference."
            )
            if others
            else _("The reference %(name)s holds no features of %(extractor)s. Choose another reference.")
        ) % {"name": reference.name, "extractor": extractor, "others": ", ".join(others)}
        raise InvalidInput(message, code="no_bank", fields={"extractor": message})
    return bank


def check_fid_has_its_own_network(extractor: str) -> None:
    """Refuse FID in another network: it would be no FID."""
    if extractor not in ("", extractors.STANDARD):
        message = _(
            "FID is measured in its own network. Leave the network out, or ask for the other measures."
        )
        raise InvalidInput(message, fields={"extractor": message})


def check_measured_for_fid(reference: Reference, bank: Bank | None) -> Bank:
    """Refuse a reference that was never measured in FID's network."""
    if bank is None:
        message = _(
            "The reference %(name)s was never measured in FID's network. Choose another one, or none."
        ) % {"name": reference.name}
        raise InvalidInput(message, code="no_bank", fields={"reference": message})
    return bank


def check_can_be_hidden(reference: Reference, image_set: ImageSet) -> None:
    """Refuse photographs among a set's images that everybody would know by what they show."""
    if reference.subject != image_set.subject:
        message = _(
            "%(name)s shows something else than the set does: everybody would know its photographs. Choose another."
        ) % {"name": reference.name}
        raise InvalidInput(message, fields={"reference": message})


def check_seed(seed: int) -> None:
    """Refuse a seed out of range."""
    if not 0 <= seed <= MOST_SEED:
        message = _("Write a seed from 0 to %(most)s.") % {"most": MOST_SEED}
        raise InvalidInput(message, fields={"seed": message})


def check_can_compare(user: User, image_sets: list[ImageSet], real: list[Reference]) -> None:
    """Refuse too few or too many, sets with too few images, and too many measurements at once.

    Real palms count like sets, with sets beside them or without.
    """
    count = len(image_sets) + len(real)
    if not LEAST_SETS <= count <= MOST_SETS:
        message = _(
            "Choose from %(least)s to %(most)s sets and references together; you chose %(count)s."
        ) % {
            "least": LEAST_SETS,
            "most": MOST_SETS,
            "count": count,
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


def check_can_stand_beside(real: list[Reference], against: Reference, bank: Bank) -> None:
    """Refuse real palms measured against themselves, or never measured with this network."""
    for reference in real:
        if reference.pk == against.pk:
            message = _(
                "%(name)s is what all are measured against, so it cannot stand beside them. Real palms of other "
                "people stand in the last column."
            ) % {"name": reference.name}
            raise InvalidInput(message, code="against_itself", fields={"references": message})
        same = reference.banks.filter(extractor=bank.extractor, weights_sha256=bank.weights_sha256)
        check_bank(reference, same.first(), bank.extractor)


LONGEST_NAME = 80


def can_see_reference(user: User, reference: Reference) -> bool:
    """Whether it exists for this person: one's own, the site's once it is ready, for the staff also before."""
    if reference.role != Reference.Role.REFERENCE:
        return False
    if reference.owner_id is not None:
        return reference.owner_id == user.pk
    return reference.is_ready or user.is_staff


def can_delete_reference(user: User, reference: Reference) -> bool:
    """Whether this person may delete it: one's own, and of the site's those that the staff have added here."""
    if reference.owner_id is not None:
        return reference.owner_id == user.pk
    return user.is_staff and reference.is_added


def check_can_delete_reference(user: User, reference: Reference) -> None:
    """Refuse another person's, and what follows the operator's files."""
    if not can_see_reference(user, reference):
        raise NotFound(_("There is nothing here, or it is not yours."))
    if not can_delete_reference(user, reference):
        raise Conflict(
            _("%(name)s belongs to the site; only its operator can remove it.") % {"name": reference.name},
            code="site_reference",
        )


def check_can_add_reference(
    user: User, name: str, subject: str, people: str, *, folder: str = "", for_everybody: bool = False
) -> None:
    """Refuse bad names, too many references, and what only administrators may do."""
    if not name or len(name) > LONGEST_NAME:
        message = _("Give the reference a name of 1 to %(most)s letters.") % {"most": LONGEST_NAME}
        raise InvalidInput(message, fields={"name": message})
    if subject not in Reference.Subject.values:
        message = _("Say what is shown: %(subjects)s.") % {"subjects": ", ".join(Reference.Subject.values)}
        raise InvalidInput(message, fields={"subject": message})
    if people not in limits.PEOPLE:
        message = _("Say who is known: %(ways)s.") % {"ways": ", ".join(limits.PEOPLE)}
        raise InvalidInput(message, fields={"people": message})
    if (folder or for_everybody) and not user.is_staff:
        message = _("Only administrators add references for everybody, or from folders of the server.")
        raise InvalidInput(message, fields={"folder" if folder else "for_everybody": message})
    if folder and folder not in limits.folders():
        message = _(
            "There is no folder %(name)s in PALMSITE_DATA/photos. Put the photographs there first."
        ) % {"name": folder[:80]}
        raise InvalidInput(message, fields={"folder": message})
    check_name_is_free(None if for_everybody else user, name)
    added = Reference.objects.filter(owner=user).count()
    if not for_everybody and added >= limits.MOST_ADDED:
        raise Conflict(
            _("You have %(count)s references, as many as may be. Delete one you no longer need.")
            % {"count": added},
            code="too_many_references",
        )


def check_name_is_free(owner: User | None, name: str) -> None:
    """Refuse a name that this person, or the site, already gave."""
    if Reference.objects.filter(owner=owner, name=name).exists():
        message = _("There is a reference %(name)s already. Choose another name.") % {"name": name}
        raise InvalidInput(message, code="name_taken", fields={"name": message})


def check_one_source(upload: UUID | None, folder: str) -> None:
    """Refuse photographs from nowhere, or from two places."""
    if (upload is None) == (not folder):
        message = _("Choose an archive of photographs.")
        raise InvalidInput(message, fields={"upload": message})


def can_measure_anew(user: User, reference: Reference) -> bool:
    """Whether photographs are kept that a network of this machine has not seen, and nobody is at it."""
    if not can_delete_reference(user, reference) or not (reference.is_ready and reference.keeps_photos):
        return False
    known = {bank.extractor for bank in reference.banks.all()}
    missing = [network for network in extractors.here() if network.name not in known]
    return bool(missing) and not (reference.job is not None and reference.job.is_live)


def check_can_measure_anew(user: User, reference: Reference) -> None:
    """Refuse where there is nothing to measure, or no photograph to measure it on."""
    if not can_measure_anew(user, reference):
        raise Conflict(
            _("%(name)s is measured with every network there is, or its photographs were not kept.")
            % {"name": reference.name},
            code="nothing_to_measure",
        )


LEAST_RATED, MOST_RATED = 10, 200


def can_begin_panel(user: User, image_set: ImageSet) -> bool:
    """Whether this person may have the set rated by people: its owner."""
    return can_evaluate(user, image_set)


def check_can_begin_panel(user: User, image_set: ImageSet, count: int) -> None:
    """Refuse another person's set, one with too few images, and numbers that say nothing or take a day."""
    if not can_begin_panel(user, image_set):
        raise NotFound(_("There is nothing here, or it is not yours."))
    check_enough(image_set)
    if not LEAST_RATED <= count <= MOST_RATED:
        message = _("Choose from %(least)s to %(most)s images; you chose %(count)s.") % {
            "least": LEAST_RATED,
            "most": MOST_RATED,
            "count": count,
        }
        raise InvalidInput(message, fields={"count": message})


def can_delete_panel(user: User, panel: Panel) -> bool:
    """Whether this person may throw away what people said: the set's owner."""
    return panel.image_set.owner_id == user.pk


def check_can_delete_panel(user: User, panel: Panel) -> None:
    """Refuse everybody else."""
    if not can_delete_panel(user, panel):
        raise NotFound(_("There is nothing here, or it is not yours."))
