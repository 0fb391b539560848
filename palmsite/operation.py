"""The operator's two pages: /healthz for probes and /metrics for Prometheus. Neither needs a session."""

import logging
import os
import shutil
import time
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from generation.jobs import selectors
from palmsite import metrics

log = logging.getLogger(__name__)

LEAST_FREE_BYTES = 100 * 10**6
Check = dict[str, Any]


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """Whether the site can do its work: 200, or 503 with the reason."""
    checks = health()
    is_well = all(check["ok"] for check in checks.values())
    body = {"status": "ok" if is_well else "fail", "checks": checks}
    answer = JsonResponse(body, status=200 if is_well else 503)
    # Who asks is told; Django would write an error into the log for every probe of a site that starts.
    answer._has_been_logged = True  # type: ignore[attr-defined]
    return answer


def health() -> dict[str, Check]:
    """All checks. None raises: what cannot be looked at is not well."""
    checks = {"database": _database(), "media": _media()}
    if not checks["database"]["ok"]:
        unknown = {"ok": False, "detail": "unknown: the database does not answer"}
        return {**checks, "worker": unknown, "queue": {**unknown, "oldest_s": None}}
    try:
        found = selectors.health()
    except DatabaseError as error:
        log.warning("healthz: %s", error)
        unknown = {"ok": False, "detail": "unknown: the tables of jobs cannot be read"}
        return {**checks, "worker": unknown, "queue": {**unknown, "oldest_s": None}}
    return {
        **checks,
        "worker": {"ok": found["worker_ok"], "detail": str(found["worker_detail"])},
        "queue": {
            "ok": found["queue_ok"],
            "detail": str(found["queue_detail"]),
            "oldest_s": found["oldest_s"],
        },
    }


def _database() -> Check:
    started = time.monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        log.warning("healthz: %s", error)
        connection.close()
        return {"ok": False, "detail": f"{connection.vendor} does not answer"}
    return {"ok": True, "detail": f"{connection.vendor}, {1000 * (time.monotonic() - started):.0f} ms"}


def _media() -> Check:
    try:
        free = shutil.disk_usage(settings.MEDIA_ROOT).free
    except OSError as error:
        return {"ok": False, "detail": f"the media folder cannot be read: {error.strerror}"}
    if not os.access(settings.MEDIA_ROOT, os.W_OK | os.X_OK):
        return {"ok": False, "detail": "the media folder cannot be written"}
    if free < LEAST_FREE_BYTES:
        return {"ok": False, "detail": f"the disk is full: {free / 1e6:.0f} MB free"}
    return {"ok": True, "detail": f"{free / 1e9:.1f} GB free"}


@never_cache
@require_safe
def metrics_page(request: HttpRequest) -> HttpResponse:
    """Numbers for Prometheus, for who brings the token; no such page where none is set."""
    token = settings.PALMSITE_METRICS_TOKEN
    if not token:
        raise Http404
    scheme, _, brought = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not constant_time_compare(brought.strip(), token):
        answer = HttpResponse("Bring the token: Authorization: Bearer ...\n", "text/plain", 401)
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    return HttpResponse(metrics.text(health()), "text/plain; version=0.0.4; charset=utf-8")


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics_page, name="metrics"),
]
