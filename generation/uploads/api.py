"""The API of uploads: announce a file, send its bytes from where it stands, finish. Thin: parse, call, answer."""

import re
from collections.abc import Mapping
from typing import IO, Any, cast

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.mixins import ListModelMixin
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.errors import InvalidInput
from accounts.models import User
from generation.uploads import selectors, services
from generation.uploads.errors import WrongOffset
from generation.uploads.models import Upload
from generation.uploads.serializers import BeginUpload, UploadSerializer

# As long as any size there is: Python reads no number of thousands of digits.
_OFFSET = re.compile(r"[0-9]{1,18}")
OFFSET = OpenApiParameter(
    "Upload-Offset", int, OpenApiParameter.HEADER, required=True, description="Where the chunk begins."
)


class BytesParser(BaseParser):
    """The body as it is, one byte more than allowed at most."""

    media_type = "application/octet-stream"

    def parse(  # type: ignore[override]  # the stubs know only parsers of forms
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Read it."""
        return stream.read(services.MOST_CHUNK + 1)


class OffsetBytesParser(BytesParser):
    """The same under the name that clients of tus give it."""

    media_type = "application/offset+octet-stream"


class UploadViewSet(ListModelMixin, GenericViewSet[Upload]):
    """One's own uploads."""

    serializer_class = UploadSerializer
    queryset = Upload.objects.none()

    def get_queryset(self) -> QuerySet[Upload]:
        """Own uploads."""
        return selectors.uploads_of(self._person)

    @property
    def _person(self) -> User:
        return cast(User, self.request.user)

    def _answer(self, upload: Upload, code: int = status.HTTP_200_OK) -> Response:
        headers = {
            "Upload-Offset": str(upload.offset),
            "Upload-Length": str(upload.size),
            "Cache-Control": "no-store",
        }
        return Response(UploadSerializer(upload).data, status=code, headers=headers)

    def handle_exception(self, exc: Exception) -> Response:
        """Say in a header, too, where to go on."""
        answer = super().handle_exception(exc)
        if isinstance(exc, WrongOffset):
            answer["Upload-Offset"] = str(exc.offset)
        return answer

    @extend_schema(operation_id="uploads_begin", request=BeginUpload, responses={201: UploadSerializer})
    def create(self, request: Request) -> Response:
        """Announce a file; its room is reserved at once."""
        asked = BeginUpload(data=request.data)
        asked.is_valid(raise_exception=True)
        upload = services.begin(by=self._person, **asked.validated_data)
        upload.refresh_from_db()
        answer = self._answer(upload, status.HTTP_201_CREATED)
        answer["Location"] = request.build_absolute_uri(f"{request.path.rstrip('/')}/{upload.pk}")
        return answer

    @extend_schema(operation_id="uploads_retrieve", responses=UploadSerializer)
    def retrieve(self, request: Request, upload_id: Any) -> Response:
        """Where the upload stands; HEAD tells it in `Upload-Offset` alone."""
        return self._answer(selectors.upload_for(self._person, upload_id))

    @extend_schema(
        operation_id="uploads_append",
        parameters=[OFFSET],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses=UploadSerializer,
    )
    def append(self, request: Request, upload_id: Any) -> Response:
        """Keep a chunk. 409 with `Upload-Offset` when the upload stands elsewhere."""
        offset = request.headers.get("Upload-Offset", "")
        if not _OFFSET.fullmatch(offset):
            raise InvalidInput(
                _("Say in the header Upload-Offset at which byte the chunk begins."),
                fields={"Upload-Offset": _("A whole number of bytes.")},
            )
        upload = selectors.upload_for(self._person, upload_id)
        data = request.data if isinstance(request.data, bytes) else b""
        return self._answer(services.append(by=self._person, upload=upload, offset=int(offset), data=data))

    @extend_schema(operation_id="uploads_finish", request=None, responses=UploadSerializer)
    def finish(self, request: Request, upload_id: Any) -> Response:
        """Verify and close it. Twice does no harm."""
        upload = selectors.upload_for(self._person, upload_id)
        return self._answer(services.finish(by=self._person, upload=upload))

    @extend_schema(operation_id="uploads_cancel", responses={204: None})
    def destroy(self, request: Request, upload_id: Any) -> Response:
        """Throw it away and get the room back."""
        services.cancel(by=self._person, upload=selectors.upload_for(self._person, upload_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ChunkViewSet(UploadViewSet):
    """The same address for bytes instead of JSON."""

    parser_classes = [BytesParser, OffsetBytesParser]
