"""The API of a set as files: one archive, or shards. Thin: parse, call, answer."""

from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from generation.sets import downloads, selectors
from generation.sets.api_base import ETAG, AnyClient, RoomView, conditional
from generation.sets.serializers_exports import ShardPageSerializer

SELECTION = [
    OpenApiParameter("numbers", str, description="Numbers and runs of numbers, as 0-15,20."),
    OpenApiParameter("min", float, description="Probability at least."),
    OpenApiParameter("max", float, description="Probability at most."),
    OpenApiParameter("best", int, description="The so many of highest probability."),
    OpenApiParameter(
        "scorer", str, description="Whose probabilities are meant: the model's own unless said."
    ),
    OpenApiParameter("starred", str, enum=["0", "1"], description="1: only those with a star."),
]
_DOWNLOAD = [
    OpenApiParameter("format", str, enum=downloads.FORMATS, description="zip unless said."),
    *SELECTION,
    OpenApiParameter(
        "shard", int, description="webdataset: this part alone, from 0; GET .../shards lists them."
    ),
    OpenApiParameter("per_shard", int, description="webdataset: images a part, 1000 unless said."),
    OpenApiParameter("val", float, description="imagefolder: share of val/, 0.1 unless said."),
]
_SHARDS = [
    OpenApiParameter("per_shard", int, description="Images a shard, 1000 unless said."),
    *SELECTION,
]


@extend_schema(tags=["sets"])
class SetDownloadView(RoomView):
    """A set as one file."""

    content_negotiation_class = AnyClient

    @extend_schema(
        operation_id="sets_download",
        parameters=[*_DOWNLOAD, ETAG],
        responses={
            (200, "application/zip"): OpenApiTypes.BINARY,
            (200, "application/x-tar"): OpenApiTypes.BINARY,
            (206, "application/zip"): OpenApiTypes.BINARY,
            304: None,
        },
    )
    def get(self, request: Request, set_id: Any) -> HttpResponseBase:
        """All images, or some, as zip or tar. The length is known, and Range goes on where a line broke."""
        return downloads.response(request._request, selectors.set_for(self.person, set_id))


@extend_schema(tags=["sets"])
class SetShardsView(RoomView):
    """A set as WebDataset."""

    @extend_schema(operation_id="sets_shards", parameters=[*_SHARDS, ETAG], responses=ShardPageSerializer)
    def get(self, request: Request, set_id: Any) -> Response:
        """The tar shards of all images, or some, on one page; and the file that describes and checks them."""
        image_set = selectors.set_for(self.person, set_id)
        wish = downloads.parse(request.query_params)
        found = {"results": downloads.shards(image_set, wish), "papers": downloads.papers(image_set, wish)}
        context = {"request": request, "set": image_set}
        return conditional(request, ShardPageSerializer(found, context=context).data, is_weak=True)
