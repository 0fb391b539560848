"""What the API reads and writes of exports."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.reverse import reverse

from generation.sets import downloads, examples, exports
from generation.sets.examples import asked, shown
from generation.sets.fields import Decimal, WholeNumber
from generation.sets.models import Export
from generation.sets.serializers_images import Choice


@extend_schema_serializer(
    examples=[
        asked("Parquet with a tenth for validation", examples.of_set(format="parquet", val=0.1)),
        asked("The best hundred as JPEG", examples.of_set(format="jpeg", quality=95, best=100)),
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


@extend_schema_serializer(examples=[shown("Ready", examples.EXPORT)])
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


_SHARDS = examples.page(
    examples.part("left-palms-000000.tar", 1000, 34_305_024, "webdataset&shard=0&per_shard=1000"),
    examples.part("left-palms-000001.tar", 200, 6_861_824, "webdataset&shard=1&per_shard=1000"),
)
_PAPERS = examples.part("left-palms-webdataset-papers.zip", 1200, 612_345, "webdataset-papers")


@extend_schema_serializer(examples=[shown("Two shards", {**_SHARDS, "papers": _PAPERS})])
class ShardPageSerializer(serializers.Serializer[Any]):
    """The shards of a WebDataset in order, all on one page."""

    next = serializers.URLField(allow_null=True, default=None)
    previous = serializers.URLField(allow_null=True, default=None)
    results = PartSerializer(many=True)
    papers = PartSerializer(help_text="A zip of manifest.csv, manifest.json, README.md and SHA256SUMS.")
