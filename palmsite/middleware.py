"""What happens around every request: its id and its log line, and the translation of a room's refusal."""

import logging
import re
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.encoding import escape_uri_path
from django.utils.functional import SimpleLazyObject

from accounts import request_id
from accounts.errors import DomainError
from palmsite import error_pages, metrics, problems

GetResponse = Callable[[HttpRequest], HttpResponse]
access_log = logging.getLogger("palmsite.access")

# What the web server writes into a request whose body it did not take.
TOO_LARGE = "palmsite.too_large"
_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_QUIET_PATHS = ("/healthz", "/metrics", "/static/")


class RequestIdMiddleware:
    """Gives every request an id: in its answer, in all log lines, and in the jobs it starts.

    A proxy of ours may bring its own id; anybody else's is ignored, so that nobody forges the log.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer within the id and write one line about it."""
        brought = request.headers.get("X-Request-ID", "") if settings.PALMSITE_PROXIES else ""
        identity = brought if _SAFE_ID.fullmatch(brought) else request_id.new()
        request.request_id = identity  # type: ignore[attr-defined]  # read by error pages
        started = time.monotonic()
        with request_id.within(identity):
            response = self.get_response(request)
            seconds = time.monotonic() - started
            metrics.observe(request.method, response.status_code, seconds)
            if not request.path_info.startswith(_QUIET_PATHS):
                _log(request, response, seconds)
        response["X-Request-ID"] = identity
        return response


def _known_user(request: HttpRequest) -> Any:
    """Who is signed in, if the request was asked already: asking now could fail with a broken database."""
    user = vars(request).get("user")
    if isinstance(user, SimpleLazyObject):
        user = getattr(request, "_cached_user", None)
    return user if user is not None and user.is_authenticated else None


def _log(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    user = _known_user(request)
    # Written as in an address: a line break in a path does not begin a line of somebody's own. What follows the
    # question mark is never written, and what is secret in a path is left out of every line (logs.py).
    path = escape_uri_path(request.path_info)
    access_log.info(
        "%s %s %s %.0f ms",
        request.method,
        path,
        response.status_code,
        1000 * seconds,
        extra={
            "method": request.method,
            "path": path,
            "status": response.status_code,
            "milliseconds": round(1000 * seconds),
            "user_id": user.pk if user is not None else None,
        },
    )


class ApiHeadersMiddleware:
    """Tells programs their pace (RateLimit headers), and keeps answers about people out of shared caches."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the headers."""
        response = self.get_response(request)
        if hasattr(request, "rate_limit"):
            response["RateLimit-Policy"], response["RateLimit"] = request.rate_limit
        if _known_user(request) is not None:
            response.setdefault("Cache-Control", "private, no-cache")
        return response


class DomainErrorMiddleware:
    """Answers what a room refuses: with a page in style, or a problem where a program asked."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on; Django's own answer to a method that no view takes is an empty page."""
        if request.META.get(TOO_LARGE):
            return error_pages.render(request, 413, code="too_large")
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            return error_pages.method_not_allowed(request, response["Allow"])
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Turn a refusal into an answer; anything else goes on to Django."""
        if isinstance(error, RequestDataTooBig):
            return error_pages.bad_request(request, error)
        if not isinstance(error, DomainError):
            return None
        retry_after: int | None = getattr(error, "retry_after", None)
        if problems.is_for_program(request):
            return problems.response(
                request,
                error.status,
                detail=str(error),
                code=error.code,
                fields=error.fields,
                retry_after=retry_after,
            )
        return error_pages.render(
            request,
            error.status,
            message=str(error),
            code=error.code,
            fields=error.fields,
            retry_after=retry_after,
        )
