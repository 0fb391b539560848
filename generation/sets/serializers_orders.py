"""What the API reads and writes of orders."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from generation.sets import editing, new_set, order_progress
from generation.sets.examples import ORDER, asked, shown
from generation.sets.fields import Decimal, Flag, StrictSerializer, Text, WholeNumber
from generation.sets.models import Order
from mlcore.spec import HANDS, LIMITS, GenerationSpec, SpecError


def _tags(**more: Any) -> Any:
    child = Text(max_length=editing.MOST_TAG)
    return serializers.ListField(child=child, max_length=editing.MOST_TAGS, required=False, **more)


class _CountWish(StrictSerializer):
    """So many images; context `most`: this person's own limit."""

    count = WholeNumber(least=1, most=LIMITS["count"][1], help_text="How many; your quota is the limit.")

    def get_fields(self) -> dict[str, Any]:
        """The fields, with the limit."""
        fields: dict[str, Any] = super().get_fields()
        if "most" in self.context:
            fields["count"].most = self.context["most"]
        return fields


@extend_schema_serializer(
    examples=[
        asked("Everything by default", {"count": 8}),
        asked(
            "The more real of two, with a seed",
            {
                "model": "palm-256",
                "count": 200,
                "seed": 4711,
                "candidates": 2,
                "name": "Left palms",
                "tags": ["trial"],
            },
        ),
        asked("A look before", {"count": 200, "preview": True}),
    ]
)
class OrderWish(_CountWish):
    """A wish for images. `seed` left out: a random one below 2^31, shown in the answer. `model` left out, or
    `default`: the default one. With `preview` only the first eight are made, at once.
    """

    model = Text(max_length=64, required=False, default="", allow_blank=True)
    seed = WholeNumber(
        least=0, most=LIMITS["seed"][1], as_text=True, required=False, default=None, allow_null=True
    )
    candidates = WholeNumber(
        least=1,
        most=new_set.MOST_CANDIDATES,
        required=False,
        default=1,
        help_text="Keep the most real of so many.",
    )
    min_probability = Decimal(
        least=0.0, most=0.99, required=False, default=0.0, help_text="Draw again until an image reaches this."
    )
    hand = serializers.ChoiceField(HANDS, required=False, default="any")
    name = Text(max_length=editing.MOST_NAME, required=False, default="", allow_blank=True)
    tags = _tags(default=list)
    preview = Flag(
        required=False,
        default=False,
        help_text="Make the first eight only, in seconds: POST /orders/{id}/keep goes on from them, DELETE of "
        "their set throws them away, and so does the next preview.",
    )

    def validate_tags(self, tags: list[str]) -> list[str]:
        """Each once."""
        return editing.checked_tags(tags)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Make the spec, which validates itself."""
        seed = data["seed"] if data["seed"] is not None else new_set.random_seed()
        wishes = {name: data[name] for name in ("count", "candidates", "min_probability", "hand")}
        try:
            data["spec"] = GenerationSpec(seed=seed, **wishes)
        except SpecError as error:
            raise serializers.ValidationError({error.field: str(error)}) from error
        return data


@extend_schema_serializer(examples=[shown("Being made", ORDER)])
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
    preview = serializers.BooleanField(source="image_set.is_preview", read_only=True)

    class Meta:
        model = Order
        fields: ClassVar = [
            "id", "set", "state", "done", "total", "code", "message", "model", "seed", "candidates",
            "min_probability", "preview", "created_at", "ended_at",
        ]  # fmt: skip
        read_only_fields = fields


@extend_schema_serializer(
    examples=[
        shown("Being made", {**ORDER, "rate": 5.2, "seconds_left": 29, "place": None}),
        shown("Waiting for its turn", {**ORDER, "done": 0, "rate": None, "seconds_left": None, "place": 2}),
    ]
)
class OrderDetailSerializer(OrderSerializer):
    """An order with how fast it goes. `state` is open, done, failed or cancelled; `code` and `message` say why it is
    not simply done.
    """

    rate = serializers.FloatField(
        source="progress.rate", read_only=True, allow_null=True, help_text="Images a second, while it runs."
    )
    seconds_left = serializers.IntegerField(
        source="progress.seconds_left",
        read_only=True,
        allow_null=True,
        help_text="At this rate; null while it waits and when it has ended.",
    )
    place = serializers.IntegerField(
        source="progress.place",
        read_only=True,
        allow_null=True,
        help_text="How many orders of others come first, while it waits.",
    )

    class Meta(OrderSerializer.Meta):
        fields: ClassVar = [*OrderSerializer.Meta.fields, "rate", "seconds_left", "place"]
        read_only_fields = fields

    def to_representation(self, order: Order) -> dict[str, Any]:
        """The row, and what its jobs say at this moment: asked once for all three."""
        order.progress = order_progress.of(order)  # type: ignore[attr-defined]  # read by the fields above
        return super().to_representation(order)


@extend_schema_serializer(
    examples=[asked("Keep what is made", {"keep": True}), asked("Drop it", {"keep": False})]
)
class CancelWish(StrictSerializer):
    """Whether what is made so far stays, as a partial set."""

    keep = Flag(required=False, default=True)


@extend_schema_serializer(examples=[asked("Two hundred", {"count": 200, "name": "Left palms"})])
class KeepWish(_CountWish):
    """A set that begins with a preview, which counts among the images: model, seed and conditions are the preview's."""

    name = Text(
        max_length=editing.MOST_NAME, required=False, allow_blank=True, help_text="The preview's unless said."
    )
    tags = _tags(help_text="The preview's unless said.")

    def validate_tags(self, tags: list[str]) -> list[str]:
        """Each once."""
        return editing.checked_tags(tags)


@extend_schema_serializer(examples=[asked("A hundred more", {"count": 100})])
class MoreWish(_CountWish):
    """How many images more of a set's recipe."""
