"""What the API reads and writes of exports."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.reverse import reverse

from generation.sets import downloads, exports
from generation.sets.fields import Decimal, WholeNumber
from generation.sets.models import Export
from generation.sets.serializers_images import Choice

_SET = "01981c9e-6f09-7b2e-9d11-0f4e5a6b7c8d"


def _part(name: str, count: int, size: int, query: str) -> dict[str, Any]:
    """An example of a part."""
    url = f"https://palmsite.example/api/v1/sets/{_SET}/download?format={query}"
    return {"name": name, "count": count, "size": size, "url": url}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Parquet with a tenth for validation",
            {"set": _SET, "format": "parquet", "val": 0.1},
            request_only=True,
        ),
        OpenApiExample(
            "The best hundred as JPEG",
            {"set": _SET, "format": "jpeg", "quality": 95, "best": 100},
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


class PartSerializer(serializers.Serializer[downloads.Part]):
    """A file that is put together while it is sent."""

    name = serializers.CharField(help_text="What to call it.")
    count = serializers.IntegerField(help_text="Images that it holds, or describes.")
    size = serializers.IntegerField(help_text="Its bytes.")
    url = serializers.SerializerMethodField()

    @extend_schema_field(serializers.URLField())
    def get_url(self, part: downloads.Part) -> str:
        """Where it is; Range works there."""
        where: str = reverse("api-set-download", [self.context["set"].pk], request=self.context["request"])
        return f"{where}?{urlencode(downloads.as_query(part.wish))}"


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Two shards",
            {
                "next": None,
                "previous": None,
                "results": [
                    _part("left-palms-000000.tar", 1000, 20_480_000, "webdataset&shard=0&per_shard=1000"),
                    _part("left-palms-000001.tar", 200, 4_096_000, "webdataset&shard=1&per_shard=1000"),
                ],
                "papers": _part("left-palms-webdataset-papers.zip", 1200, 412_345, "webdataset-papers"),
            },
            response_only=True,
        )
    ]
)
class ShardPageSerializer(serializers.Serializer[Any]):
    """The shards of a WebDataset in order, all on one page."""

    next = serializers.URLField(allow_null=True, default=None)
    previous = serializers.URLField(allow_null=True, default=None)
    results = PartSerializer(many=True)
    papers = PartSerializer(help_text="A zip of manifest.csv, manifest.json, README.md and SHA256SUMS.")
