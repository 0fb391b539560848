"""Pages of a set's quality: measure it, watch, read the four cards, print the certificate. Thin: parse, call, draw."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.errors import Conflict, InvalidInput
from generation.evaluation import links, selectors, services, sheets
from generation.evaluation.forms import EvaluateForm
from generation.evaluation.models import Evaluation
from generation.sets import selectors as sets
from generation.sets.views_base import is_htmx, person


@require_GET
@login_required
def quality(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """All that was measured of a set, as a part of its page or as a page."""
    image_set = sets.set_for(person(request), set_id)
    template = "evaluation/_measures.html" if is_htmx(request) else "evaluation/quality.html"
    return render(request, template, sheets.of_set(person(request), image_set))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def evaluate(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """Have a set measured; where FID cannot be had the answer says so and offers the other measures."""
    user = person(request)
    image_set = sets.set_for(user, set_id)
    if request.method != "POST":
        # An answer that says why not leaves people at this address; another language or the way back asks for it.
        return redirect("evaluation:quality", image_set.pk)
    form = EvaluateForm(user, request.POST, auto_id="measure_%s")
    note = ""
    if form.is_valid():
        if form.cleaned_data["kind"] == Evaluation.Kind.FID:
            note = selectors.why_no_fid(user)
        if not note:
            try:
                services.evaluate(by=user, image_set=image_set, **form.wish)
                if not is_htmx(request):
                    return redirect(links.of_quality(image_set.pk))
            except InvalidInput as error:
                form.refuse(error)
    template = "evaluation/_measures.html" if is_htmx(request) else "evaluation/quality.html"
    context = sheets.of_set(user, image_set, note=_(note) if note else "", form=form if form.errors else None)
    answer = render(request, template, context)
    if form.errors:
        # The page moves up to where a measurement begins; what is wrong with a wish stands at its fields.
        answer["HX-Reswap"] = "outerHTML"
    return answer


@require_GET
@login_required
def evaluation(request: HttpRequest, evaluation_id: UUID) -> HttpResponse:
    """One measurement on a page of its own."""
    found = selectors.evaluation_for(person(request), evaluation_id)
    return render(request, "evaluation/evaluation.html", sheets.of_evaluation(person(request), found))


@require_GET
@login_required
def card(request: HttpRequest, evaluation_id: UUID) -> HttpResponse:
    """One measurement as a part: asks for itself until there is a result."""
    found = selectors.evaluation_for(person(request), evaluation_id)
    answer = render(request, "evaluation/_evaluation.html", sheets.of_evaluation(person(request), found))
    # Who watched it end sees the history grow; who only looks at an old one does not begin anew.
    if not found.is_waiting and "live" in request.GET:
        answer["HX-Trigger"] = "jobs-changed, measured"
    return answer


@require_GET
@login_required
def certificate(request: HttpRequest, evaluation_id: UUID) -> HttpResponse:
    """The set's quality on one sheet of paper."""
    found = selectors.evaluation_for(person(request), evaluation_id)
    if not found.is_done or found.kind != Evaluation.Kind.EVALUATE:
        raise Conflict(
            _("There is no result to certify yet. Press Evaluate and come back."), code="no_result"
        )
    return render(request, "evaluation/certificate.html", sheets.of_certificate(person(request), found))
