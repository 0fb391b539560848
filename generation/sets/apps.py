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
        from accounts import belongings
        from accounts import personal_data as all_rooms
        from generation.jobs import registry, rounds
        from generation.sets import (
            catalogue,
            exports,
            judges,
            leftovers,
            links,
            personal_data,
            scores,
            selectors,
            services,
            webhooks,
        )
        from generation.uploads import registry as purposes

        purposes.register(purposes.Purpose(catalogue.PURPOSE, catalogue.MOST_BYTES, title=_("A model")))
        judges.register(judges.Bench("", selectors.judges_offered, "generation.sets.pipeline.discriminator"))
        rounds.register(rounds.Round("webhooks", 5.0, "generation.sets.webhooks.enqueue_due"))
        registry.register(
            registry.JobKind(
                name=services.MAKE_CHUNK,
                handler="generation.sets.tasks.run_chunk",
                title=_("Making images"),
                queue="long",
                url=links.of_chunk,
                on_end="generation.sets.services.chunk_ended",
                on_retry="generation.sets.services.chunk_retried",
                works=services.orders_among,
                waiting=services.waiting_chunks,
            )
        )
        registry.register(
            registry.JobKind(
                name=catalogue.VERIFY,
                handler="generation.sets.tasks.run_verification",
                title=_("Verifying a model"),
                queue="short",
                on_end="generation.sets.catalogue.verification_ended",
                waiting=catalogue.waiting,
            )
        )
        registry.register(
            registry.JobKind(
                name=scores.SCORE_SET,
                handler="generation.sets.tasks.run_scores",
                title=_("Judging images"),
                queue="long",
                url=links.of_scores,
            )
        )
        registry.register(
            registry.JobKind(
                name=exports.EXPORT,
                handler="generation.sets.tasks.run_export",
                title=_("Making a download"),
                queue="long",
                url=links.of_export,
                on_end="generation.sets.exports.ended",
                retryable=False,
                waiting=exports.waiting,
            )
        )
        registry.register(
            registry.JobKind(
                name=webhooks.DELIVER,
                handler="generation.sets.tasks.run_delivery",
                title=_("Telling a webhook"),
                queue="short",
                url=links.of_webhooks,
                on_end="generation.sets.webhooks.ended",
                time_limit=60,
                retryable=False,
            )
        )
        belongings.register(
            "sets", folders=leftovers.FOLDERS, owned=leftovers.owned, leftovers=leftovers.leftovers
        )
        all_rooms.register("sets", export=personal_data.export, erase=personal_data.erase)
