"""The API of ratings by people's eyes: begin one, look at its pictures, rate, read what came of it. Thin."""

from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.idempotency import idempotent
from accounts.models import User
from generation.evaluation import panels, selectors
from generation.evaluation.models import Panel
from generation.evaluation.serializers import NewPanel, NewRating, PanelSerializer
from generation.evaluation.views_eyes import picture_of
from generation.sets import selectors as sets


def _person(request: Request) -> User:
    return cast(User, request.user)


class SetPanelsView(ListAPIView[Panel]):
    """The ratings of a set by people."""

    serializer_class = PanelSerializer
    queryset = Panel.objects.none()

    def get_queryset(self) -> QuerySet[Panel]:
        """Of a set that the asker may look at."""
        return selectors.panels_of(sets.set_for(_person(self.request), self.kwargs["set_id"]))

    @extend_schema(operation_id="ratings_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All of them, latest first."""
        return self.list(request, *args, **kwargs)

    @extend_schema(operation_id="ratings_begin", request=NewPanel, responses={201: PanelSerializer})
    @idempotent
    def post(self, request: Request, set_id: Any) -> Response:
        """Draw the images that people shall rate."""
        image_set = sets.set_for(_person(request), set_id)
        asked = NewPanel(data=request.data)
        asked.is_valid(raise_exception=True)
        made = panels.begin(by=_person(request), image_set=image_set, **asked.validated_data)
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)


class PanelView(GenericAPIView[Panel]):
    """One rating."""

    serializer_class = PanelSerializer

    @extend_schema(operation_id="ratings_retrieve")
    def get(self, request: Request, panel_id: Any) -> Response:
        """How far the asker is, and what came of it."""
        return Response(self.get_serializer(selectors.panel_for(_person(request), panel_id)).data)

    @extend_schema(operation_id="ratings_rate", request=NewRating, responses={201: PanelSerializer})
    def post(self, request: Request, panel_id: Any) -> Response:
        """Rate one item; a second word on it replaces the first."""
        panel = selectors.panel_for(_person(request), panel_id)
        asked = NewRating(data=request.data)
        asked.is_valid(raise_exception=True)
        panels.rate(by=_person(request), panel=panel, **asked.validated_data)
        return Response(self.get_serializer(panel).data, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="ratings_delete", responses={204: None})
    def delete(self, request: Request, panel_id: Any) -> Response:
        """Throw it away with all that was said."""
        person = _person(request)
        panels.delete(by=person, panel=selectors.panel_for(person, panel_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class PictureView(APIView):
    """One picture of a rating."""

    @extend_schema(operation_id="ratings_picture", responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, panel_id: Any, item: int) -> HttpResponse:
        """PNG, made or real alike."""
        return picture_of(selectors.panel_for(_person(request), panel_id), item)
