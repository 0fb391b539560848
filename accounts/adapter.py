"""What allauth is told about this site: who may sign up, where the uninvited wait, what its errors say."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts import address, appearance, mail
from accounts.errors import Conflict, TooMany, Unavailable
from accounts.models import User

_TOO_MANY_CODES = frozenset({"too_many_login_attempts", "rate_limited"})
_WAIT_SECONDS = 5 * 60
_MISMATCH = gettext_lazy("Name and password do not match. Look at the keyboard's language and Caps Lock.")


class AccountAdapter(DefaultAccountAdapter):
    """Named in settings.ACCOUNT_ADAPTER."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _MISMATCH,
        "email_password_mismatch": _MISMATCH,
        "username_taken": gettext_lazy("Somebody has this name already. Choose another."),
        "email_taken": gettext_lazy("Another account has this e-mail address already."),
        "incorrect_password": gettext_lazy("This is not your password."),
        "enter_current_password": gettext_lazy("This is not your password."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether strangers may make an account."""
        return settings.PALMSITE_SIGNUP != "off"

    def save_user(self, request: HttpRequest, user: User, form: forms.BaseForm, commit: bool = True) -> User:
        """Keep a new person with their language and theme; where administrators let people in, waiting."""
        language = get_language() or ""
        user.language = language if language in dict(settings.LANGUAGES) else ""
        theme = request.COOKIES.get(appearance.THEME_COOKIE, "")
        user.theme = theme if theme in appearance.THEMES else ""
        if settings.PALMSITE_SIGNUP == "approval":
            user.approval = User.Approval.WAITING
            user.is_active = False
        try:
            with transaction.atomic():
                saved: User = super().save_user(request, user, form, commit=commit)
                return saved
        except IntegrityError:
            raise Conflict(_("Somebody took this name or address a moment ago. Choose another.")) from None

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """Show who knows the password why the account does not open."""
        if user.approval == User.Approval.WAITING:
            return redirect("accounts:waiting")
        return redirect("account_inactive")

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """Make the error of a form; too many attempts are refused as such (429), whichever form they came by."""
        if code in _TOO_MANY_CODES:
            raise TooMany(
                _("Too many attempts. Wait 5 minutes and try again, or reset the password."),
                retry_after=_WAIT_SECONDS,
            )
        error: ValidationError = super().validation_error(code, *args)
        return error

    def get_client_ip(self, request: HttpRequest) -> str:
        """Say whose attempts are counted together."""
        return address.of(request) or "unknown"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send what the person asked for, or tell them that it cannot be sent now."""
        if not mail.deliver(self._message(template_prefix, email, context)):
            raise Unavailable(
                _("The mail could not be sent. Try again in some minutes, or tell the operator.")
            )

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell a person what was changed in their account; a silent mail server does not undo the change."""
        try:
            super().send_notification_mail(template_prefix, user, context, email)
        except Unavailable:
            return

    def _message(self, template_prefix: str, email: str, context: dict[str, Any]) -> Any:
        host = self.request.get_host() if self.request is not None else ""
        whole = {"request": self.request, "email": email, "site": host, **context}
        return self.render_mail(template_prefix, email, whole)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Named in settings.MFA_ADAPTER."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy(
            "This code does not fit. Codes change every 30 seconds; type the one shown now."
        ),
        "cannot_generate_recovery_codes": gettext_lazy("Turn the second factor on first."),
    }
