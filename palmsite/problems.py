"""Errors of the API as application/problem+json (RFC 9457), for views of DRF and for what fails before them.

Builds answers only: which error gets which words is decided where it is raised.
"""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, JsonResponse

CONTENT_TYPE = "application/problem+json"
API_PREFIX = "/api/"


def is_for_program(request: HttpRequest) -> bool:
    """Whether the answer goes to a program and not to a reader: decided by the path alone."""
    return request.path_info.startswith(API_PREFIX)


def body(
    status: int, *, detail: str, code: str, errors: list[dict[str, str]] | None = None, request_id: str = ""
) -> dict[str, Any]:
    """The members of one problem; `errors` names the fields and what is wrong with each."""
    problem: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": errors or [],
    }
    if request_id:
        problem["request_id"] = request_id
    return problem


def field_errors(fields: dict[str, str]) -> list[dict[str, str]]:
    """What a DomainError says of fields, in the form of a problem."""
    return [{"field": name, "detail": text} for name, text in fields.items()]


def response(
    request: HttpRequest,
    status: int,
    *,
    detail: str,
    code: str,
    fields: dict[str, str] | None = None,
    retry_after: int | None = None,
) -> JsonResponse:
    """An answer for what fails outside of DRF's views."""
    problem = body(
        status,
        detail=detail,
        code=code,
        errors=field_errors(fields or {}),
        request_id=getattr(request, "request_id", ""),
    )
    answer = JsonResponse(problem, status=status, content_type=CONTENT_TYPE)
    if retry_after is not None:
        answer["Retry-After"] = str(retry_after)
    return answer
