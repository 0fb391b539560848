"""The administration's view of references and measurements: to look at, not to change results."""

from typing import cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin_base import OnlyToLookAt
from accounts.models import User
from generation.evaluation import adding
from generation.evaluation.models import Bank, Comparison, Evaluation, Panel, Reference


class BankInline(OnlyToLookAt, admin.TabularInline):
    """The features of a reference, by network."""

    model = Bank
    fields = ("extractor", "weights_sha256", "source", "file", "size", "sha256")


@admin.register(Reference)
class ReferenceAdmin(admin.ModelAdmin):
    """References of the site and of people."""

    list_display = ["name", "subject", "role", "state", "owner", "n", "keeps_photos", "size", "created_at"]
    list_filter = ["subject", "role", "state"]
    readonly_fields = [field.name for field in Reference._meta.fields if field.name not in ("name", "notes")]
    inlines = [BankInline]

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """They are made from photographs, on the page of references, or follow the operator's files."""
        return False

    def has_delete_permission(self, _request: HttpRequest, obj: Reference | None = None) -> bool:
        """What follows files goes with its files."""
        return obj is None or obj.is_added

    def delete_model(self, request: HttpRequest, obj: Reference) -> None:
        """With its features, palms, upload and charge."""
        adding.take_away(by=cast(User, request.user), reference=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Reference]) -> None:
        """Each of them so."""
        for reference in queryset.exclude(request={}).select_related("owner"):
            self.delete_model(request, reference)


@admin.register(Evaluation)
class EvaluationAdmin(OnlyToLookAt, admin.ModelAdmin):
    """Measurements of sets."""

    list_display = ["id", "image_set", "kind", "state", "n", "done_by", "created_at"]
    list_filter = ["kind", "state"]


@admin.register(Comparison)
class ComparisonAdmin(OnlyToLookAt, admin.ModelAdmin):
    """Comparisons."""

    list_display = ["id", "owner", "state", "created_at"]


@admin.register(Panel)
class PanelAdmin(OnlyToLookAt, admin.ModelAdmin):
    """Ratings of sets by people, without telling which item is what."""

    list_display = ["id", "image_set", "reference", "begun_by", "created_at"]
    fields = ("image_set", "reference", "seed", "side", "begun_by", "result", "created_at")
