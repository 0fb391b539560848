"""Pages of jobs: the list, one job live, the tray, the demo. They read rows and call services."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import private_files
from accounts.errors import NotFound
from accounts.models import User
from generation.jobs import demo, selectors, services
from generation.jobs.forms import JobFilter
from generation.jobs.models import Job

PAGE = 30
SHAPES = {"bar": "jobs/_progress.html", "row": "jobs/_row.html", "whole": "jobs/_job.html"}


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


@require_GET
@login_required
def job_list(request: HttpRequest) -> HttpResponse:
    """All jobs of the person, latest first."""
    wanted = JobFilter(request.GET)
    page = wanted.page(selectors.jobs_of(_person(request)), PAGE)
    context: dict[str, Any] = {
        "jobs": page.jobs,
        "next": page.next_query,
        "states": [(value, label, value == wanted.state) for value, label in Job.State.choices],
        "state": wanted.state,
    }
    return render(request, "jobs/list.html", context)


@require_GET
@login_required
def detail(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """One job, live."""
    return render(request, "jobs/detail.html", {"job": selectors.job_for(_person(request), job_id)})


@require_GET
@login_required
def progress(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """What the page of a job, or its bar elsewhere, asks for every second until the job has ended."""
    job = selectors.job_for(_person(request), job_id)
    shape = next((shape for shape in SHAPES if shape in request.GET), "bar")
    response = render(request, SHAPES[shape], {"job": job})
    if not job.is_live:
        response["HX-Trigger"] = "jobs-changed"
    return response


@require_GET
@login_required
def tray(request: HttpRequest) -> HttpResponse:
    """The sheet under the bell."""
    person = _person(request)
    context = {"jobs": selectors.tray(person), "running": selectors.running_count(person)}
    return render(request, "jobs/_tray.html", context)


@require_GET
@login_required
def picture(request: HttpRequest, job_id: UUID) -> HttpResponseBase:
    """What the demo has drawn."""
    job = selectors.job_for(_person(request), job_id)
    if not demo.has_picture(job):
        raise NotFound(_("This job has no picture."))
    path = demo.picture_path(job.pk)
    return private_files.response(request, path, download_name=None, content_type="image/png")


@require_POST
@login_required
def start_demo(request: HttpRequest) -> HttpResponse:
    """Start the demo."""
    job = demo.start(by=_person(request))
    return redirect("jobs:detail", job_id=job.pk)


@require_POST
@login_required
def cancel(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Stop a job."""
    person = _person(request)
    job = services.cancel(by=person, job=selectors.job_for(person, job_id))
    if job.is_stopping:
        messages.info(request, _("Stopping after what is in hand."))
    return _back(request, job)


@require_POST
@login_required
def retry(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Put an ended job back into its queue."""
    person = _person(request)
    return _back(request, services.retry(by=person, job=selectors.job_for(person, job_id)))


def _back(request: HttpRequest, job: Job) -> HttpResponse:
    where = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(where, {request.get_host()}, request.is_secure()):
        return redirect(where)
    return redirect("jobs:detail", job_id=job.pk)
