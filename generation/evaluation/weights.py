"""The standard weights of FID: fetched by a job when an administrator asks for it, and how far that is. No networks.

Without them nothing on this site is called FID.
"""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.errors import Conflict, NotAllowed
from accounts.models import User
from generation.evaluation import extractors, selectors
from generation.jobs import services as jobs
from generation.jobs.models import Job

FETCH = "fetch-weights"
SUBJECT = "inception"


@dataclass(frozen=True)
class Standing:
    """Whether FID can be had: the weights, a reference measured with them, the job that fetches them."""

    has_weights: bool
    has_reference: bool
    job: Job | None

    @property
    def is_fetching(self) -> bool:
        """Whether they are on their way."""
        return self.job is not None and self.job.is_live

    @property
    def failure(self) -> str:
        """Why the last try failed, in the reader's language."""
        failed = self.job is not None and self.job.state == Job.State.FAILED and not self.has_weights
        return self.job.text if failed and self.job is not None else ""


def standing(user: User) -> Standing:
    """How it stands now."""
    return Standing(
        has_weights=extractors.inception_weights() is not None,
        has_reference=selectors.fid_reference(user) is not None,
        job=Job.objects.filter(kind=FETCH, subject_id=SUBJECT).order_by("-id").first(),
    )


def can_fetch(user: User) -> bool:
    """Whether this person may have them fetched: administrators, while they are not there."""
    return user.is_staff and extractors.inception_weights() is None


@transaction.atomic
def fetch(*, by: User) -> Job:
    """Have them fetched; what an earlier try left is gone on with. Twice at once is one job."""
    if not by.is_staff:
        raise NotAllowed(_("Only administrators fetch weights."))
    if extractors.inception_weights() is not None:
        raise Conflict(_("The weights are here already."), code="weights_here")
    live = Job.objects.filter(kind=FETCH, subject_id=SUBJECT).live().first()
    if live is not None:
        return live
    job = jobs.enqueue(kind=FETCH, owner=by, subject_id=SUBJECT)
    audit.record(by=by, action="weights.fetch", target=SUBJECT)
    return job
