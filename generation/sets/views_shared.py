"""Sharing: the tab of a set's owner, and the page of whoever has a link. Parse, call, draw."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.errors import DomainError
from generation.sets import galleries, selectors, set_words, sharing
from generation.sets.forms import LinkForm, ShareForm
from generation.sets.models import ImageSet
from generation.sets.views_base import person
from generation.sets.views_set import around, gallery


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def sharing_page(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """Whom the set is shared with; a POST adds a person."""
    image_set = selectors.own_set_for(person(request), set_id)
    form = ShareForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            share = sharing.share_with(
                by=person(request), image_set=image_set, username=form.cleaned_data["user"]
            )
        except DomainError as error:
            form.add_error("user", str(error))
        else:
            messages.success(request, _("%(name)s can look at it now.") % {"name": share.user})
            return redirect("sets:sharing", set_id=image_set.pk)
    return _draw(request, image_set, form=form, status=400 if form.errors else 200)


@never_cache
@login_required
@require_POST
def make_link(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """Make a link; it is shown in this answer and never again."""
    image_set = selectors.own_set_for(person(request), set_id)
    form = LinkForm(request.POST)
    if not form.is_valid():
        return _draw(request, image_set, link_form=form, status=400)
    share, secret = sharing.make_link(by=person(request), image_set=image_set, days=form.cleaned_data["days"])
    link = request.build_absolute_uri(reverse("sets:shared", args=[secret]))
    return _draw(request, image_set, link=link, made=share)


@login_required
@require_POST
def revoke(request: HttpRequest, set_id: UUID, share_id: int) -> HttpResponse:
    """End a share."""
    image_set = selectors.own_set_for(person(request), set_id)
    sharing.revoke(by=person(request), image_set=image_set, share_id=share_id)
    messages.success(request, _("It is no longer shared there."))
    return redirect("sets:sharing", set_id=image_set.pk)


@never_cache
@require_GET
def shared(request: HttpRequest, secret: str) -> HttpResponse:
    """The set that a link leads to: looking and downloading, nothing else."""
    image_set = sharing.set_by_link(secret)
    look = galleries.Look.of({"sort": request.GET.get("sort", "index")})
    context = {
        "set": image_set,
        "secret": secret,
        "kid": set_words.kid_of(image_set.quality),
        **gallery(image_set, look, request.GET.get("cursor", "")),
    }
    return render(request, "sets/shared.html", context)


def _draw(request: HttpRequest, image_set: ImageSet, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        "form": ShareForm(),
        "link_form": LinkForm(),
        **around(request, image_set, "sharing"),
        "shares": list(selectors.shares_of(image_set)),
        "now": timezone.now(),
        **more,
    }
    return render(request, "sets/sharing.html", context, status=status)
