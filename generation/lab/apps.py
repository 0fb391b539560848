"""Tells Django of the lab room: its jobs, what it takes in, what it holds of people and on the disk."""

from functools import partial

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LabConfig(AppConfig):
    """Fit a model that tells real from made."""

    name = "generation.lab"
    label = "lab"
    verbose_name = _("Lab")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register kinds of jobs, the purpose of uploads, personal data and files."""
        from accounts import belongings
        from accounts import personal_data as all_rooms
        from generation.jobs.registry import JobKind
        from generation.jobs.registry import register as register_job
        from generation.lab import judging, leftovers, links, personal_data, services, sources
        from generation.lab.limits import limits
        from generation.sets import judges
        from generation.uploads.registry import Purpose
        from generation.uploads.registry import register as register_purpose

        module = "generation.lab"
        for kind, handler, title, queue, ended in (
            (services.READ, "run_dataset", _("Reading a data set"), "long", "dataset_ended"),
            (services.FIT, "run_fit", _("Fitting a model"), "long", "fit_ended"),
            (services.PREDICT, "run_prediction", _("Asking a model"), "short", "prediction_ended"),
        ):
            register_job(
                JobKind(
                    name=kind,
                    handler=f"{module}.tasks.{handler}",
                    title=title,
                    queue=queue,
                    url=links.of_job,
                    on_end=f"{module}.services.{ended}",
                    on_retry=f"{module}.services.fit_retried" if kind == services.FIT else None,
                    retryable=kind == services.FIT,
                    waiting=partial(services.waiting, kind),
                )
            )
        register_purpose(
            Purpose(sources.PURPOSE, lambda: limits().archive_bytes, title=_("A data set of the lab"))
        )
        judges.register(judges.Bench(judging.PREFIX, judging.offered, "generation.lab.judging.load"))
        all_rooms.register("lab", export=personal_data.export, erase=personal_data.erase)
        belongings.register(
            "lab", folders=(leftovers.FOLDER,), owned=leftovers.owned, leftovers=leftovers.leftovers
        )
