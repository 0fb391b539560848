"""Handlers of the sets room, run by workers. They import torch; the web process never imports this module."""

import time

from django.conf import settings

from generation.jobs.context import JobContext
from generation.jobs.errors import JobFailed
from generation.sets import messages, packing, pipeline, sending, verification, webhooks
from generation.sets.models import Checkpoint, Chunk, Delivery, Export, Scoring


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


def run_export(context: JobContext) -> None:
    """Make the file of an export."""
    found = Export.objects.select_related("owner", "image_set__checkpoint").filter(pk=context.subject_id)
    export = found.filter(image_set__deleted_at__isnull=True).first()
    if export is None:
        raise JobFailed("gone", messages.GONE)
    if export.state == Export.State.WAITING:
        packing.make(export, context)


def run_delivery(context: JobContext) -> None:
    """Send one message to a webhook; when it does not arrive it is tried again later, by another job."""
    found = Delivery.objects.select_related("webhook").filter(pk=context.subject_id)
    delivery = found.filter(state=Delivery.State.WAITING).first()
    if delivery is None:
        return
    body, timestamp = webhooks.content(delivery), int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "palmsite",
        "Palmsite-Event": delivery.event,
        "Palmsite-Delivery": str(delivery.pk),
        "Palmsite-Timestamp": str(timestamp),
        "Palmsite-Signature": sending.signature(delivery.webhook.secret, timestamp, body),
    }
    try:
        allowed = settings.PALMSITE_WEBHOOK_PRIVATE
        status = sending.send(delivery.webhook.url, body, headers, is_private_allowed=allowed)
    except sending.NotSentError as error:
        with context.guard():
            is_over = webhooks.refused(delivery, error)
        if is_over:
            raise JobFailed("not_delivered", error.message, error.params) from error
        return
    with context.guard():
        webhooks.delivered(delivery, status)


def run_scores(context: JobContext) -> None:
    """Have a set, or one image, judged by somebody else."""
    found = Scoring.objects.select_related("image_set__owner").filter(pk=context.subject_id)
    scoring = found.filter(image_set__deleted_at__isnull=True).first()
    if scoring is None:
        raise JobFailed("gone", messages.GONE)
    pipeline.score(scoring, context)
