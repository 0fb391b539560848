"""Draws the error pages: what happened, what was kept, what to do now.

From 500 on a page is drawn without session or database, and without what a room adds to a request, since any of them
may be what broke.
"""

import json
import sys

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import Resolver404, is_valid_path
from django.utils.http import escape_leading_slashes
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from palmsite import frame, problems

# What a program is told where nobody has said more.
_PROBLEMS = {
    400: gettext_lazy("The request cannot be read."),
    403: gettext_lazy("You may not do this."),
    404: gettext_lazy("There is nothing here, or it is not yours."),
    405: gettext_lazy("This address does not take this method; the header Allow names those it takes."),
    413: gettext_lazy("That is too large to be sent in one piece."),
    429: gettext_lazy("Too many attempts. Wait a minute and try again."),
    500: gettext_lazy(
        "The site made a mistake. Nothing was changed; try again, or tell the operator the request id."
    ),
    503: gettext_lazy(
        "The site is busy or being looked after, and nothing you saved is lost. Try again in a minute."
    ),
}
RETRY_SECONDS = 15
DRAWN = frozenset({400, 403, 404, 405, 413, 429, 500, 503})


def said_of(status: int) -> str:
    """What a program is told of a status where nobody has said more."""
    return str(_PROBLEMS.get(status, status))


def said_of_files() -> str:
    """What whoever sends too many files is told: Django stops reading there, before a room can say its own limit."""
    most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
    return ngettext(
        "At most %(most)s file is read in one request. Send them one by one.",
        "At most %(most)s files are read in one request, in some places fewer. Send them in parts.",
        most,
    ) % {"most": most}


def render(
    request: HttpRequest,
    status: int,
    *,
    message: str = "",
    code: str = "",
    fields: dict[str, str] | None = None,
    retry_after: int | None = None,
) -> HttpResponse:
    """Answer with the page of a status; `message` replaces its sentences, `fields` says what to correct."""
    if problems.is_for_program(request):
        detail = message or said_of(status)
        return problems.response(
            request, status, detail=detail, code=code, fields=fields, retry_after=retry_after
        )
    context = {
        "status": status,
        "message": message,
        "code": code,
        "fields": fields or {},
        "retry_after": retry_after,
        "request_id": getattr(request, "request_id", ""),
        "theme": frame.theme(request),
    }
    if request.headers.get("HX-Request") == "true":
        response = HttpResponse(message, status=status, content_type="text/plain; charset=utf-8")
        response["HX-Trigger"] = json.dumps(
            {"toast": {"text": message or _("That did not work. Try again.")}}
        )
    else:
        template = f"errors/{status}.html" if status in DRAWN else "errors/other.html"
        if status >= 500:
            # Neither asks session or database; with them the language can be chosen.
            context |= {"here": request.get_full_path(), "csrf_token": get_token(request)}
        page = render_to_string(template, context, None if status >= 500 else request)
        response = HttpResponse(page, status=status)
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that cannot be read, or is too large to be read (handler400)."""
    if isinstance(exception, RequestDataTooBig):
        return render(request, 413, code="too_large")
    if isinstance(exception, TooManyFilesSent):
        return render(request, 400, message=said_of_files(), code="too_many_files")
    return render(request, 400, code="bad_request")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer where a person may not go (handler403)."""
    return render(request, 403, code="forbidden")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer where nothing is (handler404); an address with a slash too many or too few leads on."""
    if isinstance(exception, Resolver404) and request.method in ("GET", "HEAD"):
        path = request.path_info
        meant = path[:-1] if path.endswith("/") else f"{path}/"
        if not problems.is_for_program(request) and is_valid_path(meant):
            query = request.META.get("QUERY_STRING", "")
            return HttpResponsePermanentRedirect(
                escape_leading_slashes(meant) + (f"?{query}" if query else "")
            )
    return render(request, 404, code="not_found")


def method_not_allowed(request: HttpRequest, allowed: str) -> HttpResponse:
    """Answer a method that no view takes, with those that one does take."""
    response = render(request, 405, code="method_not_allowed")
    response["Allow"] = allowed
    return response


def too_many(request: HttpRequest) -> HttpResponse:
    """Answer who asks for more than the limits on attempts allow (handler429, which allauth looks for)."""
    return render(request, 429, code="too_many", retry_after=60)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer when the site broke (handler500); a database that does not answer is no fault of the site's."""
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        return render(request, 503, code="database_away", retry_after=RETRY_SECONDS)
    return render(request, 500, code="crashed")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose proof of origin is missing or old; what was typed is kept by drafts.js."""
    message = _(
        "This form was open for too long, so it was not sent. "
        "Go back: what you typed is still there, send it again."
    )
    return render(request, 403, message=message, code="csrf")
