"""Lets any page show a job: `{% load jobs %}{% include "jobs/_progress.html" with job=job %}`."""

from django.template import Library

from accounts.models import User
from generation.jobs import demo, policies, words
from generation.jobs.models import Job

register = Library()


@register.filter
def progress_words(job: Job | None) -> str:
    """How far the job is, in words; nothing where its row has gone."""
    return words.progress(job) if job is not None else ""


@register.filter
def can_be_stopped_by(job: Job | None, user: User) -> bool:
    """Whether to offer the stop button."""
    return job is not None and policies.can_cancel(user, job)


@register.filter
def can_be_retried_by(job: Job | None, user: User) -> bool:
    """Whether to offer another try."""
    return job is not None and policies.can_retry(user, job)


@register.filter
def has_picture(job: Job) -> bool:
    """Whether the demo has left a picture."""
    return demo.has_picture(job)
