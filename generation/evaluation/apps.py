"""The evaluation room as a Django app: tells the jobs room of its kinds of work and the accounts of its data."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class EvaluationConfig(AppConfig):
    """How good a set is, and which of several is better."""

    name = "generation.evaluation"
    label = "evaluation"
    verbose_name = _("Evaluation")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make the room's kinds of work and its personal data known; its references follow the tables."""
        from accounts import belongings
        from accounts import personal_data as all_rooms
        from generation.evaluation import (
            adding,
            limits,
            links,
            markdown,
            panels,
            personal_data,
            services,
            weights,
        )
        from generation.jobs.registry import JobKind, register
        from generation.sets import card
        from generation.uploads.registry import Purpose
        from generation.uploads.registry import register as register_purpose

        for kind, handler, title, url, waiting in (
            (
                services.EVALUATE,
                "run_evaluation",
                _("Measuring a set"),
                links.of_evaluation,
                services.waiting_evaluations,
            ),
            (
                services.COMPARE,
                "run_comparison",
                _("Comparing sets"),
                links.of_comparison,
                services.waiting_comparisons,
            ),
        ):
            register(
                JobKind(
                    name=kind,
                    handler=f"generation.evaluation.tasks.{handler}",
                    title=title,
                    queue="long",
                    url=url,
                    on_end="generation.evaluation.services.ended",
                    on_retry="generation.evaluation.services.retried",
                    waiting=waiting,
                )
            )
        register(
            JobKind(
                name=adding.ADD,
                handler="generation.evaluation.tasks.run_reference",
                title=_("Making a reference"),
                queue="long",
                url=links.of_reference,
                on_end="generation.evaluation.adding.ended",
                # Its photographs are gone when it ends, whatever came of them.
                retryable=False,
                waiting=adding.waiting,
            )
        )
        register(
            JobKind(
                name=panels.COUNT,
                handler="generation.evaluation.tasks.run_count",
                title=_("Counting ratings"),
                queue="short",
                url=links.of_panel,
            )
        )
        register(
            JobKind(
                name=weights.FETCH,
                handler="generation.evaluation.tasks.run_fetch",
                title=_("Fetching the weights of FID"),
                queue="long",
                url=links.of_references,
            )
        )
        register_purpose(
            Purpose(limits.PURPOSE, limits.LIMITS.archive_bytes, title=_("Photographs of a reference"))
        )
        card.register(markdown.of_set)
        all_rooms.register("evaluation", export=personal_data.export, erase=personal_data.erase)
        belongings.register("evaluation", folders=(personal_data.FOLDER,), owned=personal_data.owned)
        post_migrate.connect(_sync, sender=self, dispatch_uid="evaluation-references")


def _sync(**signal: Any) -> None:
    """The references that ship are there as soon as their tables are."""
    from generation.evaluation import references

    if signal.get("using", "default") == "default":
        references.sync()
