"""The administration's view of references and measurements: to look at, not to change results."""

from django.contrib import admin

from generation.evaluation.models import Bank, Comparison, Evaluation, Reference


class BankInline(admin.TabularInline):
    """The features of a reference, by network."""

    model = Bank
    extra = 0
    can_delete = False
    readonly_fields = ["extractor", "weights_sha256", "source", "file", "size", "sha256"]


@admin.register(Reference)
class ReferenceAdmin(admin.ModelAdmin):
    """References of the site and of people."""

    list_display = ["name", "role", "owner", "n", "created_at"]
    list_filter = ["role"]
    readonly_fields = ["role", "content", "split", "lineage", "n", "owner", "created_at"]
    inlines = [BankInline]


@admin.register(Evaluation)
class EvaluationAdmin(admin.ModelAdmin):
    """Measurements of sets."""

    list_display = ["id", "image_set", "kind", "state", "n", "done_by", "created_at"]
    list_filter = ["kind", "state"]
    readonly_fields = [field.name for field in Evaluation._meta.fields]


@admin.register(Comparison)
class ComparisonAdmin(admin.ModelAdmin):
    """Comparisons."""

    list_display = ["id", "owner", "state", "created_at"]
    readonly_fields = [field.name for field in Comparison._meta.fields]
