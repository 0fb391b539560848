"""The real handlers. Where a flag lies for a place, who comes there writes its number and waits for the end."""

import functools
import os
import time
from pathlib import Path

from django.conf import settings

from generation.lab import pipeline, reading, tasks
from mlcore import classifier
from mlcore.feature_table import TableWriter

LONG = 600


def flag(place):
    """The file that makes work halt at a place."""
    return Path(settings.PALMSITE_DATA) / f"halt-{place}"


def halt(place):
    """Wait here to be killed, where that is wanted."""
    if flag(place).exists():
        said = flag(place).with_suffix(".new")
        said.write_text(str(os.getpid()))
        said.replace(said.with_suffix(".pid"))
        time.sleep(LONG)


def _halts(owner, name, place, at=1, *, before=True):
    """Halt before or after the call of this number, counted anew for every job."""
    real = getattr(owner, name)
    calls = 0

    @functools.wraps(real)
    def wrapped(*args, **kwargs):
        nonlocal calls
        calls += 1
        if before and calls == at:
            halt(place)
        answer = real(*args, **kwargs)
        if not before and calls == at:
            halt(place)
        return answer

    return owner, name, wrapped, real


def halting(handler):
    """The handler, with all the places in it."""

    @functools.wraps(handler)
    def run(context):
        places = [
            _halts(reading.Intake, "take", "reading", at=10),
            _halts(classifier, "survey", "looking", before=False),
            _halts(TableWriter, "append", "features", at=2, before=False),
            _halts(classifier, "fit_table", "fitting"),
            _halts(pipeline, "write_model", "writing", before=False),
            _halts(pipeline, "ask", "asking", before=False),
        ]
        for owner, name, wrapped, _real in places:
            setattr(owner, name, wrapped)
        try:
            handler(context)
        finally:
            for owner, name, _wrapped, real in places:
                setattr(owner, name, real)

    return run


run_dataset = halting(tasks.run_dataset)
run_fit = halting(tasks.run_fit)
run_prediction = halting(tasks.run_prediction)
