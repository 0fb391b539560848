"""The page of webhooks: addresses, what was sent there, a test. Parse, call, draw."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.errors import DomainError
from generation.sets import selectors, webhooks
from generation.sets.forms import WebhookForm
from generation.sets.models import Delivery, Webhook
from generation.sets.views_base import is_htmx, person

SHOWN = 10


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def webhooks_page(request: HttpRequest) -> HttpResponse:
    """The person's webhooks; a POST adds one, whose secret stands in that answer and never again."""
    form = WebhookForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = webhooks.create(by=person(request), url=form.cleaned_data["url"])
        except DomainError as error:
            form.add_error("url", str(error))
        else:
            context = {"made": made, "secret": secret}
            form = WebhookForm()
    context |= {"form": form, "hooks": [_shown(hook) for hook in webhooks.webhooks_of(person(request))]}
    return render(request, "sets/webhooks.html", context, status=400 if form.errors else 200)


@login_required
@require_POST
def test(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Send a message that says nothing."""
    webhook = selectors.webhook_for(person(request), webhook_id)
    webhooks.test(by=person(request), webhook=webhook)
    if is_htmx(request):
        return render(request, "sets/_deliveries.html", {"hook": _shown(webhook)})
    return redirect("sets:webhooks")


@login_required
@require_GET
def deliveries(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """The last messages, asked for every second while one is just being sent."""
    webhook = selectors.webhook_for(person(request), webhook_id)
    return render(request, "sets/_deliveries.html", {"hook": _shown(webhook)})


@login_required
@require_POST
def delete(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    """Tell this address nothing more."""
    webhooks.delete(by=person(request), webhook=selectors.webhook_for(person(request), webhook_id))
    return redirect("sets:webhooks")


def _shown(webhook: Webhook) -> dict[str, Any]:
    rows = list(selectors.deliveries_of(webhook).select_related("job")[:SHOWN])
    return {
        "webhook": webhook,
        "deliveries": [(row, *_words(row)) for row in rows],
        "is_sending": any(row.job is not None and row.job.is_live for row in rows),
    }


def _words(row: Delivery) -> tuple[str, str]:
    """What its chip says, and the kind of chip."""
    if row.state == Delivery.State.DELIVERED:
        return _("arrived, %(status)s") % {"status": row.status}, "good"
    if row.state == Delivery.State.FAILED:
        return _("given up"), "bad"
    return (_("trying again"), "warn") if row.attempts else (_("on its way"), "live")
