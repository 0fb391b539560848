"""Files of the API of quality: a comparison's table and its picture. Thin: the pages' own files, for a token too."""

from typing import Any, cast

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import User
from generation.evaluation import views_compare


class ComparisonTableView(APIView):
    """A comparison's measures."""

    @extend_schema(operation_id="comparisons_table", responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, comparison_id: Any) -> HttpResponse:
        """CSV: one row a measure and set."""
        return views_compare.table_of(cast(User, request.user), comparison_id)


class ComparisonPictureView(APIView):
    """A comparison as one picture."""

    @extend_schema(operation_id="comparisons_picture", responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, comparison_id: Any) -> HttpResponse:
        """PNG: measures, pictures and histograms, with what they stand on."""
        return views_compare.drawing_of(request._request, cast(User, request.user), comparison_id)
