"""What people type about themselves. The two forms of allauth say their words in ours."""

from typing import Any

from allauth.account import forms as allauth_forms
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import tokens
from accounts.models import User

_PASSWORD = {"autocomplete": "current-password"}


class LoginForm(allauth_forms.LoginForm):
    """Name or address, and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login, password = self.fields["login"], self.fields["password"]
        login.label = _("Name or e-mail address")
        login.widget = forms.TextInput(
            attrs={
                "autocomplete": "username",
                "autocapitalize": "none",
                "spellcheck": "false",
                "autofocus": True,
            }
        )
        password.widget = forms.PasswordInput(attrs=_PASSWORD)
        # The page has its own link to a forgotten password, where one looks for it.
        password.help_text = ""


class SignupForm(allauth_forms.SignupForm):
    """A name, a password, and an address for who wants to be written to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name, email, password = (self.fields[field] for field in ("username", "email", "password1"))
        name.label = _("Name")
        name.help_text = _(
            "Letters, digits and @ . + - _ without spaces. Others see it where you share something."
        )
        name.widget.attrs = {
            "autocomplete": "username",
            "autocapitalize": "none",
            "maxlength": 150,
            "autofocus": True,
        }
        email.label = _("E-mail address")
        email.help_text = _("Only to write that you are let in, and to reset a forgotten password.")
        email.widget.attrs = {"type": "email", "autocomplete": "email"}
        password.help_text = _("At least 8 characters, not digits alone, and none of the usual ones.")
        password.widget.attrs = {"autocomplete": "new-password"}


class ProfileForm(forms.ModelForm):
    """How a person is called and how the site looks to them."""

    class Meta:
        model = User
        fields = ("first_name", "last_name", "language", "theme")
        labels = {"first_name": _("First name"), "last_name": _("Last name")}
        widgets = {
            "first_name": forms.TextInput(attrs={"autocomplete": "given-name"}),
            "last_name": forms.TextInput(attrs={"autocomplete": "family-name"}),
        }


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What it is for, as “night run on the laptop”.")
    )
    read_only = forms.TypedChoiceField(
        label=_("It may"),
        choices=[("0", _("read and write")), ("1", _("only read"))],
        coerce=lambda value: value == "1",
        initial="0",
    )
    days = forms.TypedChoiceField(
        label=_("It ends after"),
        choices=[(7, _("7 days")), (30, _("30 days")), (90, _("90 days")), (365, _("a year"))],
        coerce=int,
        initial=tokens.DEFAULT_DAYS,
    )


class DeleteForm(forms.Form):
    """The password once more, before everything is deleted."""

    password = forms.CharField(
        label=_("Your password"), strip=False, widget=forms.PasswordInput(attrs=_PASSWORD)
    )
