"""The API of exports: have a file made of a set, see how far it is, fetch it. Thin: parse, call, answer."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.errors import InvalidInput
from accounts.idempotency import idempotent
from generation.sets import downloads, exports, selectors
from generation.sets.api_base import ETAG, KEY, LOCATION, AnyClient, RoomListView, RoomView, conditional
from generation.sets.models import Export
from generation.sets.serializers_exports import ExportSerializer, ExportWish


@extend_schema(tags=["exports"])
class ExportsView(RoomListView[Export]):
    """One's own exports."""

    serializer_class = ExportSerializer
    queryset = Export.objects.none()

    def get_queryset(self) -> QuerySet[Export]:
        """Own ones, latest first; of one set if the query says so."""
        found, text = selectors.exports_of(self.person), self.request.query_params.get("set", "")
        if not text:
            return found
        try:
            set_id = UUID(text)
        except ValueError as error:
            message = _("Write the id of a set.")
            raise InvalidInput(message, fields={"set": message}) from error
        return found.filter(image_set=selectors.set_for(self.person, set_id))

    @extend_schema(
        operation_id="exports_list",
        parameters=[OpenApiParameter("set", OpenApiTypes.UUID, description="Of this set only."), ETAG],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List them, latest first."""
        return self.page(request)

    @extend_schema(
        operation_id="exports_create",
        parameters=[KEY, LOCATION],
        request=ExportWish,
        responses={201: ExportSerializer, 200: ExportSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Have a file made; 201 with the export, 200 with the one that is the same and already there."""
        asked = ExportWish(data=request.data)
        asked.is_valid(raise_exception=True)
        image_set = selectors.set_for(self.person, asked.validated_data["set"])
        export, is_new = exports.request(
            by=self.person, image_set=image_set, wish=asked.validated_data["wish"]
        )
        export = selectors.export_for(self.person, export.pk)
        answer = Response(
            ExportSerializer(export, context={"request": request}).data,
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
        )
        answer["Location"] = reverse("api-export", [export.pk], request=request)
        return answer


@extend_schema(tags=["exports"])
class ExportView(RoomView):
    """One export."""

    @extend_schema(operation_id="exports_retrieve", parameters=[ETAG], responses=ExportSerializer)
    def get(self, request: Request, export_id: Any) -> HttpResponseBase:
        """How far it is; ask every second or two, with the ETag."""
        export = selectors.export_for(self.person, export_id)
        return conditional(request, ExportSerializer(export, context={"request": request}).data)

    @extend_schema(operation_id="exports_delete", responses={204: None})
    def delete(self, request: Request, export_id: Any) -> Response:
        """Stop it if it is being made, and throw it away; its room is free again."""
        exports.delete(by=self.person, export=selectors.export_for(self.person, export_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(tags=["exports"])
class ExportDownloadView(RoomView):
    """The file of an export."""

    content_negotiation_class = AnyClient

    @extend_schema(
        operation_id="exports_download",
        parameters=[ETAG],
        responses={
            (200, "application/zip"): OpenApiTypes.BINARY,
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            (206, "application/zip"): OpenApiTypes.BINARY,
            304: None,
        },
    )
    def get(self, request: Request, export_id: Any) -> HttpResponseBase:
        """The file, whole or the range that is missing. 409 until it is ready."""
        return downloads.of_export(request._request, selectors.export_for(self.person, export_id))
