"""Jobs and workers for the operator: find them, see why one failed, stop it, try it again."""

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.admin_base import OnlyToLookAt
from accounts.errors import DomainError
from accounts.models import User
from generation.jobs import services, words
from generation.jobs.models import Job, Worker


class CodeFilter(admin.SimpleListFilter):
    """By the reason of the end; what has none has no line, which Django's own filter would leave without words."""

    title = _("code")
    parameter_name = "code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The reasons there are."""
        codes = Job.objects.exclude(code="").order_by("code").values_list("code", flat=True).distinct()
        return [(code, code) for code in codes]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        """Jobs that ended for the chosen reason."""
        return queryset.filter(code=self.value()) if self.value() else queryset


@admin.register(Job)
class JobAdmin(OnlyToLookAt, admin.ModelAdmin):
    """The list of all jobs of all people."""

    list_display = [
        "title",
        "owner",
        "state",
        "why",
        "amount",
        "queue",
        "attempt",
        "lost",
        "created_at",
    ]
    list_filter = ["state", "queue", "kind", CodeFilter]
    search_fields = ["=id", "owner__username", "subject_id", "request_id", "worker"]
    list_select_related = ["owner"]
    date_hierarchy = "created_at"
    actions = ["stop_jobs", "retry_jobs"]
    show_full_result_count = False

    @admin.display(description=_("job"))
    def title(self, job: Job) -> str:
        """What it does."""
        return job.title

    @admin.display(description=_("why"))
    def why(self, job: Job) -> str:
        """The reason of its end."""
        return f"{job.code}: {job.text}" if job.code else ""

    @admin.display(description=_("done"))
    def amount(self, job: Job) -> str:
        """How far it is."""
        return words.amount(job)

    @admin.action(description=_("Stop the chosen jobs"), permissions=["view"])
    def stop_jobs(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        """Stop them as their owners would."""
        live = [job for job in jobs if job.is_live]
        for job in live:
            services.cancel(by=cast(User, request.user), job=job)
        text = ngettext("%(n)s job stopped or stopping.", "%(n)s jobs stopped or stopping.", len(live))
        self.message_user(request, text % {"n": len(live)})

    @admin.action(description=_("Try the chosen jobs again"), permissions=["view"])
    def retry_jobs(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        """Put them back into their queues; say which cannot."""
        back = 0
        for job in jobs:
            try:
                services.retry(by=cast(User, request.user), job=job)
                back += 1
            except DomainError as refusal:
                self.message_user(request, f"{job.pk}: {refusal.message}", messages.WARNING)
        text = ngettext("%(n)s job waits again.", "%(n)s jobs wait again.", back)
        self.message_user(request, text % {"n": back})


@admin.register(Worker)
class WorkerAdmin(OnlyToLookAt, admin.ModelAdmin):
    """Who is at work just now."""

    list_display = ["name", "queue", "job_id", "started_at", "seen_at"]
    list_filter = ["queue", "host"]
