"""What the API reads and writes about uploads."""

from typing import Any

from rest_framework import serializers

from generation.uploads import services
from generation.uploads.models import Upload


class BeginUpload(serializers.Serializer[Any]):
    """The announcement of a file."""

    purpose = serializers.CharField(max_length=32, help_text="What the file is for, as `lab-dataset`.")
    name = serializers.CharField(max_length=255)
    size = serializers.IntegerField(min_value=0, max_value=2**53)
    sha256 = serializers.CharField(
        max_length=64, required=False, default="", allow_blank=True, help_text="Verified at the end."
    )


class UploadSerializer(serializers.ModelSerializer[Upload]):
    """One upload, read only."""

    chunk = serializers.SerializerMethodField(help_text="The most bytes one chunk may hold.")

    class Meta:
        model = Upload
        fields = (
            "id",
            "purpose",
            "name",
            "size",
            "offset",
            "sha256",
            "state",
            "chunk",
            "created_at",
            "expires_at",
        )
        read_only_fields = fields

    def get_chunk(self, _upload: Upload) -> int:
        """The same for all."""
        return services.MOST_CHUNK
