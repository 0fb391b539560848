"""The API of jobs: look at one's own, stop one."""

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.models import User
from generation.jobs import selectors, services
from generation.jobs.models import Job, JobQuerySet
from generation.jobs.serializers import JobSerializer


class JobViewSet(ListModelMixin, GenericViewSet[Job]):
    """The jobs of the person whose token or session it is."""

    serializer_class = JobSerializer
    queryset = Job.objects.none()

    def get_queryset(self) -> JobQuerySet:
        """Own jobs."""
        return selectors.jobs_of(cast(User, self.request.user))

    @extend_schema(operation_id="jobs_retrieve", responses=JobSerializer)
    def retrieve(self, request: Request, job_id: Any) -> Response:
        """One job; another person's does not exist."""
        job = selectors.job_for(cast(User, request.user), job_id)
        return Response(self.get_serializer(job).data)

    @extend_schema(operation_id="jobs_cancel", request=None, responses=JobSerializer)
    def cancel(self, request: Request, job_id: Any) -> Response:
        """Stop a job: at once when it waits, after the batch in hand when it runs. Twice does no harm."""
        person = cast(User, request.user)
        job = services.cancel(by=person, job=selectors.job_for(person, job_id))
        return Response(self.get_serializer(job).data)
