"""Pages of references: those there are, adding one from photographs, watching it, its card, deleting it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from accounts import private_files
from accounts.errors import DomainError
from accounts.models import User
from generation.evaluation import adding, limits, reference_cards, selectors, weights
from generation.evaluation.forms import ReferenceForm
from generation.sets.views_base import person
from generation.uploads import selectors as upload_rows
from generation.uploads import services as uploads
from generation.uploads.models import Upload


@require_GET
@login_required
def references(request: HttpRequest) -> HttpResponse:
    """What sets may be measured against, with lineage and terms; one's own unfinished ones first."""
    user = person(request)
    found = list(selectors.references_to_list(user))
    found.sort(key=lambda one: (one.owner_id is None, one.is_ready, one.created_at))
    return render(request, "evaluation/references.html", {"references": found} | _fid(user))


def _fid(user: User) -> dict[str, Any]:
    """Whether FID can be had here, and who can change that."""
    return {"fid": weights.standing(user), "can_fetch": weights.can_fetch(user)}


@require_GET
@login_required
def fid(request: HttpRequest) -> HttpResponse:
    """How the weights of FID stand, as a part: asks for itself while they are fetched."""
    context = _fid(person(request))
    answer = render(request, "evaluation/_fid.html", context)
    if not context["fid"].is_fetching:
        answer["HX-Trigger"] = "jobs-changed"
    return answer


@require_POST
@login_required
def fetch(request: HttpRequest) -> HttpResponse:
    """Have the standard weights fetched."""
    weights.fetch(by=person(request))
    return redirect("evaluation:references")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new(request: HttpRequest) -> HttpResponse:
    """Bring photographs."""
    user = person(request)
    form = ReferenceForm(user, request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            wish = form.wish
            if form.cleaned_data["file"] is not None and not wish.get("upload") and not wish.get("folder"):
                wish["upload"] = _received(user, form)
            return redirect("evaluation:reference", adding.add(by=user, **wish).pk)
        except DomainError as error:
            _show(form, error)
    context = {
        "form": form,
        "arrived": _arrived(user, request.POST.get("upload", "")),
        "purpose": limits.PURPOSE,
        "limits": limits.LIMITS,
        "least": limits.LEAST_PALMS,
    }
    return render(request, "evaluation/reference_new.html", context, status=400 if form.errors else 200)


def _arrived(user: User, upload_id: str) -> Upload | None:
    """What has been sent already, when the form comes back with a question."""
    if not upload_id:
        return None
    try:
        return upload_rows.complete_upload(user, UUID(upload_id), limits.PURPOSE)
    except (DomainError, ValueError):
        return None


def _received(user: User, form: ReferenceForm) -> UUID:
    """The archive that came with the form itself, as an upload like any other."""
    file = form.cleaned_data["file"]
    received = uploads.receive(by=user, purpose=limits.PURPOSE, name=file.name, size=file.size, stream=file)
    return received.pk


def _show(form: ReferenceForm, error: DomainError) -> None:
    """Put a refusal beside the fields it names, or above the form."""
    placed = [field for field in error.fields if field in form.fields and field not in ("file", "upload")]
    for field in placed:
        form.add_error(field, error.fields[field])
    if not placed:
        form.add_error(None, error.message)


@require_GET
@login_required
def reference(request: HttpRequest, reference_id: UUID) -> HttpResponse:
    """One reference: its progress, its reason, or its card."""
    found = selectors.reference_for(person(request), reference_id)
    return render(request, "evaluation/reference.html", reference_cards.of_reference(person(request), found))


@require_GET
@login_required
def body(request: HttpRequest, reference_id: UUID) -> HttpResponse:
    """The same as a part: asks for itself while a job is at it."""
    found = selectors.reference_for(person(request), reference_id)
    context = reference_cards.of_reference(person(request), found)
    answer = render(request, "evaluation/_reference.html", context)
    if not context["is_live"]:
        answer["HX-Trigger"] = "jobs-changed"
    return answer


@require_safe
@login_required
def photo(request: HttpRequest, reference_id: UUID, number: int) -> HttpResponseBase:
    """One kept palm."""
    found = selectors.reference_for(person(request), reference_id)
    path = selectors.photo_path(found, number)
    return private_files.response(request, path, download_name=None, content_type="image/png")


@require_POST
@login_required
def measure(request: HttpRequest, reference_id: UUID) -> HttpResponse:
    """Measure kept palms with the networks that came since."""
    user = person(request)
    found = adding.measure_anew(by=user, reference=selectors.reference_for(user, reference_id))
    return redirect("evaluation:reference", found.pk)


@require_POST
@login_required
def delete(request: HttpRequest, reference_id: UUID) -> HttpResponse:
    """Remove a reference."""
    user = person(request)
    found = selectors.reference_for(user, reference_id)
    adding.delete(by=user, reference=found)
    messages.success(request, _("The reference %(name)s is deleted.") % {"name": found.name})
    return redirect("evaluation:references")
