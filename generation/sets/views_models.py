"""The models, for everybody; and adding one, for administrators. Thin: parse, call, draw."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.errors import DomainError, NotFound
from generation.sets import catalogue, figures, storage
from generation.sets.forms import NewModelForm
from generation.sets.models import Checkpoint
from generation.sets.views_base import person
from generation.uploads import selectors as uploads
from generation.uploads import services as receiving
from generation.uploads.models import Upload


@login_required
@require_GET
def models(request: HttpRequest) -> HttpResponse:
    """Every model with its samples; the staff sees first those that wait for them."""
    everybody = Checkpoint.objects.generators().select_related("partner")
    states = [Checkpoint.State.PUBLISHED, Checkpoint.State.RETIRED]
    context = {
        "offered": [_described(model) for model in everybody.filter(state=Checkpoint.State.PUBLISHED)],
        "retired": [_described(model) for model in everybody.filter(state=Checkpoint.State.RETIRED)],
        "waiting": list(everybody.exclude(state__in=states)) if request.user.is_staff else [],
    }
    return render(request, "sets/models.html", context)


def _described(model: Checkpoint) -> dict[str, Any]:
    each = model.seconds_per_image
    lineage, notes = model.header.get("lineage") or [], model.header.get("notes", {})
    return {
        "model": model,
        "has_grid": storage.grid_is_kept(model),
        "speed": figures.grouped(round(1 / each)) if each and each < 1 else "",
        "seconds": figures.rounded(each, 1) if each and each >= 1 else "",
        "lineage": [part for part in lineage if isinstance(part, dict)],
        "trained_on": figures.grouped(notes["trained_on"])
        if isinstance(notes.get("trained_on"), int)
        else "",
    }


@login_required
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A name and a file; the worker finds out everything else."""
    if not request.user.has_perm("sets.add_checkpoint"):
        raise NotFound(_("There is nothing here, or it is not yours."))
    form = NewModelForm(request.POST or None, request.FILES or None)
    kept: Upload | None = None
    if request.method == "POST" and form.is_valid():
        try:
            kept = _upload(request, form)
            model = catalogue.add(by=person(request), name=form.cleaned_data["name"], upload=kept)
        except DomainError as error:
            for name, reason in (error.fields or {"": str(error)}).items():
                form.add_error("name" if name == "name" else None, reason)
        else:
            words = _("%(name)s has arrived; it waits here until it is verified.") % {"name": model.name}
            messages.success(request, words)
            return redirect("sets:models")
    elif request.method == "POST":
        kept = _arrived(request, form)
    # What has arrived and was not thrown away need not be sent again to correct a name.
    context = {
        "form": form,
        "purpose": catalogue.PURPOSE,
        "kept": kept if kept and kept.path.is_file() else None,
    }
    return render(request, "sets/add_model.html", context, status=400 if form.errors else 200)


def _upload(request: HttpRequest, form: NewModelForm) -> Upload:
    """What has arrived already, or the file that came whole."""
    data = form.cleaned_data
    if data["upload"]:
        return uploads.complete_upload(person(request), data["upload"], catalogue.PURPOSE)
    file = data["file"]
    return receiving.receive(
        by=person(request), purpose=catalogue.PURPOSE, name=file.name, size=file.size, stream=file
    )


def _arrived(request: HttpRequest, form: NewModelForm) -> Upload | None:
    upload_id = form.cleaned_data.get("upload")
    found = uploads.uploads_of(person(request)).filter(purpose=catalogue.PURPOSE, state=Upload.State.COMPLETE)
    return found.filter(pk=upload_id).first() if upload_id else None
