"""What pages say of a job: how far it is and how long it will take, in the reader's language."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from generation.jobs import selectors
from generation.jobs.models import Job

MINUTE, HOUR = 60, 3600


def time_left(seconds: int) -> str:
    """A time as people say it: exact when short, rough when long."""
    if seconds < 2 * MINUTE:
        return _("%(n)s s left") % {"n": seconds}
    if seconds < 2 * HOUR:
        return _("%(n)s min left") % {"n": round(seconds / MINUTE)}
    return _("%(n)s h left") % {"n": round(seconds / HOUR)}


def amount(job: Job) -> str:
    """How much is done; empty when there is nothing to count."""
    if job.total:
        return _("%(done)s of %(total)s") % {"done": _grouped(job.done), "total": _grouped(job.total)}
    return _grouped(job.done) if job.done else ""


def _grouped(number: int) -> str:
    return number_format(number, force_grouping=True)


def progress(job: Job) -> str:
    """The sentence under a bar."""
    if job.state == Job.State.QUEUED:
        return _("Waiting, %(place)s") % {"place": selectors.place_in_words(job)}
    parts = [amount(job)]
    if job.is_stopping:
        parts.append(_("stopping"))
    elif job.seconds_left is not None:
        parts.append(time_left(job.seconds_left))
    elif job.state == Job.State.RUNNING and not job.done:
        parts.append(_("beginning"))
    return ", ".join(part for part in parts if part)
