"""Puts handlers that halt into the place of the lab's own; an app that is installed in tests alone."""

from dataclasses import replace

from django.apps import AppConfig

from generation.jobs import registry


class HaltingConfig(AppConfig):
    """Comes after the lab in the list of apps."""

    name = "tests.lab.halting"
    label = "labhalting"

    def ready(self):
        for name, handler in (
            ("lab-dataset", "run_dataset"),
            ("lab-fit", "run_fit"),
            ("lab-predict", "run_prediction"),
        ):
            registry._kinds[name] = replace(
                registry._kinds[name], handler=f"tests.lab.halting.handlers.{handler}"
            )
