"""Handlers of the sets room, run by workers. They import torch; the web process never imports this module."""

from accounts.errors import NotFound
from generation.jobs.context import JobContext
from generation.jobs.errors import JobFailed
from generation.sets import messages, pipeline, scores, verification
from generation.sets.models import Checkpoint, Chunk


def run_chunk(context: JobContext) -> None:
    """Make the images of one chunk."""
    chunk = (
        Chunk.objects.select_related("order__image_set", "order__checkpoint__partner")
        .filter(pk=context.subject_id)
        .first()
    )
    if chunk is None:
        raise JobFailed("gone", messages.GONE)
    pipeline.make_chunk(chunk, context)


def run_verification(context: JobContext) -> None:
    """Look at an uploaded model before anybody may order from it."""
    checkpoint = Checkpoint.objects.filter(pk=context.subject_id).first()
    if checkpoint is None:
        raise JobFailed("gone", messages.GONE)
    verification.verify(checkpoint, context)


def run_scores(context: JobContext) -> None:
    """Have a set judged by another discriminator."""
    try:
        image_set, judge = scores.read_subject(context.subject_id)
    except NotFound as error:
        raise JobFailed("gone", messages.GONE) from error
    pipeline.score_set(image_set, judge, context)
