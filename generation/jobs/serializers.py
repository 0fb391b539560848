"""How the API shows a job."""

from typing import ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from generation.jobs import selectors
from generation.jobs.models import Job

_JOB = {
    "id": "01981c9e-6f0c-7a00-8f12-1b2c3d4e5f60",
    "kind": "score-set",
    "title": "Judging images",
    "subject_id": "31",
    "queue": "long",
    "state": "running",
    "code": "",
    "message": "",
    "done": 120,
    "total": 200,
    "rate": 16.0,
    "seconds_left": 5,
    "place": None,
    "stopping": False,
    "attempt": 1,
    "created_at": "2026-01-31T12:00:00Z",
    "started_at": "2026-01-31T12:00:01Z",
    "finished_at": None,
    "url": None,
}


@extend_schema_serializer(
    examples=[OpenApiExample("Under way", _JOB, response_only=True, status_codes=["200", "202"])]
)
class JobSerializer(serializers.ModelSerializer[Job]):
    """One job, read only. `message` is in the language of the request; `code` is for programs."""

    title = serializers.CharField(read_only=True)
    message = serializers.CharField(source="text", read_only=True)
    seconds_left = serializers.IntegerField(read_only=True, allow_null=True)
    stopping = serializers.BooleanField(source="is_stopping", read_only=True)
    place = serializers.SerializerMethodField(help_text="How many jobs will be taken before this one.")
    url = serializers.CharField(read_only=True, allow_null=True)

    class Meta:
        model = Job
        fields: ClassVar = [
            "id",
            "kind",
            "title",
            "subject_id",
            "queue",
            "state",
            "code",
            "message",
            "done",
            "total",
            "rate",
            "seconds_left",
            "place",
            "stopping",
            "attempt",
            "created_at",
            "started_at",
            "finished_at",
            "url",
        ]
        read_only_fields = fields

    def get_place(self, job: Job) -> int | None:
        """Number of jobs before this one; nothing once it runs."""
        return selectors.jobs_before(job) if job.state == Job.State.QUEUED else None
