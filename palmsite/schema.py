"""The API's own description: OpenAPI at /api/v1/schema, and a page to read it that needs no network."""

from typing import Any

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "Why a request was refused (RFC 9457), with a line for each field that is wrong.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What is wrong and what to do, for people."},
        "code": {"type": "string", "description": "The same in one word, for programs."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
                "required": ["field", "detail"],
            },
        },
        "request_id": {"type": "string", "description": "What an operator finds the request by."},
    },
    "required": ["type", "title", "status", "detail", "code", "errors"],
    "example": {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "count: Write a whole number from 1 to 10,000.",
        "code": "invalid",
        "errors": [{"field": "count", "detail": "Write a whole number from 1 to 10,000."}],
        "request_id": "01f0c9a7b1e24d0c",
    },
}
_METHODS = ("get", "post", "put", "patch", "delete")


_HEADERS: dict[str, Any] = {
    "RateLimit": {
        "description": "What is left of your pace: requests (r), and seconds (t) until all are there again.",
        "schema": {"type": "string"},
        "example": '"person";r=598;t=1',
    },
    "RateLimit-Policy": {
        "description": "Your pace: so many requests (q) in so many seconds (w).",
        "schema": {"type": "string"},
        "example": '"person";q=600;w=60',
    },
    "Retry-After": {
        "description": "With 429: seconds to wait. Some conflicts say it too.",
        "schema": {"type": "integer", "minimum": 1},
        "example": 2,
    },
}


def describe_headers(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Say which headers every answer has, and that one with an ETag need not be sent twice; called as the next is."""
    result["components"]["headers"] = _HEADERS
    pace = {name: {"$ref": f"#/components/headers/{name}"} for name in ("RateLimit", "RateLimit-Policy")}
    later = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    for operations in result["paths"].values():
        for method in operations.keys() & _METHODS:
            answers = operations[method]["responses"]
            if any("ETag" in answer.get("headers", {}) for answer in answers.values()):
                answers.setdefault(
                    "304", {"description": "Not changed since you read the ETag that you sent."}
                )
            for status, answer in answers.items():
                more = later if status in ("default", "429") else {}
                answer["headers"] = {**pace, **more, **answer.get("headers", {})}
    return result


def describe_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Say of every operation what its refusals look like; called by drf-spectacular, once for a schema."""
    result["components"]["schemas"]["Problem"] = _PROBLEM
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in result["paths"].values():
        for method in operations.keys() & _METHODS:
            operations[method]["responses"].setdefault(
                "default", {"description": "Refused; the problem says why.", "content": content}
            )
    return result


urlpatterns = [
    path(
        "schema",
        SpectacularAPIView.as_view(permission_classes=[AllowAny], throttle_classes=[]),
        name="schema",
    ),
    path(
        "docs",
        SpectacularSwaggerSplitView.as_view(
            url_name="schema",
            template_name="api/docs.html",
            permission_classes=[AllowAny],
            throttle_classes=[],
        ),
        name="api-docs",
    ),
]
