"""One image in full view, and what is done with chosen ones: star, delete, copy. Parse, call, draw."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.errors import InvalidInput
from generation.sets import (
    editing,
    galleries,
    image_pages,
    policies,
    selection,
    selectors,
    trash,
    views_judges,
    views_set,
)
from generation.sets.models import Image, ImageSet
from generation.sets.views_base import next_url, person

_UNDO = "deleted_images"


@login_required
@require_GET
def image(request: HttpRequest, image_id: int) -> HttpResponse:
    """One image, large, with its neighbours in the look it was opened from."""
    found = selectors.image_for(person(request), image_id)
    look = galleries.Look.of(request.GET)
    before, after = galleries.neighbours(found, look)
    query = f"?{look.query}" if look.query else ""
    context = {
        "image": found,
        "set": found.image_set,
        "is_own": policies.can_change(person(request), found.image_set),
        "before": f"{reverse('sets:image', args=[before.pk])}{query}" if before else "",
        "after": f"{reverse('sets:image', args=[after.pk])}{query}" if after else "",
        "ahead": after,
        "back": f"{reverse('sets:set', args=[found.image_set_id])}{query}",
        "here": request.get_full_path(),
        **views_judges.said(request, found),
    }
    return render(request, "sets/image.html", context)


@login_required
@require_POST
def act(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """Do one thing with the chosen images."""
    what = request.POST.get("do", "")
    # To download, others may choose too.
    find = selectors.set_for if what in _DOWNLOADS else selectors.own_set_for
    image_set = find(person(request), set_id)
    chosen = _chosen(request)
    if what in _DOWNLOADS:
        return redirect(_DOWNLOADS[what](image_set, chosen))
    here = next_url(request, reverse("sets:set", args=[image_set.pk]))
    images = selection.selected(image_set, chosen)
    if what == "copy":
        made = editing.copy(
            by=person(request), image_set=image_set, images=images, name=request.POST.get("name", "")
        )
        messages.success(request, _("Copied into a new set."))
        return redirect("sets:set", set_id=made.pk)
    if what in ("star", "unstar"):
        trash.star(by=person(request), image_set=image_set, images=images, starred=what == "star")
        return redirect(here)
    if what == "delete":
        _delete(request, image_set, images)
        return redirect(here)
    raise InvalidInput(_("Choose what to do with the images."))


@login_required
@require_POST
def restore(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """Take images out of the trash again: the last that were deleted, those in the address, the ticked, or all."""
    image_set = selectors.own_set_for(person(request), set_id)
    found = trash.deleted_images(image_set)
    if "last" in request.GET:
        kept = request.session.pop(_UNDO, {})
        numbers = kept.get("numbers", []) if kept.get("set") == str(image_set.pk) else []
        found = found.filter(index__in=numbers)
    elif request.POST.get("do") != "all":
        numbers = request.GET.get("numbers", "")
        chosen = selection.parse({"numbers": numbers}) if numbers else _chosen(request)
        found = selection.selected(image_set, chosen, found)
    count = trash.restore_images(by=person(request), image_set=image_set, images=found)
    messages.success(
        request, ngettext("%(n)s image is back.", "%(n)s images are back.", count) % {"n": count}
    )
    return redirect(next_url(request, reverse("sets:set", args=[image_set.pk])))


@login_required
@require_GET
def deleted(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """The deleted images of a set, for its owner to get back."""
    image_set = selectors.set_for(person(request), set_id)
    policies.check_can_change(person(request), image_set)
    images = trash.deleted_images(image_set)
    page = image_pages.Walk(images, image_set).page(request.GET.get("cursor", ""), galleries.PAGE)
    context = {
        **views_set.around(request, image_set, "images"),
        "images": page.images,
        "next": page.next,
        "deleted": images.count(),
        "days": trash.KEPT.days,
    }
    return render(request, "sets/deleted.html", context)


def _delete(request: HttpRequest, image_set: ImageSet, images: QuerySet[Image]) -> None:
    numbers = list(images.order_by("index").values_list("index", flat=True))
    count = trash.delete_images(by=person(request), image_set=image_set, images=images)
    words = ngettext("%(n)s image is in the trash.", "%(n)s images are in the trash.", count) % {"n": count}
    undo = reverse("sets:restore_images", args=[image_set.pk])
    try:
        query = urlencode(selection.as_query(selection.of_numbers(numbers)))
    except InvalidInput:
        # Too scattered for an address: the session remembers the last of these.
        request.session[_UNDO] = {"set": str(image_set.pk), "numbers": numbers}
        query = "last=1"
    messages.success(request, words, extra_tags=f"{undo}?{query}")


def _chosen(request: HttpRequest) -> selection.Selection:
    """By the look that was chosen whole, by `numbers` as the script writes them, or by ticked boxes."""
    if request.POST.get("whole"):
        return selection.parse(QueryDict(request.POST["whole"][1:]).dict())
    text = request.POST.get("numbers", "")
    if text:
        return selection.parse({"numbers": text})
    ticked = [value for value in request.POST.getlist("number") if value.isascii() and value.isdigit()]
    if not ticked:
        raise InvalidInput(_("Choose at least one image."))
    return selection.of_numbers(int(value[:9]) for value in ticked)


def _download(image_set: ImageSet, chosen: selection.Selection) -> str:
    query: dict[str, Any] = {"format": "zip", **selection.as_query(chosen)}
    return f"{reverse('api-set-download', args=[image_set.pk])}?{urlencode(query)}"


def _forms(image_set: ImageSet, chosen: selection.Selection) -> str:
    query = urlencode(selection.as_query(chosen))
    return f"{reverse('sets:downloads', args=[image_set.pk])}?{query}"


_DOWNLOADS: dict[str, Callable[[ImageSet, selection.Selection], str]] = {
    "download": _download,
    "forms": _forms,
}
