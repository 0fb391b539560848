"""What the API of sets reads and writes. Reading is strict; writing shows rows and computes nothing costly."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.reverse import reverse

from generation.sets import editing, examples, selection, set_words, sharing
from generation.sets.examples import asked, shown
from generation.sets.fields import StrictSerializer, Text, WholeNumber
from generation.sets.models import Checkpoint, ImageSet, Share


@extend_schema_serializer(examples=[shown("A set", examples.IMAGE_SET)])
class SetSerializer(serializers.ModelSerializer[ImageSet]):
    """A set. `is_mine` is false for one that somebody shares; such a set can be looked at and downloaded only."""

    model = serializers.CharField(source="checkpoint.name", read_only=True, allow_null=True, default=None)
    is_partial = serializers.BooleanField(
        read_only=True, help_text="Whether fewer are here than were ordered."
    )
    is_mine = serializers.SerializerMethodField()
    download = serializers.SerializerMethodField(help_text="The address of the whole set as a zip.")

    class Meta:
        model = ImageSet
        fields: ClassVar = [
            "id", "name", "note", "tags", "model", "count", "wanted", "is_partial", "size", "recipe", "quality",
            "is_mine", "version", "created_at", "deleted_at", "download",
        ]  # fmt: skip
        read_only_fields = fields

    def get_is_mine(self, image_set: ImageSet) -> bool:
        """Whether the person who asks owns it."""
        return bool(image_set.owner_id == self.context["request"].user.pk)

    def get_download(self, image_set: ImageSet) -> str:
        """The address."""
        return reverse("api-set-download", [image_set.pk], request=self.context["request"])


class AgreementSerializer(serializers.Serializer[set_words.Agreement]):
    """How far a set that was made again is the same as the first, byte for byte."""

    first = serializers.UUIDField(source="first.pk", help_text="The set it was made after.")
    same = serializers.IntegerField(help_text="Images that are the same bytes.")
    compared = serializers.IntegerField(help_text="Images that both have: fewer than all while it is made.")
    agrees = serializers.BooleanField(source="is_whole", help_text="Whether all that were compared agree.")


@extend_schema_serializer(
    examples=[
        shown("A set", {**examples.IMAGE_SET, "agreement": None}),
        shown("Made again, with the same bytes", {**examples.IMAGE_SET, "agreement": examples.AGREEMENT}),
    ]
)
class SetDetailSerializer(SetSerializer):
    """A set. `is_mine` is false for one that somebody shares; such a set can be looked at and downloaded only.

    `agreement` stands for a set that was made again, as long as the first is there.
    """

    agreement = serializers.SerializerMethodField()

    class Meta(SetSerializer.Meta):
        fields: ClassVar = [*SetSerializer.Meta.fields, "agreement"]
        read_only_fields = fields

    @extend_schema_field(AgreementSerializer(allow_null=True))
    def get_agreement(self, image_set: ImageSet) -> Any:
        """How its bytes agree with those of the first."""
        found = set_words.agreement(image_set)
        return None if found is None else AgreementSerializer(found).data


@extend_schema_serializer(examples=[asked("Name and tags", {"name": "Left palms", "tags": ["trial"]})])
class SetChange(StrictSerializer):
    """What an owner may change of a set; what is left out stays."""

    name = Text(max_length=editing.MOST_NAME, required=False)
    note = Text(max_length=editing.MOST_NOTE, required=False, allow_blank=True)
    tags = serializers.ListField(
        child=Text(max_length=editing.MOST_TAG), max_length=editing.MOST_TAGS, required=False
    )


@extend_schema_serializer(
    examples=[asked("For a person", {"user": "bob"}), asked("A link for a week", {"days": 7})]
)
class ShareWish(StrictSerializer):
    """With `user` for a named person, without for a link, which then ends after `days` (7 unless said)."""

    user = Text(max_length=150, required=False)
    days = WholeNumber(least=1, most=sharing.MOST_DAYS, required=False, default=None, allow_null=True)


@extend_schema_serializer(
    examples=[shown("For a person", examples.SHARE), shown("A link, just made", examples.LINK)]
)
class ShareSerializer(serializers.ModelSerializer[Share]):
    """A share. `link` is shown once, when it is made."""

    user = serializers.CharField(source="user.username", read_only=True, allow_null=True, default=None)
    link = serializers.SerializerMethodField()

    class Meta:
        model = Share
        fields: ClassVar = ["id", "user", "link", "expires_at", "created_at"]
        read_only_fields = fields

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_link(self, _share: Share) -> None:
        """Of a link only the hash is kept; the answer that makes it adds the address."""
        return


@extend_schema_serializer(examples=[shown("One person", examples.page(examples.SHARE))])
class SharePageSerializer(serializers.Serializer[Any]):
    """With whom a set is shared, all on one page."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ShareSerializer(many=True)


@extend_schema_serializer(examples=[shown("The default one", examples.MODEL)])
class ModelSerializer(serializers.ModelSerializer[Checkpoint]):
    """A model that images can be ordered from."""

    is_scored = serializers.BooleanField(read_only=True, help_text="Whether its images have a probability.")
    quality = serializers.JSONField(
        read_only=True,
        help_text="Its KID with the 95 % interval, of `n` images against `n_ref` held-out real ones, in a network that "
        "it was not trained against, `extractor`; `real_kid` is what real ones get. Empty where nothing was measured.",
    )
    metrics = serializers.JSONField(
        read_only=True, help_text="All that was measured of it when it was trained, as its file says."
    )
    licence = serializers.SerializerMethodField()
    lineage = serializers.SerializerMethodField()

    class Meta:
        model = Checkpoint
        fields: ClassVar = [
            "name", "sha256", "is_default", "is_stand_in", "subject", "image_size", "parameters", "is_scored",
            "seconds_per_image", "bytes_per_image", "quality", "metrics", "licence", "lineage", "published_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_licence(self, model: Checkpoint) -> str:
        """The terms that its file states."""
        return model.licence

    @extend_schema_field({"type": "array", "items": {}})
    def get_lineage(self, model: Checkpoint) -> list[Any]:
        """What it learnt from."""
        found: list[Any] = model.header.get("lineage", [])
        return found


@extend_schema_serializer(
    examples=[
        asked("A discriminator", {"scorer": "palm-256-judge"}),
        asked("Your own model of the lab", {"scorer": "lab:model1"}),
    ]
)
class ScoreWish(StrictSerializer):
    """Who is to judge: the name of a discriminator, or `lab:` and the id of a model that you fitted in the lab.

    GET .../scores of the set lists all of them.
    """

    scorer = Text(max_length=selection.MOST_SCORER)


class ScorerSerializer(serializers.Serializer[Any]):
    """What one scorer says of the set, or that it is at it."""

    scorer = serializers.CharField()
    title = serializers.CharField(help_text="Its name for people.")
    count = serializers.IntegerField(help_text="Images scored so far.")
    mean = serializers.FloatField(allow_null=True)
    job = serializers.UUIDField(
        source="job.pk", allow_null=True, default=None, help_text="GET /api/v1/jobs/{id} shows how far it is."
    )
    state = serializers.CharField(
        help_text="queued, running, done, failed or cancelled; none if never asked for."
    )


@extend_schema_serializer(examples=[shown("One at it", examples.page(examples.SCORER))])
class ScorerPageSerializer(serializers.Serializer[Any]):
    """Who judges a set, all on one page."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ScorerSerializer(many=True)
