"""The pages of a set: images, quality, recipe; and what its owner changes there. Parse, call, draw."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from generation.sets import (
    charts,
    editing,
    galleries,
    policies,
    remaking,
    scores,
    selectors,
    set_words,
    tallies,
    trash,
)
from generation.sets.form_fields import TagsField
from generation.sets.forms import MoreForm
from generation.sets.models import Image, ImageSet, Order
from generation.sets.views_base import is_htmx, person


@login_required
@require_GET
def images(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """The gallery."""
    image_set = selectors.set_for(person(request), set_id)
    look = galleries.Look.of(request.GET)
    scorer = look.chosen.scorer
    bins = tallies.histogram(image_set, scorer)
    context = {
        **around(request, image_set, "images"),
        **gallery(image_set, look, request.GET.get("cursor", "")),
        "bars": charts.histogram(bins),
        "has_scores": bool(scorer) or any(bins),
        "scorers": scores.titles_of(image_set),
        "shown": look.images(image_set).count(),
        "deleted": trash.deleted_images(image_set).count(),
    }
    return render(request, "sets/_gallery.html" if is_htmx(request) else "sets/set.html", context)


@login_required
@require_GET
def more(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """The next page of the gallery, when its end comes into view."""
    image_set = selectors.set_for(person(request), set_id)
    look = galleries.Look.of(request.GET)
    context = {"set": image_set, "is_own": policies.can_change(person(request), image_set)}
    return render(
        request, "sets/_page.html", {**context, **gallery(image_set, look, request.GET.get("cursor", ""))}
    )


@login_required
@require_GET
def numbers(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """The numbers that a filter shows, so that all of them, or the best so many, can be chosen."""
    image_set = selectors.set_for(person(request), set_id)
    return JsonResponse({"numbers": galleries.numbers(image_set, galleries.Look.of(request.GET))})


@login_required
@require_GET
def quality(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """What was measured of the set; as a part its line of facts alone, where the KID stands."""
    image_set = selectors.set_for(person(request), set_id)
    template = "sets/_head_facts.html" if is_htmx(request) else "sets/quality.html"
    return render(request, template, around(request, image_set, "quality"))


@login_required
@require_GET
def recipe(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """What the set is a function of, and making it again or more of it."""
    image_set = selectors.set_for(person(request), set_id)
    context = around(request, image_set, "recipe")
    orders = Order.objects.filter(image_set=image_set).select_related("checkpoint")
    context |= {
        "spec": set_words.spec_of(image_set),
        "agreement": set_words.agreement(image_set),
        "orders": list(selectors.with_done(orders).order_by("id")),
        "more_form": MoreForm(person(request)),
    }
    return render(request, "sets/recipe.html", context)


@login_required
@require_POST
def rename(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """Write the name, and the note and tags where they were sent."""
    image_set = selectors.own_set_for(person(request), set_id)
    wishes: dict[str, Any] = {name: request.POST[name] for name in ("name", "note") if name in request.POST}
    if "tags" in request.POST:
        wishes["tags"] = TagsField.parts(request.POST["tags"])
    editing.change(by=person(request), image_set=image_set, **wishes)
    if is_htmx(request):
        return HttpResponse(status=204)
    messages.success(request, _("Saved."))
    return redirect("sets:set", set_id=image_set.pk)


@login_required
@require_POST
def again(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """Order the same recipe once more, beside the first, to see whether the bytes agree."""
    image_set = selectors.own_set_for(person(request), set_id)
    order = remaking.make_again(by=person(request), image_set=image_set)
    return redirect("sets:order", order_id=order.pk)


@login_required
@require_POST
def make_more(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """Continue the numbers of a set."""
    image_set = selectors.own_set_for(person(request), set_id)
    form = MoreForm(person(request), request.POST)
    if not form.is_valid():
        reasons = {str(form[name].label): " ".join(map(str, errors)) for name, errors in form.errors.items()}
        context = {"reasons": reasons, "status": 400, "code": "invalid"}
        context["back"] = reverse("sets:recipe", args=[image_set.pk])
        return render(request, "sets/input_error.html", context, status=400)
    order = remaking.make_more(by=person(request), image_set=image_set, count=form.cleaned_data["count"])
    return redirect("sets:order", order_id=order.pk)


def around(request: HttpRequest, image_set: ImageSet, tab: str) -> dict[str, Any]:
    """What every tab of a set shows above itself."""
    orders = selectors.with_done(Order.objects.filter(image_set=image_set)).order_by("-id")
    tabs = [
        ("images", _("Images"), "sets:set"),
        ("quality", _("Quality"), "sets:quality"),
        ("recipe", _("Recipe"), "sets:recipe"),
        ("downloads", _("Downloads"), "sets:downloads"),
    ]
    is_own = policies.can_change(person(request), image_set)
    if is_own:
        tabs.append(("sharing", _("Sharing"), "sets:sharing"))
    return {
        "set": image_set,
        "is_own": is_own,
        "order": orders.select_related("checkpoint").first(),
        "kid": set_words.kid_of(image_set.quality),
        "tabs": [(label, reverse(name, args=[image_set.pk]), key == tab, None) for key, label, name in tabs],
    }


def gallery(image_set: ImageSet, look: galleries.Look, cursor: str) -> dict[str, Any]:
    """One page of images with what leads further."""
    page = galleries.page(image_set, look, cursor)
    rows: list[Image] = page.images
    return {"images": rows, "next": page.next, "look": look, "query": look.query}
