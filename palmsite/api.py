"""Every refusal of the API as problem+json. Named in settings by a dotted string: no room imports this."""

import math
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFilesSent
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from accounts.errors import DomainError
from palmsite import error_pages, problems

# DRF's own words for these are general; ours say what to do.
_DEFAULT_CODES = {"error": "invalid", "throttled": "too_many", "permission_denied": "forbidden"}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer a refusal with a problem; None lets Django answer what nobody expected with a 500."""
    if isinstance(error, DomainError):
        answer = _problem(context, error.status, str(error), error.code, problems.field_errors(error.fields))
        retry_after = getattr(error, "retry_after", None)
        if retry_after is not None:
            answer["Retry-After"] = str(retry_after)
        set_rollback()
        return answer
    known = _as_api_exception(error)
    if known is None:
        return None
    set_rollback()
    return _answer(known, context)


def _as_api_exception(error: Exception) -> exceptions.APIException | None:
    if isinstance(error, exceptions.APIException):
        return error
    if isinstance(error, Http404):
        return exceptions.NotFound(_("There is nothing here, or it is not yours."))
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, RequestDataTooBig):
        too_large = exceptions.APIException(_("That is too large to be sent in one piece."), "too_large")
        too_large.status_code = 413
        return too_large
    if isinstance(error, TooManyFilesSent):
        return exceptions.ParseError(error_pages.said_of_files(), "too_many_files")
    return None


def _answer(error: exceptions.APIException, context: dict[str, Any]) -> Response:
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]  # set by DRF's view
    errors: list[dict[str, str]] = []
    if isinstance(error, exceptions.ValidationError):
        errors = _flatten(error.detail)
        detail, code = _summary(errors), "invalid"
    else:
        detail, code = str(error.detail), str(error.get_codes())
    if isinstance(error, exceptions.Throttled):
        seconds = math.ceil(getattr(error, "wait", None) or 1)
        headers["Retry-After"] = str(seconds)
        detail = ngettext(
            "Too many requests. Wait %(seconds)s second and try again.",
            "Too many requests. Wait %(seconds)s seconds and try again.",
            seconds,
        ) % {"seconds": seconds}
    answer = _problem(context, error.status_code, detail, _DEFAULT_CODES.get(code, code), errors)
    for name, value in headers.items():
        answer[name] = value
    return answer


def _problem(
    context: dict[str, Any], status: int, detail: str, code: str, errors: list[dict[str, str]]
) -> Response:
    request_id = getattr(context.get("request"), "request_id", "")
    problem = problems.body(status, detail=detail, code=code, errors=errors, request_id=request_id)
    return Response(problem, status=status, content_type=problems.CONTENT_TYPE)


def _flatten(detail: Any, field: str = "") -> list[dict[str, str]]:
    """Nested errors of serializers as a flat list; the field of a nested one is written with dots."""
    if isinstance(detail, dict):
        found = []
        for name, inner in detail.items():
            is_whole = name == "non_field_errors"
            path = field if is_whole else f"{field}.{name}" if field else str(name)
            found += _flatten(inner, path)
        return found
    if isinstance(detail, list):
        found = []
        for index, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            found += _flatten(inner, f"{field}.{index}".lstrip(".") if nested else field)
        return found
    return [{"field": field, "detail": str(detail)}]


def _summary(errors: list[dict[str, str]]) -> str:
    if not errors:
        return _("What was sent cannot be used.")
    first = errors[0]
    return f"{first['field']}: {first['detail']}" if first["field"] else first["detail"]
