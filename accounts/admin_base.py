"""What the administration of every room stands on: tables to look at, because services alone write them."""

from typing import Any

from django.http import HttpRequest


class OnlyToLookAt:
    """Nothing is added, changed or deleted by hand: files, charges and the log would not follow."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False
