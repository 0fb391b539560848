"""The first page, and the question whether an image was made here. Thin: parse, call, draw."""

import random
from typing import Any

from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.errors import InvalidInput
from generation.sets import figures, selectors, storage
from generation.sets import made_here as origins
from generation.sets.models import Checkpoint, ImageSet
from generation.sets.set_words import kid_of

PALMS = 12
# So many as verification makes of a model, and of so many models at most.
SAMPLES, MODELS = 16, 6


@require_GET
def landing(request: HttpRequest) -> HttpResponse:
    """Show the first page to a visitor; who is signed in goes on to what they have, or to their first set."""
    if request.user.is_authenticated:
        return redirect("sets:history" if selectors.sets_of(request.user).exists() else "sets:new")
    model = selectors.models_offered().first()
    palms = _palms()
    context: dict[str, Any] = {"palms": palms[:PALMS], "further": palms[PALMS:], "facts": _facts(model)}
    return render(request, "landing.html", context)


def _palms() -> list[str]:
    """Samples of all palm models in an order of chance, the default one's among the first: no two visits are alike."""
    # Noise of an untrained network would be a strange welcome: then the page draws palms itself.
    models = [
        model
        for model in selectors.models_offered().filter(subject="palm", is_stand_in=False)
        if storage.grid_is_kept(model)
    ]
    found: list[str] = []
    for model in models[:MODELS]:
        samples = [reverse("sets:sample", args=[model.name, index]) for index in range(SAMPLES)]
        found += random.sample(samples, len(samples))
    return found


def _facts(model: Checkpoint | None) -> list[tuple[str, str]]:
    """Three numbers of this site; fewer are none, and the page says what holds everywhere."""
    made = ImageSet.objects.filter(is_preview=False).aggregate(sum=Sum("count"))["sum"] or 0
    if model is None or model.is_stand_in or not made:
        return []
    kid = kid_of(model.quality)
    if kid:
        words = _("from real palms (KID %(interval)s, smaller is nearer).") % {"interval": kid.interval}
        first = (kid.text, f"{words} {kid.how}")
    else:
        speed = 60 / model.seconds_per_image if model.seconds_per_image else 0
        first = (figures.grouped(round(speed)), _("palms a minute on this machine"))
    return [
        first,
        (
            figures.grouped(made),
            _("palms made here so far, each from its own seed, the same again whenever you ask"),
        ),
        (_("Nothing"), _("is the price: the site runs on your own machine")),
    ]


@require_http_methods(["GET", "POST"])
def made_here(request: HttpRequest) -> HttpResponse:
    """Whether an image was made here, by its pixels; the set is named only to those who may see it."""
    context: dict[str, Any] = {"most": origins.MOST_BYTES}
    status = 200
    if request.method == "POST":
        try:
            user = request.user if request.user.is_authenticated else None
            context["origin"] = origins.origin_of(request.FILES.get("image"), user)
        except InvalidInput as error:
            context["error"], status = str(error), 400
    return render(request, "sets/made_here.html", context, status=status)
