"""What people may see of references, evaluations and comparisons. Reads only; another's anything is not there."""

import random
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.errors import InvalidInput, NotFound
from accounts.models import User
from generation.evaluation import extractors, messages, policies
from generation.evaluation.models import (
    Bank,
    Comparison,
    Evaluation,
    Panel,
    Rating,
    Reference,
    ReferenceQuerySet,
)
from generation.sets import selectors as sets
from generation.sets.models import ImageSet


def _nothing_here() -> NotFound:
    return NotFound(_("There is nothing here, or it is not yours."))


def references_for(user: User) -> ReferenceQuerySet:
    """What this person may measure against: the site's references and their own."""
    found = Reference.objects.to_measure_against().filter(Q(owner__isnull=True) | Q(owner=user))
    return found.prefetch_related("banks")


def reference_named(
    user: User, name: str, *, field: str = "reference", subject: str = Reference.Subject.PALM
) -> Reference:
    """The reference of this name or id; blank for the first for what shows this."""
    offered = references_for(user)
    if not name:
        found = _first_for(subject, offered)
    else:
        found = offered.filter(name=name).order_by(F("owner").desc(nulls_last=True)).first() or _by_id(
            offered, name
        )
    if found is None:
        message = (
            _("There is no reference %(name)s. GET /api/v1/references lists those there are.")
            % {"name": name[:80]}
            if name
            else _("There is no reference to measure against. Ask the operator to add one.")
        )
        raise InvalidInput(message, code="no_reference", fields={field: message})
    return found


def is_as_measured(image_set: ImageSet, count: int, numbers: int | None) -> bool:
    """Whether the set still has the images that were measured: so many, whose numbers have this sum.

    Numbers of images are given once and only grow: as many images with another sum are others. Measurements of old do
    not know the sum.
    """
    return image_set.count == count and numbers in (None, sets.sum_of_numbers(image_set))


def sites_first(subject: str) -> Reference | None:
    """The one of the site's own references that a set of this subject is measured against unless another is wished."""
    offered = Reference.objects.to_measure_against().filter(owner__isnull=True)
    found = _first_for(subject, offered.prefetch_related("banks"))
    return found if found is not None and found.subject == subject else None


def _first_for(subject: str, offered: ReferenceQuerySet) -> Reference | None:
    """One that shows the same before palms before any other, the site's before a person's own."""

    def order(one: Reference) -> tuple[bool, bool, bool]:
        return one.subject != subject, one.subject != Reference.Subject.PALM, one.owner_id is not None

    return min(offered, key=order, default=None)


def _by_id(offered: ReferenceQuerySet, name: str) -> Reference | None:
    try:
        return offered.filter(pk=UUID(name)).first()
    except ValueError:
        return None


def references_to_list(user: User) -> QuerySet[Reference]:
    """All that this person may look at: the site's, their own in whatever state, for the staff also unfinished ones."""
    ready = Q(owner__isnull=True, banks__isnull=False)
    wanted = ready | Q(owner=user)
    if user.is_staff:
        wanted |= Q(owner__isnull=True) & ~Q(state=Reference.State.READY)
    found = Reference.objects.filter(wanted, role=Reference.Role.REFERENCE).distinct()
    return found.select_related("job", "owner").prefetch_related("banks")


def reference_for(user: User, reference_id: UUID | str) -> Reference:
    """The reference, if this person may look at it."""
    found = Reference.objects.select_related("job__owner", "owner").filter(pk=reference_id).first()
    if found is None or not policies.can_see_reference(user, found):
        raise _nothing_here()
    return found


def photo_path(reference: Reference, number: int) -> Path:
    """One kept photograph of a reference; who asks has been let in to it."""
    path = reference.photos_folder / f"{number:06d}.png"
    if not reference.keeps_photos or not path.is_file():
        raise _nothing_here()
    return path


def references_with_photos(user: User) -> ReferenceQuerySet:
    """Those that this person may measure against and whose photographs were kept."""
    return references_for(user).filter(keeps_photos=True)


def reference_with_photos(user: User, name: str) -> Reference:
    """One of those by name or id; the field is named where there is none."""
    offered = references_with_photos(user)
    found = offered.filter(name=name).first() or _by_id(offered, name)
    if found is None:
        message = _("There is no reference “%(name)s” that keeps its photographs.") % {"name": name[:80]}
        raise InvalidInput(message, code="no_photos", fields={"reference": message})
    return found


def photos_of(reference: Reference | UUID | str, *, by: User) -> list[Path]:
    """The kept photographs of a reference as files: cut, upright, PNG, in the order of its features.

    For other rooms that need real ones: the lab, as what is real. NotFound where this person may not measure
    against the reference; empty where its photographs were deleted after their features were computed.
    """
    key = reference.pk if isinstance(reference, Reference) else reference
    found = references_with_photos(by).filter(pk=key).first()
    if found is None:
        if not references_for(by).filter(pk=key).exists():
            raise _nothing_here()
        return []
    return sorted(found.photos_folder.glob("*.png"))


def bank_of(reference_id: UUID | str, extractor: str) -> Bank | None:
    """The reference's features in this network; in the standard one only those of the standard weights."""
    found = Bank.objects.filter(reference_id=reference_id, extractor=extractor)
    if extractor == extractors.STANDARD:
        found = found.filter(weights_sha256=str(settings.PALMSITE_INCEPTION_SHA256))
    return found.first()


def training_bank(image_set: ImageSet | None, bank: Bank) -> Bank | None:
    """Features of what the set's model learned from, in the same network; None where nobody knows what that was.

    Its header names one bank by its file. The same pictures in another network are another bank of that reference.
    """
    model = image_set.checkpoint if image_set else None
    named = model.header.get("bank", "") if model else ""
    if not named:
        return None
    ours = Bank.objects.filter(reference__role=Reference.Role.TRAINING, reference__owner__isnull=True)
    learned = ours.filter(sha256=named).first()
    if learned is None:
        return None
    return ours.filter(reference=learned.reference_id, **_network_of(bank)).first()


def other_part(bank: Bank) -> Bank | None:
    """The other part of a bank's split, in the same network: held-out people for what is learned from, and back.

    Palms and hands are cut from the same photographs, so that equal sources alone tell nothing.
    """
    here = bank.reference
    wanted = {
        "train": (Reference.Role.REFERENCE, "validation"),
        "validation": (Reference.Role.TRAINING, "train"),
    }.get(here.split)
    if wanted is None:
        return None
    role, split = wanted
    found = Bank.objects.filter(
        reference__owner__isnull=True,
        reference__subject=here.subject,
        reference__role=role,
        reference__split=split,
        **_network_of(bank),
    ).select_related("reference")
    return next((one for one in found if _sources(one.reference) == _sources(here)), None)


def _network_of(bank: Bank) -> dict[str, str]:
    return {"extractor": bank.extractor, "weights_sha256": bank.weights_sha256}


def _sources(reference: Reference) -> set[str]:
    return {str(entry.get("source")) for entry in reference.lineage}


def fid_references(user: User) -> ReferenceQuerySet:
    """Those that were measured with the standard network and its standard weights."""
    return references_for(user).filter(
        banks__extractor=extractors.STANDARD,
        banks__weights_sha256=str(settings.PALMSITE_INCEPTION_SHA256),
    )


def fid_reference(user: User, subject: str = Reference.Subject.PALM) -> Reference | None:
    """The first of them for what shows this."""
    return _first_for(subject, fid_references(user))


def why_no_fid(user: User) -> str:
    """The msgid that says why FID cannot be had here; empty where it can."""
    if extractors.inception_weights() is None:
        return messages.OTHER_WEIGHTS if extractors.names_other_weights() else messages.NO_WEIGHTS
    return "" if fid_reference(user) else messages.NO_INCEPTION_BANK


def evaluations_of(image_set: ImageSet) -> QuerySet[Evaluation]:
    """All measurements of a set, latest first."""
    found = Evaluation.objects.filter(image_set=image_set)
    return found.select_related("reference", "job", "done_by").order_by("-id")


def evaluation_for(user: User, evaluation_id: UUID | str) -> Evaluation:
    """The evaluation, if this person may look at its set."""
    found = Evaluation.objects.filter(pk=evaluation_id)
    evaluation = found.select_related("image_set__owner", "image_set__checkpoint", "reference", "job").first()
    if evaluation is None:
        raise _nothing_here()
    sets.set_for(user, evaluation.image_set_id)
    return evaluation


def comparisons_of(user: User) -> QuerySet[Comparison]:
    """A person's own comparisons, latest first."""
    return Comparison.objects.filter(owner=user).select_related("job").order_by("-id")


def comparison_for(user: User, comparison_id: UUID | str) -> Comparison:
    """The comparison, if it is this person's own or they may look at all that stands in it."""
    comparison = Comparison.objects.filter(pk=comparison_id).select_related("job", "owner").first()
    if comparison is None:
        raise _nothing_here()
    if comparison.owner_id != user.pk:
        sees_sets = len(sets_of(user, comparison)) == len(comparison.sets)
        sees_palms = len(real_columns_of(user, comparison)) == len(comparison.spec.get("references", ()))
        if not (sees_sets and sees_palms):
            raise _nothing_here()
    return comparison


def real_columns_of(user: User, *comparisons: Comparison) -> dict[str, Reference]:
    """The references that stand in them as columns and that this person may look at, by id."""
    keys = {key for comparison in comparisons for key in comparison.spec.get("references", ())}
    return {str(one.pk): one for one in references_for(user).filter(pk__in=keys)}


def sets_of(user: User, *comparisons: Comparison) -> dict[str, ImageSet]:
    """Those of their sets that this person may look at now, by id."""
    keys = {key for comparison in comparisons for key in comparison.sets}
    return {str(one.pk): one for one in sets.visible_sets(user).filter(pk__in=keys)}


def panels_of(image_set: ImageSet) -> QuerySet[Panel]:
    """All ratings of a set by people, latest first."""
    return Panel.objects.filter(image_set=image_set).select_related("reference", "image_set").order_by("-id")


def counted_panel(image_set: ImageSet) -> Panel | None:
    """The last of them in which anything was counted."""
    return panels_of(image_set).exclude(result={}).first()


def panel_for(user: User, panel_id: UUID | str) -> Panel:
    """The rating, if this person may look at its set."""
    found = Panel.objects.filter(pk=panel_id).select_related("image_set__owner", "reference").first()
    if found is None:
        raise _nothing_here()
    sets.set_for(user, found.image_set_id)
    return found


def shown_items(panel: Panel) -> list[int]:
    """The items whose pictures are still there: images deleted since are not asked about."""
    made = [item["made"] for item in panel.items if "made" in item]
    here = set(sets.images_of(panel.image_set).filter(index__in=made).values_list("index", flat=True))
    keeps = panel.reference is not None and panel.reference.keeps_photos
    return [
        number
        for number, item in enumerate(panel.items)
        if (item["made"] in here if "made" in item else keeps)
    ]


def items_in_order(user: User, panel: Panel) -> list[int]:
    """The items in this person's own order, always the same one: nobody's mood falls on the same images."""
    items = shown_items(panel)
    random.Random(f"{panel.seed}:{user.pk}").shuffle(items)  # an order, no secret
    return items


def ratings_by(user: User, panel: Panel) -> dict[int, Rating]:
    """What this person has said so far of the items still shown, by item: who is done is told by these."""
    found = Rating.objects.filter(panel=panel, rater=user, item__in=shown_items(panel))
    return {rating.item: rating for rating in found}


def next_item(user: User, panel: Panel) -> int | None:
    """The first that this person has not rated; None when all are."""
    given = ratings_by(user, panel)
    return next((item for item in items_in_order(user, panel) if item not in given), None)
