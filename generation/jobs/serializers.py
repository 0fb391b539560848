"""How the API shows a job."""

from typing import ClassVar

from rest_framework import serializers

from generation.jobs import selectors
from generation.jobs.models import Job


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
