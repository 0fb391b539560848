"""The page of an order: how far it is, pictures as they come, stopping it and going on."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from generation.sets import order_words, selectors, services, trash
from generation.sets.models import Image, ImageSet, Order
from generation.sets.views_base import person

ARRIVED = 96
ARRIVING = 48


@login_required
@require_GET
def order(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """The order while it is made; a finished one is its set."""
    found = selectors.order_for(person(request), order_id)
    if found.state == Order.State.DONE:
        return redirect("sets:set", set_id=found.image_set_id)
    images = list(_made(found)[:ARRIVED])
    context = {**_live(found, images[0].pk if images else 0), "images": images}
    return render(request, "sets/order.html", context)


@login_required
@require_GET
def live(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """What the page asks for every second: the bar, and the pictures that came since."""
    found = selectors.order_for(person(request), order_id)
    if found.state == Order.State.DONE:
        return HttpResponseClientRedirect(reverse("sets:set", args=[found.image_set_id]))
    after = request.GET.get("after", "")
    last = int(after) if after.isascii() and after.isdigit() and len(after) < 16 else 0
    images = list(_made(found).filter(pk__gt=last)[:ARRIVING])
    context = {**_live(found, images[0].pk if images else last), "arriving": images}
    return render(request, "sets/_order_live.html", context)


@login_required
@require_POST
def cancel(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Stop: keep what is made, or drop it."""
    found = selectors.order_for(person(request), order_id)
    keep = request.POST.get("keep") != "0"
    services.cancel(by=person(request), order=found, keep=keep)
    if keep:
        return redirect("sets:order", order_id=found.pk)
    messages.success(request, _("Stopped. What was made is in the trash for 30 days."))
    return redirect("sets:history")


@login_required
@require_POST
def resume(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Go on from where it stopped."""
    found = selectors.order_for(person(request), order_id)
    services.resume(by=person(request), order=found)
    return redirect("sets:order", order_id=found.pk)


@login_required
@require_POST
def drop(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Put what a stopped or failed order made into the trash."""
    found = selectors.order_for(person(request), order_id)
    trash.delete_set(by=person(request), image_set=found.image_set)
    undo = reverse("sets:restore", args=[found.image_set_id])
    messages.success(
        request, _("%(name)s is in the trash.") % {"name": found.image_set.name}, extra_tags=undo
    )
    return redirect("sets:history")


def _made(order: Order) -> Any:
    """Its images, latest first."""
    return Image.objects.filter(image_set=order.image_set_id, deleted_at__isnull=True).order_by("-pk")


def _live(order: Order, after: int) -> dict[str, Any]:
    image_set: ImageSet = order.image_set
    return {
        "order": order,
        "set": image_set,
        "state": order_words.state(order),
        "words": order_words.progress(order),
        "total": order.wish.count,
        "after": after,
    }
