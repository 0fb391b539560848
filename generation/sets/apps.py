"""The sets room as a Django app: tells the jobs room of its kinds of work."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SetsConfig(AppConfig):
    """Checkpoints, orders, sets and their images."""

    name = "generation.sets"
    label = "sets"
    verbose_name = _("Sets")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make the room's kinds of work known."""
        from generation.jobs import registry
        from generation.sets import links, services

        registry.register(
            registry.JobKind(
                name=services.MAKE_CHUNK,
                handler="generation.sets.tasks.run_chunk",
                title=_("Making images"),
                queue="long",
                url=links.of_chunk,
                on_end="generation.sets.services.chunk_ended",
                on_retry="generation.sets.services.chunk_retried",
            )
        )
        registry.register(
            registry.JobKind(
                name="verify-model",
                handler="generation.sets.tasks.run_verification",
                title=_("Verifying a model"),
                queue="short",
            )
        )
