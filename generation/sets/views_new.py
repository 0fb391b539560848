"""New set: the form, its live sentence, the strip of palms beside it, and the preview. Parse, call, draw."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts.errors import DomainError
from generation.sets import new_set, previews, services
from generation.sets.forms import NewSetForm
from generation.sets.models import Image, Order
from generation.sets.views_base import is_htmx, person


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Draw the form with its defaults, or order what was asked for."""
    if request.method == "POST":
        return _order(request)
    wanted = {
        name: str(value)
        for name, value in request.GET.items()
        if name in NewSetForm.base_fields or name == "count"
    }
    form = NewSetForm(person(request), initial={**NewSetForm.defaults(), **wanted})
    preview = (
        previews.preview_of(person(request), wanted["preview"]) if _is_id(wanted.get("preview")) else None
    )
    return render(request, "sets/new.html", {**_around(request, form), **_strip(request, preview)})


def _order(request: HttpRequest) -> HttpResponse:
    asking = person(request)
    form = NewSetForm(asking, request.POST)
    if form.is_valid():
        try:
            order = _make(request, form)
        except DomainError as error:
            form.refuse(str(error), error.fields)
        else:
            where = reverse("sets:order", args=[order.pk])
            return HttpResponseClientRedirect(where) if is_htmx(request) else redirect(where)
    if is_htmx(request):
        # The reasons stand beside their fields; the sentence does not repeat the first of them.
        return render(request, "sets/_new_form.html", {**_around(request, form), "reason": ""}, status=400)
    return _input_error(request, form)


def _input_error(request: HttpRequest, form: NewSetForm) -> HttpResponse:
    """A page of its own for who has no script: reasons by field, and a way back with what was typed."""
    kept = QueryDict(mutable=True)
    kept.update(
        {name: str(value)[:200] for name, value in request.POST.items() if name != "csrfmiddlewaretoken"}
    )
    back = f"{reverse('sets:new')}?{kept.urlencode()}"
    context = {"status": 400, "code": "invalid", "reasons": _reasons(form), "back": back}
    return render(request, "sets/input_error.html", context, status=400)


def _reasons(form: NewSetForm) -> dict[str, str]:
    """What is wrong, by the labels of the fields."""
    return {
        str(form[name].label if name in form.fields else ""): " ".join(map(str, errors))
        for name, errors in form.errors.items()
    }


def _make(request: HttpRequest, form: NewSetForm) -> Order:
    """Order; a preview that fits is kept and continued, one that does not is thrown away."""
    asking, data = person(request), form.cleaned_data
    preview = previews.preview_of(asking, data["preview"]) if data["preview"] else None
    spec = form.spec(seed=preview.wish.seed if preview else new_set.random_seed())
    wishes: dict[str, Any] = {"spec": spec, "name": data["name"], "tags": data["tags"]}
    if preview and previews.can_continue(preview, data["model"], spec):
        order = services.continue_preview(by=asking, preview=preview, **wishes)
    else:
        order = services.order_images(by=asking, checkpoint=data["model"], **wishes)
    previews.forget(by=asking, but=order)
    return order


@login_required
@require_GET
def sentence(request: HttpRequest) -> HttpResponse:
    """Say what the order would take, while it is typed."""
    form = NewSetForm(person(request), request.GET)
    form.is_valid()
    return render(request, "sets/_sentence.html", _sentence(request, form))


@login_required
@require_GET
def strip(request: HttpRequest) -> HttpResponse:
    """Show what the chosen model makes."""
    return render(request, "sets/_strip.html", _strip(request, None))


@login_required
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """Make the first eight in the short queue; an earlier preview goes."""
    data = request.POST.copy()
    data["count"] = str(previews.COUNT)
    form = NewSetForm(person(request), data)
    if form.is_valid():
        try:
            order = previews.begin(
                by=person(request),
                checkpoint=form.cleaned_data["model"],
                spec=form.spec(seed=new_set.random_seed()),
            )
        except DomainError as error:
            form.refuse(str(error), error.fields)
        else:
            if is_htmx(request):
                return render(request, "sets/_strip.html", _strip(request, order))
            kept = {name: str(value) for name, value in request.POST.items() if name != "csrfmiddlewaretoken"}
            query = QueryDict(mutable=True)
            query.update({**kept, "preview": str(order.pk)})
            return redirect(f"{reverse('sets:new')}?{query.urlencode()}")
    if not is_htmx(request):
        return _input_error(request, form)
    # The strip stands beside the form, so each reason says of which field it speaks.
    reasons = [f"{label}: {reason}" if label else reason for label, reason in _reasons(form).items()]
    return render(request, "sets/_strip.html", {**_strip(request, None), "reasons": reasons}, status=400)


@login_required
@require_GET
def preview_live(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """What the strip asks for until the preview stands; one that is gone gives way to the samples."""
    return render(
        request, "sets/_strip.html", _strip(request, previews.preview_of(person(request), order_id))
    )


@login_required
@require_POST
def forget_preview(request: HttpRequest) -> HttpResponse:
    """Throw the preview away."""
    previews.forget(by=person(request))
    if is_htmx(request):
        return render(request, "sets/_strip.html", _strip(request, None))
    return redirect("sets:new")


def _around(request: HttpRequest, form: NewSetForm) -> dict[str, Any]:
    models = list(new_set.offered())
    return {
        "form": form,
        "models": models,
        "chosen_model": str(form["model"].value() or ""),
        "has_hands": any(model.knows_hands for model in models),
        **_sentence(request, form),
    }


def _sentence(request: HttpRequest, form: NewSetForm) -> dict[str, Any]:
    """The sentence for what stands in the form, if that can be ordered."""
    if not form.is_bound:
        values = {name: form[name].value() or "" for name in form.fields}
        form = NewSetForm(person(request), values)
    if not form.is_valid():
        return {"sentence": "", "reason": next(iter(form.errors.values()))[0]}
    spec = form.spec(seed=0)
    return {"sentence": new_set.sentence(person(request), form.cleaned_data["model"], spec), "reason": ""}


def _strip(request: HttpRequest, order: Order | None) -> dict[str, Any]:
    """Eight pictures: of the preview, as far as they are made, or samples of the chosen model."""
    name = request.POST.get("model") or request.GET.get("model") or ""
    offered = new_set.offered()
    model = order.checkpoint if order else offered.filter(name=name[:64]).first() or offered.first()
    made = {}
    if order is not None:
        rows = Image.objects.filter(image_set=order.image_set_id, deleted_at__isnull=True)
        made = {image.index: image for image in rows}
    return {
        "preview": order,
        "strip_model": model,
        "slots": [(index, made.get(index)) for index in range(previews.COUNT)],
    }


def _is_id(text: str | None) -> bool:
    try:
        UUID(text or "")
    except ValueError:
        return False
    return True
