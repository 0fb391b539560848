"""Counts of this web process and of the jobs, in Prometheus' text form. Counts only: no names of people or paths."""

import shutil
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db.models import Count

from generation.jobs.models import Job

_lock = threading.Lock()
_answers: Counter[tuple[str, int]] = Counter()
_seconds: Counter[str] = Counter()
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def observe(method: str | None, status: int, seconds: float) -> None:
    """Count one answered request."""
    known = method if method in _METHODS else "other"
    with _lock:
        _answers[str(known), status] += 1
        _seconds[str(known)] += seconds  # type: ignore[assignment]  # a Counter adds floats as well


def text(health: Mapping[str, Mapping[str, Any]]) -> str:
    """All numbers, one a line."""
    with _lock:
        answers, seconds = sorted(_answers.items()), sorted(_seconds.items())
    blocks = [
        _block(
            "palmsite_http_requests_total",
            "counter",
            "Requests answered since the web process started.",
            [({"method": method, "status": str(status)}, count) for (method, status), count in answers],
        ),
        _block(
            "palmsite_http_request_seconds_total",
            "counter",
            "Seconds spent answering.",
            [({"method": method}, round(total, 4)) for method, total in seconds],
        ),
        _block(
            "palmsite_check_ok",
            "gauge",
            "What /healthz says of each part: 1 well, 0 not.",
            [({"check": name}, int(check["ok"])) for name, check in health.items()],
        ),
    ]
    if health["database"]["ok"]:
        blocks += _of_jobs(health)
    if health["media"]["ok"]:
        free = shutil.disk_usage(settings.MEDIA_ROOT).free
        blocks.append(_block("palmsite_media_free_bytes", "gauge", "Free bytes for media.", [({}, free)]))
    return "\n".join(blocks) + "\n"


def _of_jobs(health: Mapping[str, Mapping[str, Any]]) -> list[str]:
    rows = Job.objects.order_by("queue", "state").values("queue", "state").annotate(count=Count("pk"))
    counts = [({"queue": row["queue"], "state": row["state"]}, row["count"]) for row in rows]
    return [
        _block("palmsite_jobs", "gauge", "Jobs by queue and state.", counts),
        _block(
            "palmsite_queue_oldest_seconds",
            "gauge",
            "How long the oldest waiting job has waited.",
            [({}, health["queue"]["oldest_s"] or 0)],
        ),
    ]


def _block(name: str, kind: str, meaning: str, values: Iterable[tuple[dict[str, str], float]]) -> str:
    lines = [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"]
    for labels, value in values:
        inside = ",".join(f'{label}="{text}"' for label, text in labels.items())
        lines.append(f"{name}{{{inside}}} {value}" if inside else f"{name} {value}")
    return "\n".join(lines)
