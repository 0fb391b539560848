"""What people may see of models, orders, sets and images. Reads only; another person's anything is not there."""

from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Floor, Least, Now
from django.utils.translation import gettext as _

from accounts.errors import InvalidInput, NotFound
from accounts.models import User
from generation.sets.models import (
    Checkpoint,
    Chunk,
    Delivery,
    Export,
    Image,
    ImageSet,
    ImageSetQuerySet,
    Order,
    Score,
    Share,
    Webhook,
)

HISTOGRAM_BINS = 20
# What stands for the default model where a name is written, here as on the command line of mlcore.
DEFAULT_MODEL = "default"


def _nothing_here() -> NotFound:
    return NotFound(_("There is nothing here, or it is not yours."))


def _valid_shares() -> QuerySet[Share]:
    return Share.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=Now()))


def sets_of(user: User) -> ImageSetQuerySet:
    """A person's own sets, latest first."""
    return ImageSet.objects.present().filter(owner=user).select_related("checkpoint", "owner")


def trash_of(user: User) -> ImageSetQuerySet:
    """A person's own sets in the trash, what was deleted last first."""
    found = ImageSet.objects.filter(owner=user, deleted_at__isnull=False, is_preview=False)
    return found.select_related("checkpoint", "owner").order_by("-deleted_at")


def sets_shared_with(user: User) -> ImageSetQuerySet:
    """The sets that others let this person look at."""
    shares = _valid_shares().filter(user=user)
    found = ImageSet.objects.present().filter(pk__in=shares.values("image_set"))
    return found.select_related("checkpoint", "owner")


def visible_sets(user: User) -> ImageSetQuerySet:
    """Own sets and shared ones."""
    shares = _valid_shares().filter(user=user)
    found = ImageSet.objects.present().filter(Q(owner=user) | Q(pk__in=shares.values("image_set")))
    return found.select_related("checkpoint", "owner")


def set_for(user: User, set_id: UUID | str) -> ImageSet:
    """The set if this person may look at it: the owner, or somebody it is shared with. A preview is its owner's."""
    shares = _valid_shares().filter(user=user)
    found = ImageSet.objects.filter(pk=set_id, deleted_at__isnull=True).filter(
        Q(owner=user) | Q(is_preview=False, pk__in=shares.values("image_set"))
    )
    image_set = found.select_related("checkpoint", "owner").first()
    if image_set is None:
        raise _nothing_here()
    return image_set


def own_set_for(user: User, set_id: UUID | str) -> ImageSet:
    """The set if it is this person's own, in the trash too."""
    image_set = ImageSet.objects.filter(pk=set_id, owner=user).select_related("checkpoint", "owner").first()
    if image_set is None:
        raise _nothing_here()
    return image_set


def images_of(image_set: ImageSet) -> QuerySet[Image]:
    """The images that are in the set and not deleted, by number."""
    return Image.objects.filter(image_set=image_set, deleted_at__isnull=True).order_by("index")


def sum_of_numbers(image_set: ImageSet) -> int:
    """The sum of the numbers of the images that are in the set."""
    found: int | None = images_of(image_set).aggregate(sum=Sum("index"))["sum"]
    return found or 0


def image_for(user: User, image_id: int) -> Image:
    """The image if this person may look at its set and it was not deleted."""
    shares = _valid_shares().filter(user=user)
    found = Image.objects.filter(
        pk=image_id, deleted_at__isnull=True, image_set__deleted_at__isnull=True
    ).filter(
        Q(image_set__owner=user) | Q(image_set__is_preview=False, image_set__in=shares.values("image_set"))
    )
    image = found.select_related("image_set__owner", "image_set__checkpoint").first()
    if image is None:
        raise _nothing_here()
    return image


def picture_for(user: User, image_id: int) -> Image:
    """The image if this person may see a small picture of it: also a deleted one of their own, to know it again."""
    own = Image.objects.filter(pk=image_id, image_set__owner=user, image_set__deleted_at__isnull=True)
    deleted = own.filter(deleted_at__isnull=False).select_related("image_set").first()
    return deleted or image_for(user, image_id)


def own_image_for(user: User, image_id: int) -> Image:
    """The image if it is this person's own, deleted or not."""
    found = Image.objects.filter(pk=image_id, image_set__owner=user, image_set__deleted_at__isnull=True)
    image = found.select_related("image_set__owner").first()
    if image is None:
        raise _nothing_here()
    return image


def odds(scorer: str = "") -> F | Subquery:
    """The probability of an image: what its model's own discriminator says, or another scorer."""
    if not scorer:
        return F("score")
    return Subquery(Score.objects.filter(image=OuterRef("pk"), scorer=scorer).values("value")[:1])


def with_odds(images: QuerySet[Image], image_set: ImageSet, scorer: str = "") -> QuerySet[Any]:
    """Those images of a set that have a probability, with it as `odds` and their number as `place`.

    In the order of these two an index leads through them: of the images for the model's own, of the scores for others.
    """
    if not scorer:
        return images.filter(score__isnull=False).annotate(odds=F("score"), place=F("index"))
    said = images.filter(scores__image_set=image_set, scores__scorer=scorer)
    return said.annotate(odds=F("scores__value"), place=F("scores__index"))


def without_odds(images: QuerySet[Image], scorer: str = "") -> QuerySet[Image]:
    """The others."""
    if not scorer:
        return images.filter(score__isnull=True)
    return images.filter(~Exists(Score.objects.filter(image=OuterRef("pk"), scorer=scorer)))


def histogram(image_set: ImageSet, bins: int = HISTOGRAM_BINS, scorer: str = "") -> list[int]:
    """How many images have which probability, in bins of equal width from 0 to 1; one query."""
    said = with_odds(images_of(image_set).order_by(), image_set, scorer)
    # Probability 1 belongs to the last bin.
    place = Least(Floor(F("odds") * bins), bins - 1, output_field=IntegerField())
    counted = said.annotate(place=place).values("place").annotate(n=Count("pk"))
    counts = [0] * bins
    for where, number in counted.values_list("place", "n"):
        counts[int(where)] += number  # PostgreSQL floors a float to a float
    return counts


def orders_of(user: User) -> QuerySet[Order]:
    """A person's orders, latest first, each with `done`: how many of its images are made."""
    found = Order.objects.filter(owner=user, image_set__is_preview=False).order_by("-id")
    return with_done(found).select_related("image_set", "checkpoint")


def order_for(user: User, order_id: UUID | str) -> Order:
    """The order, if it is this person's."""
    found = with_done(Order.objects.filter(pk=order_id, owner=user))
    order = found.select_related("image_set", "checkpoint").first()
    if order is None:
        raise _nothing_here()
    return order


def with_done(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Orders with `done`, in the same query."""
    made = Chunk.objects.filter(order=OuterRef("pk")).order_by().values("order").annotate(sum=Sum("done"))
    return orders.annotate(done=Coalesce(Subquery(made.values("sum")), 0, output_field=IntegerField()))


def exports_of(user: User) -> QuerySet[Export]:
    """A person's exports that are kept, latest first: as long as the person may look at the set."""
    kept = Export.objects.filter(
        owner=user, expires_at__gt=Now(), image_set__in=visible_sets(user).values("pk")
    )
    return kept.select_related("image_set__checkpoint", "job", "owner")


def export_for(user: User, export_id: UUID | str) -> Export:
    """The export, if this person asked for it and may still look at the set."""
    export = exports_of(user).filter(pk=export_id).first()
    if export is None:
        raise _nothing_here()
    return export


def webhook_for(user: User, webhook_id: UUID | str) -> Webhook:
    """The webhook, if it is this person's."""
    webhook = Webhook.objects.filter(owner=user, pk=webhook_id).select_related("owner").first()
    if webhook is None:
        raise _nothing_here()
    return webhook


def deliveries_of(webhook: Webhook) -> QuerySet[Delivery]:
    """What was sent there, the latest first."""
    return Delivery.objects.filter(webhook=webhook).order_by("-id")


def models_offered() -> QuerySet[Checkpoint]:
    """The models that one may order from, the default one first."""
    return Checkpoint.objects.published().select_related("partner")


def judges() -> QuerySet[Checkpoint]:
    """The discriminators that may judge a set."""
    usable = (Checkpoint.State.VERIFIED, Checkpoint.State.PUBLISHED)
    return Checkpoint.objects.filter(kind=Checkpoint.Kind.DISCRIMINATOR, state__in=usable).order_by("name")


def judges_offered(_user: User) -> list[tuple[str, str]]:
    """Names and titles of the discriminators; everybody may ask all of them."""
    return [(name, name) for name in judges().values_list("name", flat=True)]


def model_named(name: str) -> Checkpoint:
    """The model that is offered under this name. No name, and `default` where none is called so, is the default one."""
    offered = models_offered()
    found = offered.filter(name=name).first() if name else None
    if found is None and name in ("", DEFAULT_MODEL):
        found = offered.filter(is_default=True).first() or offered.first()
    if found is None:
        message = (
            _("There is no model %(name)s. GET /api/v1/models lists those that are offered.")
            % {"name": name[:64]}
            if name
            else _("No model is offered yet. Ask an administrator to publish one.")
        )
        raise InvalidInput(message, code="model_gone", fields={"model": message})
    return found


def shares_of(image_set: ImageSet) -> QuerySet[Share]:
    """Whom the set is shared with and which links lead to it, those that ended too."""
    return Share.objects.filter(image_set=image_set).select_related("user").order_by("pk")
