"""Who may do what with a job: its owner and the staff, nobody else; another person's job does not exist."""

from django.utils.translation import gettext as _

from accounts.errors import Conflict, NotFound
from accounts.models import User
from generation.jobs import registry
from generation.jobs.models import Job


def can_see(user: User, job: Job) -> bool:
    """Whether the person may know of the job."""
    return user.is_active and (job.owner_id == user.pk or user.is_staff)


def check_can_see(user: User, job: Job) -> None:
    """Raise NotFound when the person may not know of the job."""
    if not can_see(user, job):
        raise NotFound(_("There is no such job."))


def can_cancel(user: User, job: Job) -> bool:
    """Whether stopping it would make sense, for this person, now."""
    return can_see(user, job) and job.is_live and not job.is_stopping


def check_can_cancel(user: User, job: Job) -> None:
    """Raise when the person may not stop the job. An ended job may be stopped again: nothing happens."""
    check_can_see(user, job)


def can_retry(user: User, job: Job) -> bool:
    """Whether the job may go back to the queue."""
    kind = registry.find(job.kind)
    ended_short = job.state in (Job.State.FAILED, Job.State.CANCELLED)
    return can_see(user, job) and ended_short and kind is not None and kind.retryable


def check_can_retry(user: User, job: Job) -> None:
    """Raise when the job may not go back to the queue."""
    check_can_see(user, job)
    if not can_retry(user, job):
        raise Conflict(
            _("Only a job that failed or was stopped can be tried again; this one is: %(state)s.")
            % {"state": job.get_state_display()},
            code="not_retryable",
        )
