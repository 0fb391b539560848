"""Addresses of the API of jobs, below /api/v1/."""

from django.urls import path

from generation.jobs.api import JobViewSet

urlpatterns = [
    path("jobs", JobViewSet.as_view({"get": "list"}), name="api-jobs"),
    path("jobs/<uuid:job_id>", JobViewSet.as_view({"get": "retrieve"}), name="api-job"),
    path("jobs/<uuid:job_id>/cancel", JobViewSet.as_view({"post": "cancel"}), name="api-job-cancel"),
]
