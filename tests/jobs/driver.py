"""Stands in for a web server in the kill tests: a JSON command a line in, a JSON answer a line out."""

import json
import sys
import time
from datetime import timedelta

import django

django.setup()

from django.db import DatabaseError, InterfaceError, connection  # noqa: E402
from django.db.models import Count  # noqa: E402
from django.db.models.functions import Now  # noqa: E402

from accounts.models import User  # noqa: E402
from generation.jobs import queue, selectors, services  # noqa: E402
from generation.jobs.models import Job, Worker  # noqa: E402
from tests.jobs.kinds.models import Effect, End  # noqa: E402


def enqueue(kind, owner, total=0, nudge=True, queue_name=None, subject=""):
    user, _made = User.objects.get_or_create(username=owner)
    real = services.nudge
    services.nudge = real if nudge else lambda _queue: None
    try:
        return str(
            services.enqueue(kind=kind, owner=user, total=total, queue=queue_name, subject_id=subject).pk
        )
    finally:
        services.nudge = real


def nudge(queue_name, times=1):
    """Messages past the limit that the site sets itself."""
    for _time in range(times):
        queue.async_task(
            queue.RUN_NEXT, queue_name, broker=queue._NudgeBroker(queue_name), save=False, timeout=-1
        )


def show(ids):
    fields = (
        "state",
        "code",
        "message",
        "message_params",
        "done",
        "total",
        "attempt",
        "lost",
        "worker",
        "owner__username",
    )
    jobs = {str(job.pop("pk")): job for job in Job.objects.filter(pk__in=ids).values("pk", *fields)}
    for job_id, job in jobs.items():
        job["steps"] = list(
            Effect.objects.filter(job_id=job_id).order_by("id").values_list("step", flat=True)
        )
        job["ends"] = list(End.objects.filter(job_id=job_id).values_list("state", flat=True))
    return jobs


def states(ids):
    return dict(Job.objects.filter(pk__in=ids).values_list("state").annotate(n=Count("pk")))


def cancel(job_id):
    job = Job.objects.select_related("owner").get(pk=job_id)
    return services.cancel(by=job.owner, job=job).state


def retry(job_id):
    job = Job.objects.select_related("owner").get(pk=job_id)
    return services.retry(by=job.owner, job=job).state


def expire(job_id):
    """What a forward jump of the database's clock does to a lease."""
    return Job.objects.filter(pk=job_id, state="running").update(lease_until=Now() - timedelta(hours=1))


def workers():
    rows = Worker.objects.values("name", "queue", "pid", "job_id")
    return [{**row, "job_id": row["job_id"] and str(row["job_id"])} for row in rows]


def health():
    return selectors.health()


def answer(line, commands):
    command = json.loads(line)
    for _attempt in range(200):
        try:
            return commands[command["call"]](*command["args"], **command["kwargs"])
        except (DatabaseError, InterfaceError):
            connection.close()
            time.sleep(0.1)
    raise SystemExit("the database does not come back")


def serve(commands):
    """Answer until nobody asks any more. A room's own driver hands over its commands beside these."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(line, {**globals(), **commands})) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve({})
