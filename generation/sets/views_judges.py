"""Having a set, or one image, judged again by somebody else. Parse, call, draw."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from generation.sets import judges, policies, scores, selectors
from generation.sets.models import Image, ImageSet
from generation.sets.views_base import is_htmx, person


@login_required
@require_GET
def of_set(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """Who judged the set and who could; asked for every second while somebody is at it."""
    return _draw(request, selectors.own_set_for(person(request), set_id))


@login_required
@require_POST
def ask(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """Have the set judged."""
    image_set = selectors.own_set_for(person(request), set_id)
    scores.request_scores(by=person(request), image_set=image_set, scorer=request.POST.get("scorer", ""))
    if is_htmx(request):
        return _draw(request, image_set)
    return redirect("sets:set", set_id=image_set.pk)


@login_required
@require_GET
def of_image(request: HttpRequest, image_id: int) -> HttpResponse:
    """What was said of one image."""
    image = selectors.image_for(person(request), image_id)
    return render(request, "sets/_said.html", said(request, image))


@login_required
@require_POST
def ask_of_image(request: HttpRequest, image_id: int) -> HttpResponse:
    """Have one image judged, in the short queue."""
    image = selectors.own_image_for(person(request), image_id)
    scorer = request.POST.get("scorer", "")
    scores.request_scores(by=person(request), image_set=image.image_set, image=image, scorer=scorer)
    if is_htmx(request):
        return render(request, "sets/_said.html", said(request, image))
    return redirect("sets:image", image_id=image.pk)


def said(request: HttpRequest, image: Image) -> dict[str, Any]:
    """What the full view shows of other judges."""
    is_own = policies.can_change(person(request), image.image_set)
    known = scores.said_of(image)
    offered = judges.offered(image.image_set.owner)
    titles = {judge.key: judge.title for judge in offered}
    return {
        "image": image,
        "said": [(titles.get(key, key), value) for key, value in known.items()],
        "judging": scores.live_of(image) if is_own else [],
        "judges": [judge for judge in offered if is_own and judge.key not in known],
    }


def _draw(request: HttpRequest, image_set: ImageSet) -> HttpResponse:
    return render(request, "sets/_judges.html", bench(image_set))


def bench(image_set: ImageSet) -> dict[str, Any]:
    """The list of judges of a set."""
    states = scores.scorers_of(image_set)
    return {
        "set": image_set,
        "judges": states,
        "is_judging": any(state.job is not None and state.job.is_live for state in states),
    }
