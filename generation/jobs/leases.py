"""A worker's right to a job, and the one clock by which it runs out: the database's."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

from generation.jobs.models import Job, JobQuerySet


@dataclass(frozen=True)
class Claim:
    """A worker's right to write about one job, until somebody else holds a later attempt."""

    job_id: uuid.UUID
    attempt: int

    @classmethod
    def of(cls, job: Job) -> "Claim":
        """The claim under which this row was read."""
        return cls(job.pk, job.attempt)

    def rows(self) -> JobQuerySet:
        """The job while the claim holds, else nothing."""
        return Job.objects.claimed(self.job_id, self.attempt)


def lease_end() -> CombinedExpression:
    """When a lease given now runs out, as an expression for the database to work out."""
    return Now() + timedelta(seconds=settings.PALMSITE_LEASE_SECONDS)


def database_time() -> datetime:
    """What time it is, to the second, by the only clock that counts."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT CURRENT_TIMESTAMP")
        now = cursor.fetchone()[0]
    parsed: datetime = datetime.fromisoformat(now).replace(tzinfo=UTC) if isinstance(now, str) else now
    return parsed
