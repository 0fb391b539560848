"""The API of orders and models. Thin: parse, call, answer."""

from typing import Any, cast

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.errors import NotFound
from accounts.idempotency import idempotent
from accounts.quotas import limits
from generation.sets import api_filters, histories, previews, selectors, services
from generation.sets.api_base import ETAG, KEY, LOCATION, RoomListView, RoomView, conditional
from generation.sets.models import Checkpoint, Order
from generation.sets.serializers import ModelSerializer
from generation.sets.serializers_orders import (
    CancelWish,
    KeepWish,
    OrderDetailSerializer,
    OrderSerializer,
    OrderWish,
)

SORTS = {"-created": ("-id",), "created": ("id",)}
_LIST = [
    OpenApiParameter("state", str, enum=Order.State.values, description="Only these."),
    api_filters.MODEL,
    api_filters.SINCE,
    api_filters.UNTIL,
    OpenApiParameter("sort", str, enum=list(SORTS), description="-created, the latest first, unless said."),
]


@extend_schema(tags=["orders"])
class OrdersView(RoomListView[Order]):
    """One's own orders."""

    serializer_class = OrderSerializer
    queryset = Order.objects.none()

    @property
    def ordering(self) -> tuple[str, ...]:
        """As the query says; read by the paginator."""
        return api_filters.sort(self.request.query_params, SORTS, "-created")

    def get_queryset(self) -> QuerySet[Order]:
        """Own orders that the query asks for."""
        query, found = self.request.query_params, selectors.orders_of(self.person)
        if state := api_filters.choice(query, "state", Order.State.values):
            found = found.filter(state=state)
        if model := api_filters.plain(query, "model"):
            found = found.filter(checkpoint__name=model)
        days = [api_filters.day(query, name) for name in ("since", "until")]
        return found.filter(histories.made_between(*days))

    @extend_schema(operation_id="orders_list", parameters=[*_LIST, ETAG])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List them, latest first."""
        return self.page(request)

    @extend_schema(
        operation_id="orders_create",
        parameters=[KEY, LOCATION],
        request=OrderWish,
        responses={201: OrderDetailSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Order a set of images; 201 with the order, whose set exists at once and fills up.

        With `preview` the first eight are made in seconds and kept nowhere until POST /orders/{id}/keep.
        """
        asked = OrderWish(data=request.data, context={"most": limits(self.person).images_per_order})
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        make = previews.begin if data["preview"] else services.order_images
        order = make(
            by=self.person,
            checkpoint=selectors.model_named(data["model"]),
            spec=data["spec"],
            name=data["name"],
            tags=data["tags"],
        )
        return created(self, order)


def created(view: RoomView, order: Order) -> Response:
    """201 with an order as whoever asks sees it, and where it is."""
    data = OrderDetailSerializer(selectors.order_for(view.person, order.pk)).data
    answer = Response(data, status=status.HTTP_201_CREATED)
    answer["Location"] = reverse("api-order", [order.pk], request=view.request)
    return answer


@extend_schema(tags=["orders"])
class OrderView(RoomView):
    """One order."""

    @extend_schema(operation_id="orders_retrieve", parameters=[ETAG], responses=OrderDetailSerializer)
    def get(self, request: Request, order_id: Any) -> Response:
        """How far it is; ask every second or two, with the ETag."""
        return conditional(request, OrderDetailSerializer(selectors.order_for(self.person, order_id)).data)


@extend_schema(tags=["orders"])
class OrderCancelView(RoomView):
    """Stops an order."""

    @extend_schema(operation_id="orders_cancel", request=CancelWish, responses=OrderDetailSerializer)
    def post(self, request: Request, order_id: Any) -> Response:
        """Stop it; what is made stays, or with `keep` false goes to the trash. 409 when it has ended."""
        order = selectors.order_for(self.person, order_id)
        asked = CancelWish(data=request.data)
        asked.is_valid(raise_exception=True)
        services.cancel(by=self.person, order=order, keep=asked.validated_data["keep"])
        return Response(OrderDetailSerializer(selectors.order_for(self.person, order_id)).data)


@extend_schema(tags=["orders"])
class OrderResumeView(RoomView):
    """Goes on with an order."""

    @extend_schema(operation_id="orders_resume", request=None, responses=OrderDetailSerializer)
    def post(self, request: Request, order_id: Any) -> Response:
        """Make what is missing of a stopped or failed one. 409 when there is nothing to go on with."""
        services.resume(by=self.person, order=selectors.order_for(self.person, order_id))
        return Response(OrderDetailSerializer(selectors.order_for(self.person, order_id)).data)


@extend_schema(tags=["orders"])
class OrderKeepView(RoomView):
    """Keeps a preview."""

    @extend_schema(
        operation_id="orders_keep",
        parameters=[KEY, LOCATION],
        request=KeepWish,
        responses={201: OrderDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, order_id: Any) -> Response:
        """Make a set that begins with a preview; 201 with a new order for it. 409 when it is no preview any more."""
        preview = selectors.order_for(self.person, order_id)
        asked = KeepWish(data=request.data, context={"most": limits(self.person).images_per_order})
        asked.is_valid(raise_exception=True)
        order = previews.keep(by=self.person, preview=preview, **asked.validated_data)
        return created(self, order)


@extend_schema(tags=["models"])
class ModelsView(RoomListView[Checkpoint]):
    """The models that images can be ordered from."""

    serializer_class = ModelSerializer
    ordering = ("name",)

    def get_queryset(self) -> QuerySet[Checkpoint]:
        """By name."""
        return selectors.models_offered()

    @extend_schema(operation_id="models_list", parameters=[ETAG])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List them; `is_default` says which one an order takes that names none."""
        return self.page(request)


@extend_schema(tags=["models"])
class ModelView(RoomView):
    """One model."""

    @extend_schema(operation_id="models_retrieve", parameters=[ETAG], responses=ModelSerializer)
    def get(self, request: Request, name: str) -> Response:
        """What it makes, how well and on which terms."""
        model = selectors.models_offered().filter(name=name).first()
        if model is None:
            raise NotFound(_("There is no such model."))
        return conditional(request, cast("dict[str, Any]", ModelSerializer(model).data))
