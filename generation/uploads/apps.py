"""Tells Django of the uploads room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UploadsConfig(AppConfig):
    """The one resumable upload."""

    name = "generation.uploads"
    label = "uploads"
    verbose_name = _("Uploads")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hand over what the room holds of people and keeps on the disk."""
        from accounts import belongings
        from accounts import personal_data as all_rooms
        from generation.uploads import leftovers, personal_data

        belongings.register(
            "uploads", folders=(leftovers.FOLDER,), owned=leftovers.owned, leftovers=leftovers.leftovers
        )
        all_rooms.register("uploads", export=personal_data.export, erase=personal_data.erase)
