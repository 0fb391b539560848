"""What the API reads and writes of images, and how a wish names some of them."""

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.reverse import reverse

from generation.sets import editing, examples, selection
from generation.sets.examples import asked, shown
from generation.sets.fields import Decimal, Flag, StrictSerializer, Text, WholeNumber
from generation.sets.models import Image


@extend_schema_serializer(examples=[shown("With a star", examples.IMAGE)])
class ImageSerializer(serializers.ModelSerializer[Image]):
    """An image. `score` is the model's own probability that it is real, `scores` what other scorers say."""

    set = serializers.UUIDField(source="image_set_id", read_only=True)
    scores = serializers.SerializerMethodField()
    file = serializers.SerializerMethodField()
    thumb = serializers.SerializerMethodField()

    class Meta:
        model = Image
        fields: ClassVar = [
            "id", "set", "index", "seed", "score", "scores", "size", "sha256", "is_starred", "deleted_at", "file",
            "thumb",
        ]  # fmt: skip
        read_only_fields = fields

    def get_scores(self, image: Image) -> dict[str, float]:
        """By the name of the scorer."""
        return {score.scorer: score.value for score in image.scores.all()}

    def get_file(self, image: Image) -> str:
        """The address of the PNG."""
        return reverse("api-image-file", [image.pk], request=self.context["request"])

    def get_thumb(self, image: Image) -> str:
        """The address of a small WebP."""
        return reverse("api-image-thumb", [image.pk], request=self.context["request"])


@extend_schema_serializer(examples=[shown("One image", examples.page(examples.IMAGE))])
class ImagePageSerializer(serializers.Serializer[Any]):
    """A page of images."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ImageSerializer(many=True)


@extend_schema_serializer(examples=[asked("A star", {"is_starred": True})])
class ImageChange(StrictSerializer):
    """What an owner may change of an image."""

    is_starred = Flag()


class Choice(StrictSerializer):
    """Conditions on the images of a set; without any, all are meant."""

    numbers = Text(max_length=6000, required=False)
    min = Decimal(least=0.0, most=1.0, required=False)
    max = Decimal(least=0.0, most=1.0, required=False)
    best = WholeNumber(least=1, most=selection.MOST_NUMBER, required=False)
    starred = Flag(required=False)
    scorer = Text(
        max_length=selection.MOST_SCORER,
        required=False,
        help_text="Whose probabilities are meant: the model's own unless said.",
    )

    @staticmethod
    def meant(data: dict[str, Any]) -> selection.Selection:
        """The images that the conditions name."""
        return selection.Selection(
            least=data.get("min"),
            most=data.get("max"),
            starred=data.get("starred", False),
            runs=selection.runs(data.get("numbers", "")),
            best=data.get("best"),
            scorer=data.get("scorer", ""),
        )


@extend_schema_serializer(
    examples=[
        asked("Single ones and runs", {"numbers": "0-15,20"}),
        asked("The best hundred", {"best": 100}),
    ]
)
class ImagesWish(Choice):
    """Some images of a set: all conditions hold. Say `all` to mean every one."""

    all = Flag(required=False)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Refuse nothing at all: an empty body must not delete everything."""
        if all(value in (None, False) for name, value in data.items() if name != "scorer"):
            raise serializers.ValidationError(_("Say which images: numbers, min, max, best, starred or all."))
        return data


@extend_schema_serializer(examples=[asked("The best hundred, as a set", {"best": 100, "name": "The best"})])
class CopyWish(ImagesWish):
    """Some images and the name of the new set."""

    name = Text(max_length=editing.MOST_NAME, required=False, default="", allow_blank=True)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """The name says nothing of which images."""
        super().validate({name: value for name, value in data.items() if name != "name"})
        return data


@extend_schema_serializer(examples=[shown("Seventeen", {"count": 17})])
class CountSerializer(serializers.Serializer[Any]):
    """How many images were concerned."""

    count = serializers.IntegerField()
