"""What the API of quality reads and how it answers."""

from typing import Any, ClassVar

from rest_framework import serializers

from generation.evaluation import grades, policies
from generation.evaluation.models import Comparison, Evaluation, Measured, Reference


class NewEvaluation(serializers.Serializer[Any]):
    """How to measure a set; all of it may be left out."""

    kind = serializers.ChoiceField(choices=Evaluation.Kind.choices, default=Evaluation.Kind.EVALUATE)
    reference = serializers.CharField(max_length=80, allow_blank=True, default="")
    extractor = serializers.CharField(max_length=40, allow_blank=True, default="")
    seed = serializers.IntegerField(min_value=0, max_value=policies.MOST_SEED, default=0)
    matched = serializers.BooleanField(
        default=False, help_text="Draw as many real palms as the set has images."
    )


class NewComparison(serializers.Serializer[Any]):
    """Which sets to lay side by side."""

    sets = serializers.ListField(child=serializers.UUIDField(), max_length=50)
    reference = serializers.CharField(max_length=80, allow_blank=True, default="")
    extractor = serializers.CharField(max_length=40, allow_blank=True, default="")
    seed = serializers.IntegerField(min_value=0, max_value=policies.MOST_SEED, default=0)


class EvaluationSerializer(serializers.ModelSerializer[Evaluation]):
    """One measurement; `result` is null until it is done."""

    set = serializers.UUIDField(source="image_set_id", read_only=True)
    state = serializers.ChoiceField(choices=Measured.State.choices, read_only=True)
    message = serializers.CharField(source="text", read_only=True)
    reference = serializers.CharField(source="reference_name", read_only=True)
    extractor = serializers.CharField(read_only=True)
    seed = serializers.IntegerField(source="spec.seed", read_only=True)
    matched = serializers.BooleanField(source="spec.matched", read_only=True)
    done = serializers.IntegerField(source="job.done", read_only=True, default=0)
    total = serializers.IntegerField(source="job.total", read_only=True, default=0)
    verdict = serializers.SerializerMethodField(
        help_text="The worst grade: good, fine, worrying, bad or unknown."
    )
    result = serializers.SerializerMethodField()

    class Meta:
        model = Evaluation
        fields: ClassVar = [
            "id",
            "set",
            "kind",
            "state",
            "code",
            "message",
            "done",
            "total",
            "n",
            "reference",
            "extractor",
            "seed",
            "matched",
            "verdict",
            "result",
            "job",
            "created_at",
            "finished_at",
        ]
        read_only_fields = fields

    def get_verdict(self, evaluation: Evaluation) -> str | None:
        """Nothing before there is a result."""
        return grades.overall(evaluation.result) if evaluation.is_done else None

    def get_result(self, evaluation: Evaluation) -> dict[str, Any] | None:
        """Every measure with N, reference, weights, intervals and the same for real palms."""
        return evaluation.result if evaluation.is_done else None


class ComparisonSerializer(serializers.ModelSerializer[Comparison]):
    """One comparison; `result` is null until it is done."""

    sets = serializers.ListField(child=serializers.UUIDField(), read_only=True)
    state = serializers.ChoiceField(choices=Measured.State.choices, read_only=True)
    message = serializers.CharField(source="text", read_only=True)
    reference = serializers.CharField(source="reference_name", read_only=True)
    extractor = serializers.CharField(read_only=True)
    seed = serializers.IntegerField(source="spec.seed", read_only=True)
    done = serializers.IntegerField(source="job.done", read_only=True, default=0)
    total = serializers.IntegerField(source="job.total", read_only=True, default=0)
    result = serializers.SerializerMethodField()

    class Meta:
        model = Comparison
        fields: ClassVar = [
            "id",
            "sets",
            "state",
            "code",
            "message",
            "done",
            "total",
            "reference",
            "extractor",
            "seed",
            "result",
            "job",
            "created_at",
            "finished_at",
        ]
        read_only_fields = fields

    def get_result(self, comparison: Comparison) -> dict[str, Any] | None:
        """Each set's measures at equal N, distances between the sets, recipes line by line."""
        return comparison.result if comparison.is_done else None


class ReferenceSerializer(serializers.ModelSerializer[Reference]):
    """Real palms to measure against."""

    own = serializers.SerializerMethodField()
    lineage = serializers.JSONField(read_only=True)
    extractors = serializers.SerializerMethodField()

    class Meta:
        model = Reference
        fields: ClassVar = ["id", "name", "n", "own", "split", "lineage", "notes", "extractors", "created_at"]
        read_only_fields = fields

    def get_own(self, reference: Reference) -> bool:
        """Whether it is the asker's own and not the site's."""
        return reference.owner_id is not None

    def get_extractors(self, reference: Reference) -> list[str]:
        """In which networks it can be measured against."""
        return sorted(bank.extractor for bank in reference.banks.all())
