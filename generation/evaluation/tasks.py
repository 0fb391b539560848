"""Handlers of the evaluation room, run by workers. They import torch; the web process never imports this module."""

from collections.abc import Callable
from typing import Any

from generation.evaluation import messages, pipeline, services
from generation.evaluation.models import Comparison, Evaluation
from generation.jobs.context import JobContext
from generation.jobs.errors import JobFailed
from mlcore.errors import MlcoreError


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


def _measured(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a measure cannot answer is a reason for people, not a crash."""
    try:
        return work()
    except MlcoreError as error:
        code = getattr(error, "code", "measure")
        raise JobFailed(code, messages.CANNOT_MEASURE, {"reason": str(error)}) from error
