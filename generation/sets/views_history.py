"""History and trash: all of a person's sets, found, filtered, sorted, thrown away and taken back. Parse, call, draw."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts import ledger
from accounts.errors import InvalidInput
from generation.sets import editing, galleries, histories, selectors
from generation.sets import trash as bin_
from generation.sets.models import ImageSet
from generation.sets.views_base import next_url, person


@login_required
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """All sets of the person, or those that others show them."""
    asking = person(request)
    wanted = histories.Wanted.of(request.GET)
    found = histories.page(asking, wanted)
    context: dict[str, Any] = {
        "wanted": wanted,
        "rows": _rows(found.sets),
        "next": found.next,
        "chips": histories.chips(asking, wanted),
        "sorts": histories.SORTS,
        "qualities": histories.QUALITIES,
        "usage": ledger.usage(asking),
        "is_empty": not found.sets and wanted.is_plain,
        "trash_count": selectors.trash_of(asking).count(),
    }
    return render(request, "sets/history.html", context)


@login_required
@require_GET
def trash(request: HttpRequest) -> HttpResponse:
    """What was thrown away in the last thirty days."""
    found = histories.trash_page(person(request), request.GET.get("after", ""))
    context = {"rows": _rows(found.sets), "next": found.next, "days": bin_.KEPT.days}
    return render(request, "sets/trash.html", context)


@login_required
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """Do one thing with the ticked sets."""
    sets = [selectors.own_set_for(person(request), set_id) for set_id in _ticked(request)]
    what = request.GET.get("do") or request.POST.get("do")
    if what == "delete":
        for image_set in sets:
            bin_.delete_set(by=person(request), image_set=image_set)
        ids = ",".join(str(image_set.pk) for image_set in sets)
        undo = f"{reverse('sets:bulk')}?{urlencode({'do': 'restore', 'sets': ids})}"
        words = ngettext("%(n)s set is in the trash.", "%(n)s sets are in the trash.", len(sets))
        messages.success(request, words % {"n": len(sets)}, extra_tags=undo)
    elif what == "restore":
        with transaction.atomic():  # all of them, or none where there is no room
            for image_set in sets:
                bin_.restore_set(by=person(request), image_set=image_set)
    elif what == "tag":
        with transaction.atomic():
            for image_set in sets:
                tags = [*image_set.tags, request.POST.get("tag", "").strip()]
                editing.change(by=person(request), image_set=image_set, tags=tags)
    else:
        raise InvalidInput(_("Choose what to do with the sets."))
    return redirect(next_url(request, reverse("sets:history")))


@login_required
@require_POST
def delete(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """Put one set into the trash."""
    image_set = selectors.own_set_for(person(request), set_id)
    bin_.delete_set(by=person(request), image_set=image_set)
    undo = reverse("sets:restore", args=[image_set.pk])
    messages.success(request, _("%(name)s is in the trash.") % {"name": image_set.name}, extra_tags=undo)
    return redirect("sets:history")


@login_required
@require_POST
def restore(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """Take one set out of the trash."""
    image_set = selectors.own_set_for(person(request), set_id)
    bin_.restore_set(by=person(request), image_set=image_set)
    messages.success(request, _("%(name)s is back.") % {"name": image_set.name})
    return redirect("sets:set", set_id=image_set.pk)


@login_required
@require_POST
def purge(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """Remove one set from the trash for good."""
    image_set = selectors.own_set_for(person(request), set_id)
    bin_.purge_set(by=person(request), image_set=image_set)
    messages.success(request, _("%(name)s is gone for good.") % {"name": image_set.name})
    return redirect("sets:trash")


def _rows(sets: list[ImageSet]) -> list[dict[str, Any]]:
    strips, orders = galleries.strips(sets), histories.last_orders(sets)
    return [
        {
            "set": image_set,
            "strip": strips[image_set.pk],
            "order": orders.get(image_set.pk),
            "kid": histories.kid_of(image_set),
            "quality": histories.quality_chip(image_set),
        }
        for image_set in sets
    ]


def _ticked(request: HttpRequest) -> list[UUID]:
    texts = request.POST.getlist("set") or [text for text in request.GET.get("sets", "").split(",") if text]
    try:
        found = [UUID(text) for text in texts[: histories.MOST_TICKED]]
    except ValueError as error:
        raise InvalidInput(_("Choose at least one set.")) from error
    if not found:
        raise InvalidInput(_("Choose at least one set."))
    return found
