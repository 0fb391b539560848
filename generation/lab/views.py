"""Pages of the lab: five steps from an archive to an answer. Thin: parse, call, draw."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import private_files
from accounts.errors import DomainError, InvalidInput
from accounts.models import User
from generation.lab import answers, charts, sample, selectors, services, sources, storage
from generation.lab.forms import ComposeForm, DatasetForm, FitForm, PredictForm
from generation.lab.limits import limits
from generation.lab.models import LABELS, SPLITS, Dataset
from generation.uploads import services as uploads

get_or_post = require_http_methods(["GET", "POST"])


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


def _draw(request: HttpRequest, template: str, step: str, status: int = 200, **context: Any) -> HttpResponse:
    context |= {"steps": selectors.steps(_person(request), step), "limits": limits()}
    return render(request, f"lab/{template}.html", context, status=status)


@get_or_post
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The first step: bring data."""
    person = _person(request)
    form = DatasetForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            dataset = services.create_dataset(
                by=person, name=form.cleaned_data["id"].strip(), upload_id=_brought(person, form)
            )
            return redirect("lab:dataset", name=dataset.name)
        except DomainError as error:
            _show(form, error)
    return _draw(
        request,
        "home",
        "upload",
        status=400 if form.errors else 200,
        form=form,
        purpose=sources.PURPOSE,
        datasets=[(dataset, selectors.job_of(dataset)) for dataset in selectors.datasets_of(person)[:50]],
        has_sets=sources.sets_of(person).exists(),
    )


@get_or_post
@login_required
def compose(request: HttpRequest) -> HttpResponse:
    """The first step another way: sets of this site against photos."""
    person = _person(request)
    form = ComposeForm(request.POST or None, request.FILES or None, user=person)
    if request.method == "POST" and form.is_valid():
        try:
            dataset = services.compose_dataset(
                by=person,
                name=form.cleaned_data["id"].strip(),
                sets=[one.pk for one in form.cleaned_data["sets"]],
                upload_id=_upload(person, form),
                reference=form.cleaned_data.get("reference", ""),
            )
            return redirect("lab:dataset", name=dataset.name)
        except DomainError as error:
            _show(form, error)
    status = 400 if form.errors else 200
    return _draw(
        request,
        "compose",
        "upload",
        status=status,
        form=form,
        purpose=sources.PURPOSE,
        has_sets=sources.sets_of(person).exists(),
    )


def _upload(person: User, form: DatasetForm) -> UUID | None:
    """The upload that script has made, or the file that came with the form, if one came."""
    file = form.cleaned_data["file"]
    if form.cleaned_data["upload"]:
        return cast(UUID, form.cleaned_data["upload"])
    if file is None:
        return None
    received = uploads.receive(
        by=person, purpose=sources.PURPOSE, name=file.name, size=file.size, stream=file
    )
    return received.pk


def _brought(person: User, form: DatasetForm) -> UUID:
    """The same where nothing else will do."""
    upload_id = _upload(person, form)
    if upload_id is None:
        message = _("Choose an archive first.")
        raise InvalidInput(message, fields={"file": message})
    return upload_id


def _show(form: Any, error: DomainError) -> None:
    """Put a refusal beside the fields it names, or above the form."""
    placed = False
    for field, text in error.fields.items():
        if field in form.fields and not form.fields[field].widget.is_hidden and field != "file":
            form.add_error(field, text)
            placed = True
    if not placed:
        form.add_error(None, error.message)


@require_GET
@login_required
def sample_archive(request: HttpRequest) -> HttpResponse:
    """The archive to try with."""
    answer = HttpResponse(sample.archive(), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{sample.NAME}"'
    return answer


@require_GET
@login_required
def look(request: HttpRequest) -> HttpResponse:
    """The second step for who names no data: the latest, or what to do before there is any."""
    latest = selectors.latest_ready_dataset(_person(request))
    if latest is not None:
        return redirect("lab:dataset", name=latest.name)
    return _draw(request, "look", "look", dataset=None)


@require_GET
@login_required
def dataset(request: HttpRequest, name: str) -> HttpResponse:
    """The second step: what is in a data set."""
    found = selectors.dataset_for(_person(request), name)
    context: dict[str, Any] = {"dataset": found, "job": selectors.job_of(found)}
    if found.is_ready:
        eda = answers.of_eda(found)
        context |= {
            "eda": eda,
            "bars": charts.counts(eda),
            "whiskers": charts.colours(eda),
            "parts": [(split, label) for split in SPLITS for label in LABELS],
            "rows": charts.numbers(eda),
            "larger": charts.unequal(eda),
        }
    return _draw(request, "look", "look", **context)


@require_GET
@login_required
def mosaic(request: HttpRequest, name: str, split: str, label: str) -> HttpResponseBase:
    """A sheet of samples of one part."""
    found = selectors.dataset_for(_person(request), name)
    path = storage.mosaic_path(found.folder, split, label)
    return private_files.response(request, path, download_name=None, content_type="image/png")


@require_POST
@login_required
def delete_dataset(request: HttpRequest, name: str) -> HttpResponse:
    """Remove a data set."""
    person = _person(request)
    services.delete_dataset(by=person, dataset=selectors.dataset_for(person, name))
    messages.success(request, _("“%(id)s” is deleted.") % {"id": name})
    return redirect("lab:home")


@get_or_post
@login_required
def fit(request: HttpRequest) -> HttpResponse:
    """The third step: wish for a model."""
    person = _person(request)
    form = FitForm(request.POST or None, user=person, initial=_fit_initial(request, person))
    if request.method == "POST" and form.is_valid():
        wish = dict(form.cleaned_data)
        name, dataset_name = wish.pop("id").strip(), wish.pop("dataset")
        try:
            made = services.fit(by=person, name=name, dataset_name=dataset_name, wish=wish)
            return redirect("lab:model", name=made.name)
        except DomainError as error:
            _show(form, error)
    status = 400 if form.errors else 200
    has_data = bool(form.fields["dataset"].choices)  # type: ignore[attr-defined]
    return _draw(request, "fit", "fit", status=status, form=form, has_data=has_data)


def _fit_initial(request: HttpRequest, person: User) -> dict[str, Any]:
    taken = set(selectors.fits_of(person).values_list("name", flat=True))
    names = (f"model{number}" for number in range(1, len(taken) + 2))
    return {
        "id": next(name for name in names if name not in taken),
        "dataset": request.GET.get("dataset", ""),
    }


@require_GET
@login_required
def models(request: HttpRequest) -> HttpResponse:
    """The fourth step: compare models and choose one."""
    fits = list(selectors.fits_of(_person(request))[:100])
    parted = all(fit.in_both == 0 for fit in fits if fit.is_ready)
    return _draw(request, "models", "choose", fits=fits, is_parted=parted, roc=charts.roc(fits))


@require_GET
@login_required
def model(request: HttpRequest, name: str) -> HttpResponse:
    """One model, live while it is fitted."""
    found = selectors.fit_for(_person(request), name)
    drawn = [charts.loss(found), charts.roc([found]), charts.calibration(found)]
    return _draw(
        request,
        "model",
        "fit" if found.is_waiting else "choose",
        fit=found,
        job=selectors.job_of(found),
        charts=[chart for chart in drawn if chart],
    )


@require_POST
@login_required
def set_model(request: HttpRequest, name: str) -> HttpResponse:
    """Make it the model that answers."""
    person = _person(request)
    services.set_fit(by=person, fit=selectors.fit_for(person, name))
    messages.success(request, _("'%(id)s' is set for inference.") % {"id": name})
    return redirect("lab:predict")


@require_POST
@login_required
def delete_model(request: HttpRequest, name: str) -> HttpResponse:
    """Remove a model."""
    person = _person(request)
    services.delete_fit(by=person, fit=selectors.fit_for(person, name))
    messages.success(request, _("“%(id)s” is deleted.") % {"id": name})
    return redirect("lab:models")


@get_or_post
@login_required
def predict(request: HttpRequest) -> HttpResponse:
    """The fifth step: ask about images."""
    person = _person(request)
    form = PredictForm(request.POST or None, initial={"threshold": limits().threshold})
    if request.method == "POST" and form.is_valid():
        try:
            files = request.FILES.getlist("images")
            asked, _job = services.predict(by=person, files=files, threshold=form.cleaned_data["threshold"])
            return redirect("lab:prediction", prediction_id=asked.pk)
        except DomainError as error:
            _show(form, error)
    return _draw(
        request,
        "predict",
        "predict",
        status=400 if form.errors else 200,
        form=form,
        fit=selectors.fit_that_is_set(person),
        predictions=selectors.predictions_of(person)[:12],
    )


@require_GET
@login_required
def prediction(request: HttpRequest, prediction_id: UUID) -> HttpResponse:
    """What the model said."""
    found = selectors.prediction_for(_person(request), prediction_id)
    drawn = _draw(
        request,
        "_prediction" if request.GET.get("part") else "prediction",
        "predict",
        prediction=found,
        job=selectors.job_of(found),
        answer=answers.of_prediction(found),
    )
    if not found.is_waiting:
        drawn["HX-Trigger"] = "jobs-changed"
    return drawn


@require_POST
@login_required
def delete_prediction(request: HttpRequest, prediction_id: UUID) -> HttpResponse:
    """Remove a prediction with its pictures."""
    person = _person(request)
    services.delete_prediction(by=person, prediction=selectors.prediction_for(person, prediction_id))
    messages.success(request, _("The answer and its pictures are deleted."))
    return redirect("lab:predict")


@require_GET
@login_required
def progress(request: HttpRequest, kind: str, name: str) -> HttpResponse:
    """What the page of a data set or a model asks for until it is made: its bar, then the wish to reload."""
    table = selectors.dataset_for if kind == "data" else selectors.fit_for
    found = table(_person(request), name)
    answer = render(
        request,
        "lab/_live.html",
        {"thing": found, "kind": kind, "job": selectors.job_of(found), "charts": _live_charts(found)},
    )
    if not found.is_waiting:
        answer["HX-Refresh"] = "true"
    return answer


def _live_charts(thing: Any) -> list[charts.Chart]:
    chart = None if isinstance(thing, Dataset) else charts.loss(thing)
    return [chart] if chart else []
