"""Who may do what with accounts. Reads only; what a person may store is the ledger's to judge."""

from django.utils.translation import gettext as _

from accounts.errors import Conflict, NotAllowed
from accounts.models import User


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
