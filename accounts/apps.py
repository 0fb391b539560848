"""Tells Django of the accounts room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """People, tokens, quotas and the audit log; the lowest layer, which everybody may import."""

    name = "accounts"
    label = "accounts"
    verbose_name = _("Accounts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to sign-ins, register this room's personal data, describe tokens in the API's schema."""
        from accounts import (
            openapi,  # noqa: F401  # known to the schema by being imported
            personal,
            personal_data,
            receivers,
        )

        receivers.connect()
        personal_data.register("account", export=personal.export, erase=personal.erase)
