"""The API of making a set again and making more of it, and of what was made here. Thin: parse, call, answer."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.idempotency import idempotent
from accounts.models import User
from accounts.quotas import limits
from generation.sets import made_here, remaking
from generation.sets.api import created
from generation.sets.api_base import KEY, LOCATION, RoomView
from generation.sets.serializers_again import OriginSerializer, OriginWish
from generation.sets.serializers_orders import MoreWish, OrderDetailSerializer


@extend_schema(tags=["sets"])
class SetAgainView(RoomView):
    """Makes a set a second time."""

    @extend_schema(
        operation_id="sets_again",
        parameters=[KEY, LOCATION],
        request=None,
        responses={201: OrderDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, set_id: Any) -> Response:
        """Order the same images once more, as a set beside the first; 201 with the order.

        `agreement` of the new set says how many are the same bytes. 409 for a set that no recipe makes as a whole.
        """
        order = remaking.make_again(by=self.person, image_set=self.own(set_id))
        return created(self, order)


@extend_schema(tags=["sets"])
class SetMoreView(RoomView):
    """Makes more of a set."""

    @extend_schema(
        operation_id="sets_more",
        parameters=[KEY, LOCATION],
        request=MoreWish,
        responses={201: OrderDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, set_id: Any) -> Response:
        """Continue the numbers of the set by the same recipe; 201 with the order."""
        image_set = self.own(set_id)
        asked = MoreWish(data=request.data, context={"most": limits(self.person).images_per_order})
        asked.is_valid(raise_exception=True)
        order = remaking.make_more(by=self.person, image_set=image_set, **asked.validated_data)
        return created(self, order)


@extend_schema(tags=["images"])
class MadeHereView(RoomView):
    """Whether an image was made here. For everybody, as the page is."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="made_here", request={"multipart/form-data": OriginWish}, responses=OriginSerializer
    )
    def post(self, request: Request) -> Response:
        """Look for the pixels of an image; `image` names it only to those who may see its set.

        Nothing of what is sent is kept.
        """
        asker = request.user if isinstance(request.user, User) else None
        found = made_here.origin_of(request.FILES.get("image"), asker)
        return Response(OriginSerializer(found, context={"request": request}).data)
