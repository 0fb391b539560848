"""Who may do what with sets and orders. `check_can_x` raises with the reason, `can_x` answers."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.errors import Conflict, InvalidInput, NotFound, OverQuota, TooMany
from accounts.models import User
from accounts.quotas import limits
from generation.sets.models import Checkpoint, Export, ImageSet, Order, Webhook
from mlcore.spec import GenerationSpec

EXPORTS_AT_ONCE = 5


def check_can_order(
    user: User,
    checkpoint: Checkpoint,
    spec: GenerationSpec,
    *,
    is_preview: bool = False,
    is_again: bool = False,
) -> None:
    """Refuse an order that is too large, one too many, or of a model that is gone or cannot do it."""
    if checkpoint.state != Checkpoint.State.PUBLISHED or checkpoint.kind != Checkpoint.Kind.GENERATOR:
        message = _("The model %(name)s is no longer offered; choose another.") % {"name": checkpoint.name}
        raise InvalidInput(message, code="model_gone", fields={"model": message})
    allowed = limits(user)
    # A set that grew by several orders is made again as a whole: the room for images is its only limit.
    if spec.count > allowed.images_per_order and not is_again:
        message = _("Write a number from 1 to %(limit)s.") % {
            "limit": number_format(allowed.images_per_order, force_grouping=True)
        }
        raise InvalidInput(message, code="too_many_images", fields={"count": message})
    _check_conditions(checkpoint, spec)
    live = Order.objects.filter(owner=user, state=Order.State.OPEN, image_set__is_preview=False).count()
    if not is_preview and live >= allowed.orders_at_once:
        raise OverQuota(
            ngettext(
                "You have %(count)d order under way, as many as you may have at once. Wait until it ends or stop it.",
                "You have %(count)d orders under way, as many as you may have at once. "
                "Wait until one ends or stop one.",
                live,
            )
            % {"count": live},
            code="orders_at_once",
        )


def _check_conditions(checkpoint: Checkpoint, spec: GenerationSpec) -> None:
    if not checkpoint.is_scored and (spec.candidates > 1 or spec.min_probability > 0):
        field = "candidates" if spec.candidates > 1 else "min_probability"
        message = _("%(name)s has no discriminator, so its images cannot be chosen among.") % {
            "name": checkpoint.name
        }
        raise InvalidInput(message, code="not_scored", fields={field: message})
    if spec.hand != "any" and not checkpoint.knows_hands:
        message = _("%(name)s does not know left from right.") % {"name": checkpoint.name}
        raise InvalidInput(message, code="no_hands", fields={"hand": message})


def can_change(user: User, image_set: ImageSet) -> bool:
    """Whether this person may rename, delete and share: the owner alone."""
    return bool(image_set.owner_id == user.pk)


def check_can_change(user: User, image_set: ImageSet) -> None:
    """Another person's set is not there, also when it is shared: sharing is for looking."""
    if not can_change(user, image_set):
        raise NotFound(_("There is nothing here, or it is not yours."))


def check_can_cancel(user: User, order: Order) -> None:
    """Only the owner stops an order, and only one that is under way."""
    if order.owner_id != user.pk:
        raise NotFound(_("There is nothing here, or it is not yours."))
    if not order.is_live:
        raise Conflict(_("This order has ended already."), code="ended")


def check_can_resume(user: User, order: Order) -> None:
    """Only the owner goes on with an order, and only with one that stopped or failed and whose set is there."""
    if order.owner_id != user.pk:
        raise NotFound(_("There is nothing here, or it is not yours."))
    if order.state not in (Order.State.FAILED, Order.State.CANCELLED) or order.image_set.deleted_at:
        raise Conflict(
            _("Only a stopped or failed order whose set is still there can go on."), code="cannot_resume"
        )


def check_can_export(user: User) -> None:
    """Refuse when so many downloads are being made for this person already."""
    if Export.objects.filter(owner=user, state=Export.State.WAITING).count() >= EXPORTS_AT_ONCE:
        raise TooMany(
            _("%(count)s downloads are being made for you already. Wait until one is ready, or stop one.")
            % {"count": EXPORTS_AT_ONCE},
            retry_after=10,
        )


def check_can_delete_export(user: User, export: Export) -> None:
    """Only who asked for it throws it away."""
    if export.owner_id != user.pk:
        raise NotFound(_("There is nothing here, or it is not yours."))


def check_can_change_webhook(user: User, webhook: Webhook) -> None:
    """Another person's webhook is not there."""
    if webhook.owner_id != user.pk:
        raise NotFound(_("There is nothing here, or it is not yours."))
