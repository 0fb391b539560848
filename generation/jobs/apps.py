"""The jobs room as a Django app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    """Registers the demo job, a round, what a person may take along or erase, and what may go."""

    name = "generation.jobs"
    label = "jobs"
    verbose_name = _("Jobs")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make the room's own kind known, and what it holds of people."""
        from accounts import belongings
        from accounts import personal_data as all_rooms
        from generation.jobs import demo, leftovers, orphans, personal_data, rounds

        demo.register()
        rounds.register(rounds.Round(orphans.ROUND, orphans.SECONDS, "generation.jobs.orphans.tell"))
        belongings.register(
            "jobs", folders=(leftovers.FOLDER,), owned=leftovers.owned, leftovers=leftovers.leftovers
        )
        all_rooms.register("jobs", export=personal_data.export, erase=personal_data.erase)
