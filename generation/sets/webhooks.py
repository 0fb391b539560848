"""Telling a person's own program that an order has ended: addresses, messages, and when they are tried again.

Rows only: sending.py sends, in a worker. A message is a row in the transaction that ended the order, so that none is
lost and none is sent of an end that was taken back.
"""

import json
import logging
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from accounts import audit
from accounts.belongings import Leftover
from accounts.errors import Conflict, InvalidInput, TooMany
from accounts.models import User
from generation.jobs import services as jobs
from generation.jobs.models import Job
from generation.sets import policies, sending
from generation.sets.models import Delivery, Order, Webhook

log = logging.getLogger(__name__)
DELIVER = "webhook"
ORDER_ENDED, TEST = "order.ended", "test"
MOST = 5
TESTS_A_MINUTE = 5
# Seconds to the next try after each failed one: a night of trouble is outlived, then it is given up.
WAITS = (60, 300, 1800, 7200, 43200)
KEPT = timedelta(days=30)
GONE = 410  # the receiver's own word for: never again


@transaction.atomic
def create(*, by: User, url: str) -> tuple[Webhook, str]:
    """Take an address and return it with its secret, which nobody can see again."""
    url = url.strip()
    _check_address(url)
    User.objects.select_for_update().get(pk=by.pk)
    known = Webhook.objects.filter(owner=by)
    if known.filter(url=url).exists():
        raise _refusal(_("This address is told already."), code="known")
    if known.count() >= MOST:
        raise Conflict(
            ngettext(
                "You have %(count)s webhook, which is all you may have. Delete it first.",
                "You have %(count)s webhooks, which is all you may have. Delete one first.",
                MOST,
            )
            % {"count": MOST},
            code="too_many_webhooks",
        )
    secret = f"whsec_{secrets.token_urlsafe(32)}"
    webhook = Webhook.objects.create(owner=by, url=url, secret=secret)
    audit.record(by=by, action="webhook.create", target=f"webhook:{webhook.pk}")
    webhook.refresh_from_db()
    return webhook, secret


@transaction.atomic
def delete(*, by: User, webhook: Webhook) -> None:
    """Tell this address nothing more."""
    policies.check_can_change_webhook(by, webhook)
    if Webhook.objects.filter(pk=webhook.pk).delete()[0]:
        audit.record(by=by, action="webhook.delete", target=f"webhook:{webhook.pk}")


@transaction.atomic
def test(*, by: User, webhook: Webhook) -> Delivery:
    """Send a message that says nothing, to see whether it arrives."""
    policies.check_can_change_webhook(by, webhook)
    lately = Delivery.objects.filter(
        webhook=webhook, event=TEST, created_at__gt=timezone.now() - timedelta(minutes=1)
    )
    if lately.count() >= TESTS_A_MINUTE:
        raise TooMany(_("That were several tests within a minute. Wait a moment."), retry_after=30)
    return _deliver(webhook, TEST, {})


def announce(order: Order) -> None:
    """An order has ended: tell its owner's programs. Runs in the transaction that ended it."""
    hooks = list(Webhook.objects.filter(owner=order.owner_id))
    if not hooks or order.image_set.is_preview:
        return
    order.refresh_from_db()
    facts = _facts(order)
    for webhook in hooks:
        _deliver(webhook, ORDER_ENDED, {"order": facts})


def _deliver(webhook: Webhook, event: str, body: dict[str, Any]) -> Delivery:
    delivery = Delivery.objects.create(webhook=webhook, event=event, body=body, next_at=timezone.now())
    delivery.refresh_from_db()
    _enqueue(delivery)
    return delivery


def _enqueue(delivery: Delivery) -> None:
    job = jobs.enqueue(kind=DELIVER, owner=delivery.webhook.owner, subject_id=delivery.pk)
    Delivery.objects.filter(pk=delivery.pk).update(job=job)


def enqueue_due() -> int:
    """Give the messages whose time has come to the workers; how many. Asked for every few seconds."""
    count = 0
    waiting = Delivery.objects.filter(state=Delivery.State.WAITING, next_at__lte=Now())
    idle = waiting.exclude(job__state__in=Job.LIVE)
    for key in list(idle.values_list("pk", flat=True)[:100]):
        with transaction.atomic():
            # Another watchdog may look at the same moment: one of them finds it idle.
            row = idle.select_for_update(of=("self",), skip_locked=True).select_related("webhook__owner")
            delivery = row.filter(pk=key).first()
            if delivery is not None:
                _enqueue(delivery)
                count += 1
    return count


def content(delivery: Delivery) -> bytes:
    """The body that is sent and signed."""
    envelope = {
        "id": str(delivery.pk),
        "event": delivery.event,
        "created_at": _time(delivery.created_at),
        **delivery.body,
    }
    return json.dumps(envelope, ensure_ascii=False).encode()


def delivered(delivery: Delivery, status: int) -> None:
    """It arrived."""
    Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.WAITING).update(
        state=Delivery.State.DELIVERED,
        attempts=delivery.attempts + 1,
        status=status,
        message="",
        message_params={},
        next_at=None,
    )


def refused(delivery: Delivery, error: sending.NotSentError) -> bool:
    """It did not arrive: try again later, or give up. Whether it was given up."""
    attempts = delivery.attempts + 1
    is_over = attempts > len(WAITS) or error.status == GONE or delivery.event == TEST
    wait = timedelta(seconds=0 if is_over else WAITS[attempts - 1])
    Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.WAITING).update(
        state=Delivery.State.FAILED if is_over else Delivery.State.WAITING,
        attempts=attempts,
        status=error.status,
        message=error.message,
        message_params=error.params,
        next_at=None if is_over else timezone.now() + wait,
    )
    return is_over


def ended(job: Job) -> None:
    """A message's job was stopped or crashed before it could say what came of it: it is given up."""
    if job.state != Job.State.DONE:
        waiting = Delivery.objects.filter(pk=job.subject_id, state=Delivery.State.WAITING)
        waiting.update(
            state=Delivery.State.FAILED, next_at=None, message=job.message, message_params=job.message_params
        )


def webhooks_of(user: User) -> QuerySet[Webhook]:
    """A person's addresses, the oldest first."""
    return Webhook.objects.filter(owner=user)


def leftovers() -> Iterator[Leftover]:
    """Messages of long ago, for the sweep."""
    old = Delivery.objects.filter(~Q(state=Delivery.State.WAITING), created_at__lt=timezone.now() - KEPT)
    if count := old.count():
        yield Leftover(f"{count} messages to webhooks, older than {KEPT.days} days", 0, old.delete)


def _facts(order: Order) -> dict[str, Any]:
    """The same as GET /orders/{id} answers, in the owner's language."""
    wish = order.wish
    with override(order.owner.language or "en"):
        message = order.text
    return {
        "id": str(order.pk),
        "set": str(order.image_set_id),
        "state": order.state,
        "done": order.chunks.aggregate(done=Sum("done"))["done"] or 0,
        "total": wish.count,
        "code": order.code,
        "message": message,
        "model": order.checkpoint.name,
        "seed": wish.seed,
        "candidates": wish.candidates,
        "min_probability": wish.min_probability,
        "preview": order.image_set.is_preview,
        "created_at": _time(order.created_at),
        "ended_at": _time(order.ended_at) if order.ended_at else None,
        # What has ended goes at no pace and waits for nobody.
        **dict.fromkeys(("rate", "seconds_left", "place")),
    }


def _time(moment: Any) -> str:
    text: str = moment.isoformat()
    return text.replace("+00:00", "Z")


def _check_address(url: str) -> None:
    try:
        sending.parts_of(url, is_private_allowed=settings.PALMSITE_WEBHOOK_PRIVATE)
    except sending.NotSentError as error:
        raise _refusal(_(error.message) % error.params) from error


def _refusal(message: str, code: str = "invalid") -> InvalidInput:
    return InvalidInput(message, code=code, fields={"url": message})
