"""What follows when somebody signs up, signs in or out, or changes how they sign in. Connected in apps.py.

Failed attempts name the account they were aimed at and never what was typed: it may have been a password.
"""

from typing import Any

from allauth.account import signals as account_signals
from allauth.account.internal.userkit import filter_users_by_email, get_user_by_username
from allauth.account.models import EmailAddress
from allauth.mfa import signals as mfa_signals
from django.contrib.auth import signals as auth_signals
from django.dispatch import Signal
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts import appearance, audit, services
from accounts.models import User


def connect() -> None:
    """Begin to listen."""
    _listen(account_signals.user_signed_up, on_sign_up)
    _listen(account_signals.email_added, keep_an_address)
    _listen(account_signals.user_logged_in, bring_appearance)
    _listen(auth_signals.user_logged_in, on_sign_in)
    _listen(auth_signals.user_logged_out, on_sign_out)
    _listen(auth_signals.user_login_failed, on_failed_password)
    _listen(mfa_signals.authentication_failed, on_failed_code)
    for signal, action in (
        (account_signals.password_changed, "password.change"),
        (account_signals.password_set, "password.change"),
        (account_signals.password_reset, "password.reset"),
        (account_signals.email_changed, "email.change"),
        (account_signals.email_removed, "email.remove"),
        (mfa_signals.authenticator_added, "second_factor.add"),
        (mfa_signals.authenticator_removed, "second_factor.remove"),
        (mfa_signals.authenticator_reset, "second_factor.renew"),
    ):
        _listen(signal, _recorder(action))


def on_sign_up(*, request: HttpRequest, user: User, **_more: Any) -> None:
    """Write a new account down and, if it must wait, tell who lets people in."""
    audit.record(by=user, action="account.sign_up", target=audit.target_of(user))
    if user.approval == User.Approval.WAITING:
        url = request.build_absolute_uri(reverse("accounts:applicants"))
        services.ask_to_be_let_in(user=user, list_url=url)


def keep_an_address(*, email_address: EmailAddress, **_more: Any) -> None:
    """Let a new address hold at once where there was no confirmed one; allauth would leave the person without."""
    email_address.set_as_primary(conditional=True)


def bring_appearance(*, user: User, response: HttpResponse, **_more: Any) -> None:
    """Show the site in the language and theme of the account from the first page on."""
    appearance.bring(response, user)


def on_sign_in(*, user: User, **_more: Any) -> None:
    """Write a sign-in down."""
    audit.record(by=user, action="sign_in", target=audit.target_of(user))


def on_sign_out(*, user: User | None, **_more: Any) -> None:
    """Write a sign-out down, if anybody was signed in."""
    if user is not None:
        audit.record(by=user, action="sign_out", target=audit.target_of(user))


def on_failed_password(*, credentials: dict[str, Any], **_more: Any) -> None:
    """Write down whose password was not known, or that the account is closed."""
    user = _aimed_at(credentials)
    if user is None:
        audit.record(by=None, action="sign_in.failed", detail={"reason": "unknown"})
        return
    reason = "password" if user.is_active else "closed"
    audit.record(by=None, action="sign_in.failed", target=audit.target_of(user), detail={"reason": reason})


def on_failed_code(*, user: User, **_more: Any) -> None:
    """Write down that the password was known and the one-time code was not."""
    audit.record(by=None, action="sign_in.failed", target=audit.target_of(user), detail={"reason": "code"})


def _aimed_at(credentials: dict[str, Any]) -> User | None:
    name = credentials.get("username") or ""
    user = get_user_by_username(name) if name else None
    if user is None and (email := credentials.get("email") or name):
        user = next(iter(filter_users_by_email(email)), None)
    return user if isinstance(user, User) else None


def _recorder(action: str) -> Any:
    def record(*, user: User, **_more: Any) -> None:
        audit.record(by=user, action=action, target=audit.target_of(user))

    return record


def _listen(signal: Signal, receiver: Any) -> None:
    signal.connect(receiver, weak=False)
