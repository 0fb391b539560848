"""One image in full view, and what is done with chosen ones: star, delete, copy. Parse, call, draw."""

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
from generation.sets import editing, galleries, policies, selection, selectors, trash, views_judges
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
    image_set = selectors.own_set_for(person(request), set_id)
    chosen = _chosen(request)
    here = next_url(request, reverse("sets:set", args=[image_set.pk]))
    what = request.POST.get("do", "")
    if what == "download":
        return redirect(_download(image_set, chosen))
    if what == "forms":
        return redirect(
            f"{reverse('sets:downloads', args=[image_set.pk])}?{urlencode(selection.as_query(chosen))}"
        )
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
    """Take images out of the trash again."""
    image_set = selectors.own_set_for(person(request), set_id)
    deleted = trash.deleted_images(image_set)
    kept = request.session.pop(_UNDO, {}) if "last" in request.GET else None
    if kept is None:
        chosen = selection.parse({"numbers": request.GET.get("numbers", "")})
        found = selection.selected(image_set, chosen, deleted)
    else:
        numbers = kept.get("numbers", []) if kept.get("set") == str(image_set.pk) else []
        found = deleted.filter(index__in=numbers)
    count = trash.restore_images(by=person(request), image_set=image_set, images=found)
    messages.success(
        request, ngettext("%(n)s image is back.", "%(n)s images are back.", count) % {"n": count}
    )
    return redirect("sets:set", set_id=image_set.pk)


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
