"""The downloads of a set: what is sent at once, and what a worker makes first. Parse, call, draw."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.errors import DomainError
from generation.sets import downloads as archives
from generation.sets import exports, galleries, selection, selectors
from generation.sets.forms import ExportForm
from generation.sets.models import Export, ImageSet
from generation.sets.views_base import is_htmx, next_url, person
from generation.sets.views_set import around

# Shares of ImageFolder's val/ that are offered, in percent.
VALS = (0, 5, 10, 15, 20, 25, 30, 50)


@login_required
@require_GET
def downloads(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """The whole set, or the images that the address chooses, with one button; other forms below."""
    image_set = selectors.set_for(person(request), set_id)
    return _draw(request, image_set, ExportForm())


@login_required
@require_GET
def shards(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """The parts of a WebDataset of what the address chooses, each with its size."""
    image_set = selectors.set_for(person(request), set_id)
    wish = archives.Wish("webdataset", _chosen(request))
    parts = archives.shards(image_set, wish)
    papers = archives.papers(image_set, wish)
    context = {
        **around(request, image_set, "downloads"),
        "query": _query(request),
        "parts": [(part, _link(image_set, part.wish)) for part in (*parts, papers)],
        "shards": len(parts),
        "per_shard": wish.per_shard,
        "list": f"{reverse('api-set-shards', args=[image_set.pk])}?{urlencode(selection.as_query(wish.selection))}",
    }
    return render(request, "sets/shards.html", context)


@login_required
@require_POST
def make(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """Have a file made of what the address chooses."""
    image_set = selectors.set_for(person(request), set_id)
    form = ExportForm(request.POST)
    if form.is_valid():
        try:
            exports.request(by=person(request), image_set=image_set, wish=form.wish(_chosen(request)))
        except DomainError as error:
            form.add_error("format", str(error))
        else:
            return redirect(f"{reverse('sets:downloads', args=[image_set.pk])}{_query(request)}#made")
    return _draw(request, image_set, form, status=400)


@login_required
@require_GET
def made(request: HttpRequest, set_id: UUID) -> HttpResponse:
    """The list of files, asked for every second while one is being made."""
    image_set = selectors.set_for(person(request), set_id)
    return render(request, "sets/_exports.html", {"set": image_set, **_made(request, image_set)})


@login_required
@require_safe
def file(request: HttpRequest, export_id: UUID) -> HttpResponseBase:
    """A file that was made."""
    return archives.of_export(request, selectors.export_for(person(request), export_id))


@login_required
@require_POST
def forget(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """Stop it, or throw it away."""
    export = selectors.export_for(person(request), export_id)
    exports.delete(by=person(request), export=export)
    if is_htmx(request):
        return render(
            request, "sets/_exports.html", {"set": export.image_set, **_made(request, export.image_set)}
        )
    return redirect(next_url(request, reverse("sets:downloads", args=[export.image_set_id])))


def _draw(request: HttpRequest, image_set: ImageSet, form: ExportForm, status: int = 200) -> HttpResponse:
    chosen = _chosen(request)
    images = selection.selected(image_set, chosen)
    context = {
        **around(request, image_set, "downloads"),
        **_made(request, image_set),
        "form": form,
        "query": _query(request),
        "links": {form: _link(image_set, archives.Wish(form, chosen)) for form in archives.FORMATS},
        "chosen_fields": selection.as_query(chosen).items(),
        "vals": VALS,
        "val": round(100 * archives.VAL),
        "download": reverse("api-set-download", args=[image_set.pk]),
        "file_name": archives.name_of(image_set, archives.Wish()),
        "is_part": chosen != selection.ALL,
        "chosen": images.count() if chosen != selection.ALL else image_set.count,
    }
    return render(request, "sets/downloads.html", context, status=status)


def _link(image_set: ImageSet, wish: archives.Wish) -> str:
    return f"{reverse('api-set-download', args=[image_set.pk])}?{urlencode(archives.as_query(wish))}"


def _chosen(request: HttpRequest) -> selection.Selection:
    return galleries.Look.of(request.GET).chosen


def _query(request: HttpRequest) -> str:
    look = galleries.Look(chosen=_chosen(request))
    return f"?{look.query}" if look.query else ""


def _made(request: HttpRequest, image_set: ImageSet) -> dict[str, Any]:
    found = list(selectors.exports_of(person(request)).filter(image_set=image_set))
    return {
        "exports": found,
        "is_making": any(export.state == Export.State.WAITING for export in found),
        "kept_days": exports.KEPT.days,
    }
