"""Pages of comparisons: choose sets, watch, read them side by side, take the table along."""

import csv
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.errors import Conflict, InvalidInput
from accounts.models import User
from generation.evaluation import columns, comparison_lines, drawings, selectors, services
from generation.evaluation.forms import CompareForm, known_ids
from generation.evaluation.models import Comparison
from generation.sets import selectors as sets
from generation.sets.views_base import person

LATEST = 20


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def compare(request: HttpRequest) -> HttpResponse:
    """Choose from two to six sets or references; below, the comparisons there are."""
    user = person(request)
    if request.method == "POST":
        form = CompareForm(user, request.POST)
        if form.is_valid():
            wish = dict(form.cleaned_data)
            try:
                made = services.compare(by=user, image_sets=wish.pop("sets"), **wish)
                return redirect("evaluation:comparison", made.pk)
            except InvalidInput as error:
                form.refuse(error)
    else:
        chosen = sets.visible_sets(user).filter(pk__in=known_ids(request.GET.getlist("sets")))
        form = CompareForm(user, initial={"sets": [one.pk for one in chosen]})
    context = {
        "form": form,
        "is_empty": form.is_empty,
        "comparisons": columns.with_names(user, list(selectors.comparisons_of(user)[:LATEST])),
    }
    return render(request, "evaluation/compare.html", context)


@require_GET
@login_required
def comparison(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """Sets side by side. The address stays: who may see all of the sets may see it."""
    found = selectors.comparison_for(person(request), comparison_id)
    return render(request, "evaluation/comparison.html", columns.of_comparison(person(request), found))


@require_GET
@login_required
def body(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """The same as a part: asks for itself until there is a result."""
    found = selectors.comparison_for(person(request), comparison_id)
    answer = render(request, "evaluation/_comparison.html", columns.of_comparison(person(request), found))
    if not found.is_waiting:
        answer["HX-Trigger"] = "jobs-changed"
    return answer


@require_GET
@login_required
def table(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """The measures as CSV."""
    return table_of(person(request), comparison_id)


@require_GET
@login_required
def drawing(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """The whole comparison as one picture."""
    return drawing_of(request, person(request), comparison_id)


def table_of(user: User, comparison_id: UUID) -> HttpResponse:
    """The file for whoever may see the comparison."""
    found = _done(user, comparison_id)
    answer = HttpResponse(content_type="text/csv; charset=utf-8", headers=_saved(found, ".csv"))
    csv.writer(answer).writerows(comparison_lines.rows(found.result, found.spec))
    return answer


def drawing_of(request: HttpRequest, user: User, comparison_id: UUID) -> HttpResponse:
    """The same as a picture; it names the address of the page."""
    found = _done(user, comparison_id)
    address = request.build_absolute_uri(reverse("evaluation:comparison", args=[found.pk]))
    picture = drawings.of_comparison(found, columns.of_comparison(user, found), address)
    return HttpResponse(picture, content_type="image/png", headers=_saved(found, ".png"))


def _saved(comparison: Comparison, suffix: str) -> dict[str, str]:
    name = columns.file_name(comparison, suffix)
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}


def _done(user: User, comparison_id: UUID) -> Comparison:
    """A comparison that has a result to take along."""
    found = selectors.comparison_for(user, comparison_id)
    if not found.is_done:
        raise Conflict(
            _("The comparison is not done yet; its table will be here when it is."), code="no_result"
        )
    return found
