"""Registers the test kinds."""

from django.apps import AppConfig

from generation.jobs.registry import JobKind, register

HANDLERS = "tests.jobs.kinds.handlers"


class KindsConfig(AppConfig):
    """An app that is installed in tests alone."""

    name = "tests.jobs.kinds"
    label = "jobkinds"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        for name in ("steps", "raises", "exits", "refuses", "computes", "torn", "jumps", "deaf"):
            register(
                JobKind(
                    name=name, handler=f"{HANDLERS}.run_{name}", title=name, on_end=f"{HANDLERS}.note_end"
                )
            )
        register(
            JobKind(
                name="heavy",
                handler="tests.jobs.kinds.slow_to_load.run_steps",
                title="heavy",
                on_end=f"{HANDLERS}.note_end",
            )
        )
        patient = {"on_end": f"{HANDLERS}.note_end", "max_attempts": 50}
        register(JobKind(name="sturdy", handler=f"{HANDLERS}.run_steps", title="sturdy", **patient))
        register(
            JobKind(
                name="hangs", handler=f"{HANDLERS}.run_hangs", title="hangs", on_end=f"{HANDLERS}.note_end"
            )
        )
        register(
            JobKind(
                name="endless",
                handler=f"{HANDLERS}.run_hangs",
                title="endless",
                on_end=f"{HANDLERS}.note_end",
                time_limit=2,
            )
        )
        register(
            JobKind(
                name="stumbles",
                handler=f"{HANDLERS}.run_steps",
                title="stumbles",
                on_end=f"{HANDLERS}.stumble",
            )
        )
