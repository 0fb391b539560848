"""What the API of quality reads and how it answers."""

from typing import Any, ClassVar, cast

from rest_framework import serializers

from accounts.models import User
from generation.evaluation import grades, limits, panels, policies, selectors
from generation.evaluation.models import Comparison, Evaluation, Measured, Panel, Reference


class NewEvaluation(serializers.Serializer[Any]):
    """How to measure a set; all of it may be left out."""

    kind = serializers.ChoiceField(choices=Evaluation.Kind.choices, default=Evaluation.Kind.EVALUATE)
    reference = serializers.CharField(
        max_length=80,
        allow_blank=True,
        default="",
        help_text="By name or id. Empty: the site's held-out palms, for a set of hands its held-out hands.",
    )
    extractor = serializers.CharField(
        max_length=40,
        allow_blank=True,
        default="",
        help_text="Empty: the network that the models have seen least.",
    )
    seed = serializers.IntegerField(min_value=0, max_value=policies.MOST_SEED, default=0)
    matched = serializers.BooleanField(
        default=False, help_text="Draw as many real ones as the set has images."
    )


class NewComparison(serializers.Serializer[Any]):
    """What to lay side by side: 2 to 6 sets and references together."""

    sets = serializers.ListField(child=serializers.UUIDField(), max_length=50, default=list)
    references = serializers.ListField(
        child=serializers.CharField(max_length=80),
        max_length=6,
        default=list,
        help_text="Real palms as columns, beside sets or alone, by name or id.",
    )
    reference = serializers.CharField(
        max_length=80,
        allow_blank=True,
        default="",
        help_text="By name or id. Empty: the site's held-out palms, among hands alone its held-out hands.",
    )
    extractor = serializers.CharField(
        max_length=40,
        allow_blank=True,
        default="",
        help_text="Empty: the network that the models have seen least.",
    )
    seed = serializers.IntegerField(min_value=0, max_value=policies.MOST_SEED, default=0)


class NewReference(serializers.Serializer[Any]):
    """Photographs to measure against."""

    name = serializers.CharField(
        max_length=policies.LONGEST_NAME, required=False, allow_blank=True, default=""
    )
    upload = serializers.UUIDField(
        required=False,
        allow_null=True,
        default=None,
        help_text=f"A finished upload of purpose `{limits.PURPOSE}`: zip, tar or tar.gz.",
    )
    folder = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=255, help_text="Administrators only."
    )
    subject = serializers.ChoiceField(
        choices=Reference.Subject.choices,
        default=Reference.Subject.PALM,
        help_text="What is cut out and measured: the palm, or the whole hand.",
    )
    people = serializers.ChoiceField(
        choices=limits.PEOPLE,
        default="unknown",
        help_text="Who is on the photographs: a folder a person, or people.csv with file and person.",
    )
    already_cut = serializers.BooleanField(default=False, help_text="They are cut and upright.")
    keep_photos = serializers.BooleanField(
        default=False,
        help_text="Keep what was cut; otherwise they are deleted after their features are there.",
    )
    for_everybody = serializers.BooleanField(default=False, help_text="Administrators only.")
    terms = serializers.CharField(required=False, allow_blank=True, default="", max_length=200)


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
        return grades.of(evaluation) if evaluation.is_done else None

    def get_result(self, evaluation: Evaluation) -> dict[str, Any] | None:
        """Every measure with N, reference, weights, intervals and the same for real palms."""
        return evaluation.result if evaluation.is_done else None


class ComparisonSerializer(serializers.ModelSerializer[Comparison]):
    """One comparison; `result` is null until it is done."""

    sets = serializers.ListField(child=serializers.UUIDField(), read_only=True)
    references = serializers.ListField(
        child=serializers.UUIDField(), source="spec.references", read_only=True, default=list
    )
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
            "references",
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
    """Real palms, or hands, to measure against."""

    subject = serializers.ChoiceField(choices=Reference.Subject.choices, read_only=True)
    own = serializers.SerializerMethodField()
    state = serializers.ChoiceField(choices=Reference.State.choices, read_only=True)
    message = serializers.CharField(source="text", read_only=True)
    lineage = serializers.JSONField(read_only=True)
    notes = serializers.CharField(source="note", read_only=True)
    extractors = serializers.SerializerMethodField()
    done = serializers.IntegerField(source="job.done", read_only=True, default=0)
    total = serializers.IntegerField(source="job.total", read_only=True, default=0)

    class Meta:
        model = Reference
        fields: ClassVar = [
            "id",
            "name",
            "subject",
            "state",
            "code",
            "message",
            "done",
            "total",
            "n",
            "own",
            "keeps_photos",
            "size",
            "split",
            "lineage",
            "notes",
            "extractors",
            "created_at",
        ]
        read_only_fields = fields

    def get_own(self, reference: Reference) -> bool:
        """Whether it is the asker's own and not the site's."""
        return reference.owner_id is not None

    def get_extractors(self, reference: Reference) -> list[str]:
        """In which networks it can be measured against."""
        return sorted(bank.extractor for bank in reference.banks.all())


class WholeReferenceSerializer(ReferenceSerializer):
    """The same with what came of its photographs."""

    report = serializers.JSONField(
        read_only=True, help_text="How many were seen and of how many people; which were refused and why."
    )

    class Meta(ReferenceSerializer.Meta):
        fields: ClassVar = [*ReferenceSerializer.Meta.fields, "report", "job"]
        read_only_fields = fields


class NewPanel(serializers.Serializer[Any]):
    """Which images people shall rate."""

    count = serializers.IntegerField(
        min_value=policies.LEAST_RATED, max_value=policies.MOST_RATED, default=30
    )
    reference = serializers.CharField(
        max_length=80,
        allow_blank=True,
        default="",
        help_text="A reference that keeps its palms: a third of the images are drawn from it.",
    )
    seed = serializers.IntegerField(min_value=0, max_value=policies.MOST_SEED, default=0)


class NewRating(serializers.Serializer[Any]):
    """A word on one item."""

    item = serializers.IntegerField(min_value=0)
    realism = serializers.IntegerField(
        min_value=1, max_value=5, help_text="1 is surely made, 5 is surely real."
    )
    tags = serializers.ListField(
        child=serializers.ChoiceField(choices=panels.TAGS), default=list, help_text="Artefacts, if any."
    )


class PanelSerializer(serializers.ModelSerializer[Panel]):
    """A rating of a set by people. Which items are real palms is told to nobody."""

    set = serializers.UUIDField(source="image_set_id", read_only=True)
    reference = serializers.CharField(source="reference.name", read_only=True, default="")
    total = serializers.SerializerMethodField(help_text="Items there are to rate.")
    done = serializers.SerializerMethodField(help_text="How many of them the asker has rated.")
    next = serializers.SerializerMethodField(help_text="The item that the asker rates next; null at the end.")
    result = serializers.SerializerMethodField(
        help_text="What all said, with N, intervals and agreement; null while the asker is in the middle of it."
    )

    class Meta:
        model = Panel
        fields: ClassVar = ["id", "set", "reference", "seed", "total", "done", "next", "result", "created_at"]
        read_only_fields = fields

    def _asker(self) -> User:
        return cast(User, self.context["request"].user)

    def get_total(self, panel: Panel) -> int:
        """Those whose pictures are still there."""
        return len(selectors.shown_items(panel))

    def get_done(self, panel: Panel) -> int:
        """The asker's own."""
        return len(selectors.ratings_by(self._asker(), panel))

    def get_next(self, panel: Panel) -> int | None:
        """In the asker's own order."""
        return selectors.next_item(self._asker(), panel)

    def get_result(self, panel: Panel) -> dict[str, Any] | None:
        """Nothing before anything was counted."""
        in_the_middle = 0 < self.get_done(panel) < self.get_total(panel)
        return None if in_the_middle or not panel.result else panel.result


class FidSerializer(serializers.Serializer[Any]):
    """What FID needs and what of it is here."""

    has_weights = serializers.BooleanField(read_only=True)
    has_reference = serializers.BooleanField(read_only=True)
    is_fetching = serializers.BooleanField(read_only=True)
    done = serializers.IntegerField(source="job.done", read_only=True, default=0, help_text="In 1,000 bytes.")
    total = serializers.IntegerField(source="job.total", read_only=True, default=0)
    message = serializers.CharField(source="failure", read_only=True)
