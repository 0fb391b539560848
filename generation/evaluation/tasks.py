"""Handlers of the evaluation room, run by workers. They import torch; the web process never imports this module."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from accounts.errors import OverQuota
from generation.evaluation import (
    adding,
    extractors,
    limits,
    measuring,
    messages,
    panels,
    photographs,
    pipeline,
    reasons,
    services,
    weights,
)
from generation.evaluation.models import Comparison, Evaluation, Panel, Rating, Reference
from generation.jobs.context import JobContext
from generation.jobs.errors import JobFailed
from generation.sets import storage as set_files
from mlcore import fetching, sources
from mlcore.errors import MlcoreError
from mlcore.metrics import eyes

EVERY_SECONDS = 0.5


def run_evaluation(context: JobContext) -> None:
    """Measure one set."""
    found = Evaluation.objects.select_related("image_set__checkpoint", "reference")
    evaluation = found.filter(pk=context.subject_id).first()
    if evaluation is None or evaluation.image_set.deleted_at:
        raise JobFailed("gone", messages.GONE)
    if evaluation.is_done:
        return
    result = _measured(lambda: pipeline.evaluate_set(evaluation, context))
    with context.guard():
        services.evaluated(evaluation, result)


def run_comparison(context: JobContext) -> None:
    """Measure several sets side by side."""
    comparison = Comparison.objects.filter(pk=context.subject_id).first()
    if comparison is None:
        raise JobFailed("gone", messages.GONE)
    if comparison.is_done:
        return
    result = _measured(lambda: pipeline.compare_sets(comparison, context))
    with context.guard():
        services.compared(comparison, result)


def run_reference(context: JobContext) -> None:
    """Make a reference from photographs; or measure kept ones with the networks that came since."""
    row = Reference.objects.select_related("owner").filter(pk=context.subject_id).first()
    if row is None or row.state == Reference.State.FAILED:
        return
    part = row.folder.with_name(f"{row.folder.name}.{context.attempt}.part")
    for left in part.parent.glob(f"{row.folder.name}.*.part"):
        shutil.rmtree(left, ignore_errors=True)
    part.mkdir(mode=0o750, parents=True)
    try:
        if row.is_ready:
            _measure_more(row, part, context)
        else:
            _make(row, part, context)
    except OverQuota as error:
        raise JobFailed(error.code, messages.NO_ROOM, {"size": set_files.bytes_in(part) // 10**6}) from error
    except MlcoreError as error:
        raise JobFailed("cannot_make", *reasons.of(error)) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _make(row: Reference, part: Path, context: JobContext) -> None:
    try:
        made = photographs.make(row, _source_of(row), part, context)
    except photographs.TooFewPalms as error:
        with context.guard():
            adding.refused(row, error.report)
        raise
    shutil.rmtree(part / photographs.SCRATCH, ignore_errors=True)
    with context.guard():
        if adding.made(
            row,
            banks=made.banks,
            content=made.content,
            n=made.n,
            size=set_files.bytes_in(part),
            lineage=made.lineage,
            notes=made.notes,
            report=made.report,
        ):
            shutil.rmtree(row.folder, ignore_errors=True)
            part.replace(row.folder)


def _measure_more(row: Reference, part: Path, context: JobContext) -> None:
    banks = photographs.measure_more(row, part, context)
    with context.guard():
        if adding.measured_anew(row, banks, sum(bank.size for bank in banks)):
            for path in part.glob("*.safetensors"):
                path.replace(row.folder / path.name)


def _source_of(row: Reference) -> Path:
    """The uploaded archive, or the operator's folder."""
    name = str(row.request["folder"])
    if name:
        if name not in limits.folders():
            raise JobFailed("folder_gone", messages.FOLDER_GONE, {"folder": name})
        return limits.photos_root() / name
    path = adding.upload_path(row)
    if path is None:
        raise JobFailed("upload_gone", messages.UPLOAD_GONE)
    return path


def run_fetch(context: JobContext) -> None:
    """Fetch the standard weights; a broken line is gone on with by the next try, a wrong hash is thrown away."""
    shown = 0.0

    def tell(done: int, total: int | None) -> None:
        nonlocal shown
        context.check()
        if time.monotonic() - shown > EVERY_SECONDS or done == total:
            shown = time.monotonic()
            context.progress(done // 1000, (total or 0) // 1000, messages.FETCHING)

    folder = extractors.fetched_weights().parent
    try:
        sources.fetch_weights(sources.WEIGHTS[weights.SUBJECT], folder, progress=tell)
    except fetching.DownloadError as error:
        raise JobFailed("cannot_fetch", *reasons.of(error)) from error


def run_count(context: JobContext) -> None:
    """Count what people said of a set."""
    panel = Panel.objects.filter(pk=context.subject_id).first()
    if panel is None:
        return
    raters: dict[int, int] = {}
    answers = [
        eyes.Answer(
            item=rating.item,
            made="made" in panel.items[rating.item],
            rater=raters.setdefault(rating.rater_id, len(raters)),
            realism=rating.realism,
            tags=tuple(rating.tags),
        )
        for rating in Rating.objects.filter(panel=panel).order_by("item", "pk")
    ]
    result = measuring.finite(eyes.summarise(answers, seed=panel.seed))
    with context.guard():
        panels.counted(panel, result)


def _measured(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a measure cannot answer is a reason for people, not a crash."""
    try:
        return work()
    except MlcoreError as error:
        code = getattr(error, "code", "measure")
        raise JobFailed(code, *reasons.of(error)) from error
