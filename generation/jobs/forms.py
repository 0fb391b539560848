"""What the list of jobs can be asked for. Nonsense in an address shows everything; it is no error."""

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict

from generation.jobs.models import Job, JobQuerySet


@dataclass(frozen=True)
class Page:
    """One page of jobs and the query of the next one, if there is one."""

    jobs: list[Job]
    next_query: str


class JobFilter:
    """The state asked for and where the page begins."""

    def __init__(self, query: QueryDict) -> None:
        self.state = query.get("state", "") if query.get("state") in Job.State.values else ""
        self.before = _uuid(query.get("before", ""))

    def page(self, jobs: JobQuerySet, size: int) -> Page:
        """Ids are in the order of making, so a page begins behind the last id of the one before."""
        if self.state:
            jobs = jobs.filter(state=self.state)
        if self.before:
            jobs = jobs.filter(pk__lt=self.before)
        found = list(jobs[: size + 1])
        more = {"before": str(found[size - 1].pk)} if len(found) > size else {}
        if more and self.state:
            more["state"] = self.state
        return Page(found[:size], urlencode(more))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
