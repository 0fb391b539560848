"""Who may do what with accounts, and the limits on orders that other rooms ask about. Reads only."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.errors import Conflict, NotAllowed, OverQuota
from accounts.models import User
from accounts.quotas import limits


def can_let_in(by: User) -> bool:
    """Whether `by` decides who may come in."""
    return by.is_active and by.has_perm("accounts.change_user")


def check_can_let_in(by: User) -> None:
    """Raise unless `by` decides who may come in."""
    if not can_let_in(by):
        raise NotAllowed(_("There is nothing here, or it is not yours."))


def can_delete_account(user: User) -> bool:
    """Whether the site could still be run without `user`."""
    if not (user.is_superuser and user.is_active):
        return True
    return User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk).exists()


def check_can_delete_account(user: User) -> None:
    """Raise where deleting `user` would leave the site without an administrator."""
    if not can_delete_account(user):
        raise Conflict(
            _("You are the only administrator. Make another person one first, then delete your account."),
            code="last_administrator",
        )


def check_images_per_order(user: User, count: int) -> None:
    """Raise where one order of `count` images is more than `user` may ask for at once."""
    allowed = limits(user).images_per_order
    if count > allowed:
        raise OverQuota(
            ngettext(
                "One order makes at most %(limit)s image, and this asks for %(count)s. "
                "Order it in parts, or ask an administrator for more.",
                "One order makes at most %(limit)s images, and this asks for %(count)s. "
                "Order it in parts, or ask an administrator for more.",
                allowed,
            )
            % {"limit": _number(allowed), "count": _number(count)},
            code="over_quota_order",
            fields={"count": _("At most %(limit)s.") % {"limit": _number(allowed)}},
        )


def check_orders_at_once(user: User, running: int) -> None:
    """Raise where `user` has `running` orders open already and may have no further one."""
    allowed = limits(user).orders_at_once
    if running >= allowed:
        raise OverQuota(
            ngettext(
                "You have %(running)s order in the works and may have %(limit)s at once. "
                "Wait until one is done, or cancel one.",
                "You have %(running)s orders in the works and may have %(limit)s at once. "
                "Wait until one is done, or cancel one.",
                running,
            )
            % {"limit": _number(allowed), "running": _number(running)},
            code="over_quota_orders",
        )


def _number(value: int) -> str:
    return number_format(value, force_grouping=True)
