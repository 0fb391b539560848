"""Pages of jobs."""

from django.urls import path

from generation.jobs import views

app_name = "jobs"

urlpatterns = [
    path("", views.job_list, name="list"),
    path("tray", views.tray, name="tray"),
    path("demo", views.start_demo, name="demo"),
    path("<uuid:job_id>", views.detail, name="detail"),
    path("<uuid:job_id>/progress", views.progress, name="progress"),
    path("<uuid:job_id>/picture", views.picture, name="picture"),
    path("<uuid:job_id>/cancel", views.cancel, name="cancel"),
    path("<uuid:job_id>/retry", views.retry, name="retry"),
]
