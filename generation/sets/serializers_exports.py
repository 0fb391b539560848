"""What the API reads and writes of exports."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.reverse import reverse

from generation.sets import exports
from generation.sets.fields import Decimal, WholeNumber
from generation.sets.models import Export
from generation.sets.serializers_images import Choice


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Parquet with a tenth for validation",
            {"set": "01981c9e-6f09-7b2e-9d11-0f4e5a6b7c8d", "format": "parquet", "val": 0.1},
            request_only=True,
        ),
        OpenApiExample(
            "The best hundred as JPEG",
            {"set": "01981c9e-6f09-7b2e-9d11-0f4e5a6b7c8d", "format": "jpeg", "quality": 95, "best": 100},
            request_only=True,
        ),
    ]
)
class ExportWish(Choice):
    """A file to be made of a set, or of the images that the conditions name."""

    set = serializers.UUIDField()
    format = serializers.ChoiceField(Export.Format.choices)
    quality = WholeNumber(
        least=exports.QUALITIES[0],
        most=exports.QUALITIES[1],
        required=False,
        default=exports.QUALITY,
        help_text="Of JPEG and WebP.",
    )
    val = Decimal(
        least=0.0,
        most=exports.MOST_VAL,
        required=False,
        default=exports.VAL,
        help_text="Parquet: share of the split `val`.",
    )

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Put the wish together."""
        data["wish"] = exports.Wish(data["format"], data["quality"], data["val"], self.meant(data))
        return data


class ExportSerializer(serializers.ModelSerializer[Export]):
    """An export. `state` is waiting, ready or failed; `file` is its address once it is ready."""

    set = serializers.UUIDField(source="image_set_id", read_only=True)
    wish = serializers.DictField(
        child=serializers.JSONField(), read_only=True, help_text="What was asked for, as a query says it."
    )
    message = serializers.CharField(source="text", read_only=True)
    job = serializers.UUIDField(source="job_id", read_only=True, allow_null=True)
    done = serializers.SerializerMethodField(help_text="Images written so far.")
    file = serializers.SerializerMethodField()

    class Meta:
        model = Export
        fields: ClassVar = [
            "id", "set", "set_version", "format", "wish", "state", "code", "message", "count", "done", "size",
            "sha256", "job", "file", "created_at", "expires_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_done(self, export: Export) -> int:
        """As its job says."""
        if export.state == Export.State.READY:
            return export.count
        return export.job.done if export.job is not None else 0

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_file(self, export: Export) -> str | None:
        """The address, once there is something."""
        if export.state != Export.State.READY:
            return None
        found: str = reverse("api-export-download", [export.pk], request=self.context["request"])
        return found
