"""What the API reads and writes of the question whether an image was made here."""

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from generation.sets.examples import ORIGIN, shown
from generation.sets.made_here import Origin
from generation.sets.serializers_images import ImageSerializer


class OriginWish(serializers.Serializer[None]):
    """A picture file: PNG, JPEG, WebP, BMP or TIFF."""

    image = serializers.FileField()


@extend_schema_serializer(examples=[shown("Made here, in somebody else's set", ORIGIN)])
class OriginSerializer(serializers.Serializer[Origin]):
    """What is known of a picture. `image` is null where it is not known, or not yours to see."""

    made_here = serializers.BooleanField(source="is_ours")
    pixels_sha256 = serializers.CharField(help_text="By which it is known: of the size and the RGB bytes.")
    image = ImageSerializer(allow_null=True)
