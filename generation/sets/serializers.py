"""What the API of sets reads and writes. Reading is strict; writing shows rows and computes nothing costly."""

import secrets
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.reverse import reverse

from generation.sets import editing, selection, sharing
from generation.sets.fields import Decimal, Flag, StrictSerializer, Text, WholeNumber
from generation.sets.models import Checkpoint, ImageSet, Order, Share
from mlcore.spec import HANDS, LIMITS, GenerationSpec, SpecError

MOST_CANDIDATES = 16
_ORDER_WISH = {
    "model": "palm-projected-128",
    "count": 200,
    "seed": 4711,
    "candidates": 2,
    "name": "Left palms",
    "tags": ["trial"],
}


def _tags() -> Any:
    return serializers.ListField(
        child=Text(max_length=editing.MOST_TAG), max_length=editing.MOST_TAGS, required=False, default=list
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample("Everything by default", {"count": 8}, request_only=True),
        OpenApiExample("The more real of two, with a seed", _ORDER_WISH, request_only=True),
    ]
)
class OrderWish(StrictSerializer):
    """A wish for images. `seed` left out: a random one, shown in the answer. `model` left out, or
    `default`: the default one.
    """

    count = WholeNumber(least=1, most=LIMITS["count"][1], help_text="How many; your quota is the limit.")
    model = Text(max_length=64, required=False, default="", allow_blank=True)
    seed = WholeNumber(
        least=0, most=LIMITS["seed"][1], as_text=True, required=False, default=None, allow_null=True
    )
    candidates = WholeNumber(
        least=1, most=MOST_CANDIDATES, required=False, default=1, help_text="Keep the most real of so many."
    )
    min_probability = Decimal(
        least=0.0, most=0.99, required=False, default=0.0, help_text="Draw again until an image reaches this."
    )
    hand = serializers.ChoiceField(HANDS, required=False, default="any")
    name = Text(max_length=editing.MOST_NAME, required=False, default="", allow_blank=True)
    tags = _tags()

    def get_fields(self) -> dict[str, Any]:
        """The fields, with this person's own limit on how many."""
        fields: dict[str, Any] = super().get_fields()
        if "most" in self.context:
            fields["count"].most = self.context["most"]
        return fields

    def validate_tags(self, tags: list[str]) -> list[str]:
        """Each once."""
        return editing.checked_tags(tags)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Make the spec, which validates itself."""
        seed = data["seed"] if data["seed"] is not None else secrets.randbits(63)
        wishes = {name: data[name] for name in ("count", "candidates", "min_probability", "hand")}
        try:
            data["spec"] = GenerationSpec(seed=seed, **wishes)
        except SpecError as error:
            raise serializers.ValidationError({error.field: str(error)}) from error
        return data


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Being made",
            {
                "id": "01981c9e-6f0a-7c1d-8a44-3c5d0a1b2c3d",
                "set": "01981c9e-6f09-7b2e-9d11-0f4e5a6b7c8d",
                "state": "open",
                "done": 48,
                "total": 200,
                "code": "",
                "message": "",
                "model": "palm-projected-128",
                "seed": 4711,
                "candidates": 2,
                "min_probability": 0.0,
                "created_at": "2026-01-31T12:00:00Z",
                "ended_at": None,
            },
            response_only=True,
        )
    ]
)
class OrderSerializer(serializers.ModelSerializer[Order]):
    """An order. `state` is open, done, failed or cancelled; `code` and `message` say why it is not simply done."""

    set = serializers.UUIDField(source="image_set_id", read_only=True)
    done = serializers.IntegerField(read_only=True, help_text="Images made so far.")
    total = serializers.IntegerField(source="wish.count", read_only=True)
    message = serializers.CharField(source="text", read_only=True)
    model = serializers.CharField(source="checkpoint.name", read_only=True)
    seed = serializers.IntegerField(source="wish.seed", read_only=True)
    candidates = serializers.IntegerField(source="wish.candidates", read_only=True)
    min_probability = serializers.FloatField(source="wish.min_probability", read_only=True)

    class Meta:
        model = Order
        fields: ClassVar = [
            "id", "set", "state", "done", "total", "code", "message", "model", "seed", "candidates",
            "min_probability", "created_at", "ended_at",
        ]  # fmt: skip
        read_only_fields = fields


class CancelWish(StrictSerializer):
    """Whether what is made so far stays, as a partial set."""

    keep = Flag(required=False, default=True)


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


class SetChange(StrictSerializer):
    """What an owner may change of a set; what is left out stays."""

    name = Text(max_length=editing.MOST_NAME, required=False)
    note = Text(max_length=editing.MOST_NOTE, required=False, allow_blank=True)
    tags = serializers.ListField(
        child=Text(max_length=editing.MOST_TAG), max_length=editing.MOST_TAGS, required=False
    )


class ShareWish(StrictSerializer):
    """With `user` for a named person, without for a link, which then ends after `days` (7 unless said)."""

    user = Text(max_length=150, required=False)
    days = WholeNumber(least=1, most=sharing.MOST_DAYS, required=False, default=None, allow_null=True)


class ShareSerializer(serializers.ModelSerializer[Share]):
    """A share. `link` is shown once, when it is made."""

    user = serializers.CharField(source="user.username", read_only=True, allow_null=True, default=None)
    link = serializers.SerializerMethodField()

    class Meta:
        model = Share
        fields: ClassVar = ["id", "user", "link", "expires_at", "created_at"]
        read_only_fields = fields

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_link(self, share: Share) -> str | None:
        """The address that opens the set, while it is known."""
        found: str | None = getattr(share, "link", None)
        return found


class SharePageSerializer(serializers.Serializer[Any]):
    """With whom a set is shared, all on one page."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ShareSerializer(many=True)


class ModelSerializer(serializers.ModelSerializer[Checkpoint]):
    """A model that images can be ordered from."""

    is_scored = serializers.BooleanField(read_only=True, help_text="Whether its images have a probability.")
    metrics = serializers.JSONField(read_only=True)
    licence = serializers.SerializerMethodField()
    lineage = serializers.SerializerMethodField()

    class Meta:
        model = Checkpoint
        fields: ClassVar = [
            "name", "sha256", "is_default", "is_stand_in", "subject", "image_size", "parameters", "is_scored",
            "seconds_per_image", "bytes_per_image", "metrics", "licence", "lineage", "published_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_licence(self, model: Checkpoint) -> str:
        """As its header says."""
        return str(model.header.get("licence", ""))

    @extend_schema_field({"type": "array", "items": {}})
    def get_lineage(self, model: Checkpoint) -> list[Any]:
        """What it learnt from."""
        found: list[Any] = model.header.get("lineage", [])
        return found


@extend_schema_serializer(
    examples=[
        OpenApiExample("A discriminator", {"scorer": "palm-projected-128-judge"}, request_only=True),
        OpenApiExample("Your own model of the lab", {"scorer": "lab:model1"}, request_only=True),
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


class ScorerPageSerializer(serializers.Serializer[Any]):
    """Who judges a set, all on one page."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ScorerSerializer(many=True)
