"""The API of sets: look, change, delete, score. Thin: parse, call, answer."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.idempotency import idempotent
from generation.jobs.serializers import JobSerializer
from generation.sets import api_filters, editing, histories, scores, selection, selectors, trash
from generation.sets.api_base import ETAG, IF_MATCH, KEY, RoomListView, RoomView, check_unchanged, conditional
from generation.sets.examples import shown
from generation.sets.models import ImageSet, Order
from generation.sets.serializers import (
    ScorerPageSerializer,
    ScorerSerializer,
    ScoreWish,
    SetChange,
    SetDetailSerializer,
    SetSerializer,
)

SORTS = {
    "-created": ("-id",),
    "created": ("id",),
    "name": ("name", "-id"),
    "-name": ("-name", "-id"),
    "count": ("count", "-id"),
    "-count": ("-count", "-id"),
    "quality": ("distance", "-id"),
}
STATES = (*Order.State.values, *histories.STATE_OF)
BELONGINGS = ("mine", "shared", "all", "trash")
_LIST = [
    OpenApiParameter("q", str, description="Part of the name, the note or a tag, in whatever case."),
    OpenApiParameter(
        "state",
        str,
        enum=STATES,
        description="With an order in this state, or done: with none in another. stopped is cancelled.",
    ),
    api_filters.MODEL,
    OpenApiParameter("tag", str, description="With this tag, the whole of it."),
    OpenApiParameter(
        "quality", str, enum=list(histories.QUALITIES), description="By the verdict, if measured."
    ),
    api_filters.SINCE,
    api_filters.UNTIL,
    OpenApiParameter("of", str, enum=BELONGINGS, description="Whose: your own unless said."),
    OpenApiParameter(
        "sort", str, enum=list(SORTS), description="quality: the best first, those not measured last."
    ),
]


@extend_schema(tags=["sets"])
class SetsView(RoomListView[ImageSet]):
    """The sets one may look at."""

    serializer_class = SetSerializer
    queryset = ImageSet.objects.none()

    @property
    def ordering(self) -> tuple[str, ...]:
        """As the query says; read by the paginator."""
        return api_filters.sort(self.request.query_params, SORTS, "-created")

    def get_queryset(self) -> QuerySet[ImageSet]:
        """Those that the query asks for."""
        query = self.request.query_params
        whose = api_filters.choice(query, "of", BELONGINGS) or "mine"
        choose = {
            "mine": selectors.sets_of,
            "shared": selectors.sets_shared_with,
            "all": selectors.visible_sets,
            "trash": selectors.trash_of,
        }
        found = histories.filtered(choose[whose](self.person), _wanted(query))
        return histories.with_distance(found) if "distance" in self.ordering else found

    @extend_schema(operation_id="sets_list", parameters=[*_LIST, ETAG])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List them, latest first."""
        return self.page(request)


def _wanted(query: Any) -> histories.Wanted:
    """The filters in a query."""
    texts = {name: api_filters.plain(query, name) for name in ("q", "model", "tag")}
    days = {name: api_filters.day(query, name) for name in ("since", "until")}
    return histories.Wanted(
        **texts,
        **days,
        quality=api_filters.choice(query, "quality", histories.QUALITIES),
        state=api_filters.choice(query, "state", STATES),
    )


@extend_schema(tags=["sets"])
class SetView(RoomView):
    """One set."""

    def _data(self, image_set: ImageSet) -> Any:
        return SetDetailSerializer(image_set, context={"request": self.request}).data

    @extend_schema(operation_id="sets_retrieve", parameters=[ETAG], responses=SetDetailSerializer)
    def get(self, request: Request, set_id: Any) -> Response:
        """What it is, with its recipe and quality; of one made again whether the bytes agree."""
        return conditional(request, self._data(selectors.set_for(self.person, set_id)))

    @extend_schema(
        operation_id="sets_change", parameters=[IF_MATCH], request=SetChange, responses=SetDetailSerializer
    )
    def patch(self, request: Request, set_id: Any) -> Response:
        """Change name, note or tags. With If-Match only if nobody changed it since."""
        image_set = self.own(set_id)
        check_unchanged(request, self._data(image_set))
        asked = SetChange(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(
            self._data(editing.change(by=self.person, image_set=image_set, **asked.validated_data))
        )

    @extend_schema(operation_id="sets_delete", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, set_id: Any) -> Response:
        """Put it into the trash, for 30 days; what is being made for it stops. A preview is thrown away."""
        image_set = self.own(set_id)
        check_unchanged(request, self._data(image_set))
        trash.delete_set(by=self.person, image_set=image_set)
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(tags=["sets"])
class SetRestoreView(RoomView):
    """Takes a set out of the trash."""

    @extend_schema(operation_id="sets_restore", request=None, responses=SetDetailSerializer)
    def post(self, request: Request, set_id: Any) -> Response:
        """Get it back. 409 when your room is full meanwhile."""
        image_set = trash.restore_set(by=self.person, image_set=selectors.own_set_for(self.person, set_id))
        return Response(SetDetailSerializer(image_set, context={"request": request}).data)


@extend_schema(tags=["sets"])
class SetHistogramView(RoomView):
    """How probable the images of a set are."""

    @extend_schema(
        operation_id="sets_histogram",
        parameters=[OpenApiParameter("scorer", str, description="The model's own unless said."), ETAG],
        examples=[
            shown(
                "Most look real",
                {"bins": [0, 0, 0, 0, 0, 0, 1, 2, 2, 4, 6, 9, 12, 17, 22, 28, 31, 29, 24, 13]},
            )
        ],
        responses={
            200: {"type": "object", "properties": {"bins": {"type": "array", "items": {"type": "integer"}}}}
        },
    )
    def get(self, request: Request, set_id: Any) -> Response:
        """Counts in bins of equal width from 0 to 1."""
        scorer = selection.scorer_in(request.query_params)
        image_set = selectors.set_for(self.person, set_id)
        return conditional(request, {"bins": selectors.histogram(image_set, scorer=scorer)})


@extend_schema(tags=["scores"])
class ScoresView(RoomView):
    """What judges say of a set."""

    @extend_schema(operation_id="scores_list", parameters=[ETAG], responses=ScorerPageSerializer)
    def get(self, request: Request, set_id: Any) -> Response:
        """Those that judged it and those that could, in one page."""
        found = scores.scorers_of(selectors.set_for(self.person, set_id))
        results = ScorerSerializer(found, many=True).data
        return conditional(request, {"next": None, "previous": None, "results": results}, is_weak=True)

    @extend_schema(
        operation_id="scores_create", parameters=[KEY], request=ScoreWish, responses={202: JobSerializer}
    )
    @idempotent
    def post(self, request: Request, set_id: Any) -> Response:
        """Have it judged by another discriminator or a model of your lab; 202 with the job."""
        image_set = self.own(set_id)
        asked = ScoreWish(data=request.data)
        asked.is_valid(raise_exception=True)
        job = scores.request_scores(by=self.person, image_set=image_set, **asked.validated_data)
        return Response(JobSerializer(job).data, status=status.HTTP_202_ACCEPTED)
