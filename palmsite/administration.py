"""The administration's own frame: its name, and only those tables in it that tell an operator something true.

No model is registered here; rooms do that in their admin modules.
"""

from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig

# django-q's rows are nudges, not work: jobs are. Addresses and factors belong to people, who change them themselves.
HIDDEN_APPS = frozenset({"django_q", "account", "mfa"})


class Administration(admin.AdminSite):
    """Django's, without a second list of everything beside each page: the tables need the room."""

    site_header = "palmsite"
    site_title = "palmsite"
    enable_nav_sidebar = False

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Leave out what would only mislead."""
        models: list[Any] = (
            [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        )
        shown = [model for model in models if model._meta.app_label not in HIDDEN_APPS]
        super().register(shown, admin_class, **options)


class PalmsiteAdminConfig(AdminConfig):
    """Stands for django.contrib.admin among the installed apps."""

    default = False
    default_site = "palmsite.administration.Administration"
