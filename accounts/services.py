"""What changes with people: let in, turned away, changed, deleted. Every change stands in the audit log."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit, mail, personal_data, policies
from accounts.errors import Conflict
from accounts.models import User


def ask_to_be_let_in(*, user: User, list_url: str) -> None:
    """Tell everybody who may let people in that somebody waits."""
    for administrator in User.objects.with_perm("accounts.change_user"):
        mail.write_to(administrator, "somebody_waits", applicant=user.username, url=list_url)


@transaction.atomic
def let_in(*, by: User, user: User, sign_in_url: str) -> None:
    """Let a person in who waits or was turned away, and tell them."""
    policies.check_can_let_in(by)
    changed = (
        User.objects.filter(pk=user.pk)
        .exclude(approval=User.Approval.APPROVED)
        .update(approval=User.Approval.APPROVED, is_active=True)
    )
    if not changed:
        raise Conflict(
            _("%(name)s has been let in already.") % {"name": user.username}, code="already_let_in"
        )
    audit.record(by=by, action="account.let_in", target=audit.target_of(user))
    transaction.on_commit(lambda: _tell_let_in(user, sign_in_url))


def _tell_let_in(user: User, sign_in_url: str) -> None:
    mail.write_to(user, "let_in", url=sign_in_url)


@transaction.atomic
def turn_away(*, by: User, user: User) -> None:
    """Turn a waiting person away; the account stays, closed, and can still be let in."""
    policies.check_can_let_in(by)
    changed = User.objects.filter(pk=user.pk, approval=User.Approval.WAITING).update(
        approval=User.Approval.DENIED, is_active=False
    )
    if not changed:
        raise Conflict(_("%(name)s is not waiting.") % {"name": user.username}, code="not_waiting")
    audit.record(by=by, action="account.turn_away", target=audit.target_of(user))


@transaction.atomic
def delete_account(*, by: User, user: User) -> None:
    """Delete an account and all that the site holds of the person, files too; the log keeps a nameless trace."""
    if by.pk != user.pk:
        policies.check_can_let_in(by)
    policies.check_can_delete_account(user)
    target = audit.target_of(user)
    own = by.pk == user.pk
    if own:
        audit.record(by=None, action="account.delete", target=target)
    personal_data.erase(user)
    audit.forget(user)
    user.delete()
    if not own:
        audit.record(by=by, action="account.delete", target=target)
