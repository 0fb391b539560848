"""Pages of ratings by people's eyes: begin one, rate picture by picture, stop, throw away."""

import re
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.errors import NotFound
from accounts.models import User
from generation.evaluation import eyes, links, panels, pictures, selectors
from generation.evaluation.forms import PanelForm, RatingForm
from generation.evaluation.models import Panel
from generation.sets import selectors as sets
from generation.sets.views_base import is_htmx, person

_ITEM = re.compile(r"[0-9]{1,5}")


@require_POST
@login_required
def begin(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """Draw the images and go to the first."""
    user = person(request)
    image_set = sets.set_for(user, set_id)
    form = PanelForm(user, image_set, request.POST, auto_id="panel_%s")
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, str(errors[0]))
        return redirect(links.of_quality(image_set.pk))
    made = panels.begin(by=user, image_set=image_set, **form.wish)
    return redirect("evaluation:rate", made.pk)


@require_GET
@login_required
def rate(request: HttpRequest, panel_id: UUID) -> HttpResponse:
    """One picture at a time; with ?item, one that was rated before."""
    user = person(request)
    panel = selectors.panel_for(user, panel_id)
    return _draw(request, user, panel, request.GET.get("item"))


@require_POST
@login_required
def answer(request: HttpRequest, panel_id: UUID) -> HttpResponse:
    """Keep a word on a picture and show the next; one that was deleted meanwhile is passed over."""
    user = person(request)
    panel = selectors.panel_for(user, panel_id)
    form = RatingForm(request.POST)
    if form.is_valid():
        if form.cleaned_data["item"] in selectors.shown_items(panel):
            panels.rate(by=user, panel=panel, **form.cleaned_data)
        return _draw(request, user, panel) if is_htmx(request) else redirect("evaluation:rate", panel.pk)
    return _draw(request, user, panel, request.POST.get("item"))


@require_POST
@login_required
def stop(request: HttpRequest, panel_id: UUID) -> HttpResponse:
    """It is enough for this person."""
    user = person(request)
    panel = selectors.panel_for(user, panel_id)
    panels.stop_here(by=user, panel=panel)
    return redirect(links.of_quality(panel.image_set_id))


@require_POST
@login_required
def delete(request: HttpRequest, panel_id: UUID) -> HttpResponse:
    """Throw away a rating with all that was said."""
    user = person(request)
    panel = selectors.panel_for(user, panel_id)
    panels.delete(by=user, panel=panel)
    messages.success(request, _("The rating is deleted."))
    return redirect(links.of_quality(panel.image_set_id))


@require_safe
@login_required
def picture(request: HttpRequest, panel_id: UUID, item: int) -> HttpResponse:
    """One picture, made or real: both leave in the same way."""
    return picture_of(selectors.panel_for(person(request), panel_id), item)


def picture_of(panel: Panel, item: int) -> HttpResponse:
    """The bytes, with the same headers whatever it shows."""
    path = pictures.path_of(panel, item) if item in selectors.shown_items(panel) else None
    if path is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return HttpResponse(
        pictures.shown(path, panel.side),
        content_type="image/png",
        headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=3600"},
    )


def _draw(request: HttpRequest, user: User, panel: Panel, item: str | None = None) -> HttpResponse:
    template = "evaluation/_rate.html" if is_htmx(request) else "evaluation/rate.html"
    wanted = int(item) if item and _ITEM.fullmatch(item) else None
    return render(request, template, eyes.of_rating(user, panel, wanted))
