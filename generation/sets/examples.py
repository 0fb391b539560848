"""What the API's description shows of this room: one order, set and image everywhere. A test checks that they fit."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

SITE = "https://palmsite.example"
_API = f"{SITE}/api/v1"
_SET, _JOB = "01981c9e-6f09-7b2e-9d11-0f4e5a6b7c8d", "01981c9e-6f0c-7a00-8f12-1b2c3d4e5f60"
_SHA256 = "9f2c41d07be85a36" * 4
_MADE, _LATER = "2026-01-31T12:00:00Z", "2026-02-07T12:00:00Z"
_MODEL = "palm-256"
_MEASURES = {"kid": 0.0125, "kid_ci": [0.0103, 0.0156], "n": 1756, "n_ref": 311}

ORDER: dict[str, Any] = {
    "id": "01981c9e-6f0a-7c1d-8a44-3c5d0a1b2c3d",
    "set": _SET,
    "state": "open",
    "done": 48,
    "total": 200,
    "code": "",
    "message": "",
    "model": _MODEL,
    "seed": 4711,
    "candidates": 2,
    "min_probability": 0.0,
    "preview": False,
    "created_at": _MADE,
    "ended_at": None,
}
IMAGE_SET: dict[str, Any] = {
    "id": _SET,
    "name": "Left palms",
    "note": "",
    "tags": ["trial"],
    "model": _MODEL,
    "count": 200,
    "wanted": 200,
    "is_partial": False,
    "size": 6_553_600,
    "recipe": {"model": _MODEL, "checkpoint": _SHA256, "seed": 4711, "count": 200, "candidates": 2},
    "quality": {"kid": 0.0123, "n": 200},
    "is_mine": True,
    "version": 1,
    "created_at": _MADE,
    "deleted_at": None,
    "download": f"{_API}/sets/{_SET}/download",
}
AGREEMENT = {"first": "01981c90-1a2b-7c3d-8e4f-5a6b7c8d9e0f", "same": 200, "compared": 200, "agrees": True}
IMAGE: dict[str, Any] = {
    "id": 90210,
    "set": _SET,
    "index": 7,
    "seed": 4711,
    "score": 0.8731,
    "scores": {"lab:model1": 0.91},
    "size": 32_768,
    "sha256": _SHA256,
    "is_starred": True,
    "deleted_at": None,
    "file": f"{_API}/images/90210/file",
    "thumb": f"{_API}/images/90210/thumb",
}
ORIGIN = {"made_here": True, "pixels_sha256": _SHA256, "image": None}
MODEL: dict[str, Any] = {
    "name": _MODEL,
    "sha256": _SHA256,
    "is_default": True,
    "is_stand_in": False,
    "subject": "palm",
    "image_size": 256,
    "parameters": 3_054_491,
    "is_scored": True,
    "seconds_per_image": 0.033,
    "bytes_per_image": 114_688,
    "quality": {**_MEASURES, "real_kid": 0.0016, "extractor": "efficientnet-lite2"},
    "metrics": {"held_out": {"efficientnet-lite2": {**_MEASURES, "real": {"kid": 0.0016}}}},
    "licence": "AGPL-3.0-or-later",
    "lineage": [{"source": "11k-hands", "images": 1253}],
    "published_at": _MADE,
}
SHARE: dict[str, Any] = {"id": 12, "user": "bob", "link": None, "expires_at": None, "created_at": _MADE}
LINK = {**SHARE, "user": None, "link": f"{SITE}/shared/{'s' * 43}", "expires_at": _LATER}
SCORER = {
    "scorer": "lab:model1",
    "title": "model1",
    "count": 120,
    "mean": 0.71,
    "job": _JOB,
    "state": "running",
}
EXPORT: dict[str, Any] = {
    "id": "01981c9e-6f0d-7b11-9a22-2c3d4e5f6071",
    "set": _SET,
    "set_version": 1,
    "format": "parquet",
    "wish": {"val": 0.1},
    "state": "ready",
    "code": "",
    "message": "",
    "count": 200,
    "done": 200,
    "size": 6_612_992,
    "sha256": _SHA256,
    "job": _JOB,
    "file": f"{_API}/exports/01981c9e-6f0d-7b11-9a22-2c3d4e5f6071/download",
    "created_at": _MADE,
    "expires_at": _LATER,
}
WEBHOOK: dict[str, Any] = {
    "id": "01981c9e-6f0e-7c22-8b33-3d4e5f607182",
    "url": "https://example.org/palms-are-ready",
    "secret": "s" * 43,
    "created_at": _MADE,
}
DELIVERY: dict[str, Any] = {
    "id": "01981c9e-6f0f-7d33-9c44-4e5f60718293",
    "event": "order.ended",
    "state": "delivered",
    "attempts": 1,
    "status": 204,
    "message": "",
    "created_at": _MADE,
    "next_at": None,
}


def asked(name: str, body: Any) -> OpenApiExample:
    """An example of a request."""
    return OpenApiExample(name, body, request_only=True)


def shown(name: str, body: Any) -> OpenApiExample:
    """An example of an answer."""
    return OpenApiExample(name, body, response_only=True, status_codes=["200", "201", "202"])


def page(*results: dict[str, Any]) -> dict[str, Any]:
    """A list that is all on one page."""
    return {"next": None, "previous": None, "results": list(results)}


def part(name: str, count: int, size: int, query: str) -> dict[str, Any]:
    """A file of a WebDataset."""
    return {"name": name, "count": count, "size": size, "url": f"{_API}/sets/{_SET}/download?format={query}"}


def of_set(**more: Any) -> dict[str, Any]:
    """The body of a wish for something of the set."""
    return {"set": _SET, **more}
