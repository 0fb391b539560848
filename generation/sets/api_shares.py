"""The API of who else may look at a set. Thin: parse, call, answer."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.idempotency import idempotent
from generation.sets import selectors, sharing
from generation.sets.api_base import ETAG, KEY, RoomView, conditional
from generation.sets.serializers import SharePageSerializer, ShareSerializer, ShareWish


@extend_schema(tags=["shares"])
class SharesView(RoomView):
    """Who else may look at a set."""

    @extend_schema(operation_id="shares_list", parameters=[ETAG], responses=SharePageSerializer)
    def get(self, request: Request, set_id: Any) -> Response:
        """People and links, in one page."""
        shares = ShareSerializer(selectors.shares_of(self.own(set_id)), many=True).data
        return conditional(request, {"next": None, "previous": None, "results": shares}, is_weak=True)

    @extend_schema(
        operation_id="shares_create", parameters=[KEY], request=ShareWish, responses={201: ShareSerializer}
    )
    def post(self, request: Request, set_id: Any) -> Response:
        """Share with a person, or make a link; the link is shown this once.

        With an Idempotency-Key a second request gets the same share, without the link: its secret is kept nowhere.
        """
        self.link: str | None = None
        answer = self._share(request, set_id)
        if self.link is not None:
            answer.data["link"] = self.link
        return answer

    @idempotent
    def _share(self, request: Request, set_id: Any) -> Response:
        image_set = self.own(set_id)
        asked = ShareWish(data=request.data)
        asked.is_valid(raise_exception=True)
        wish = asked.validated_data
        if wish.get("user"):
            share = sharing.share_with(
                by=self.person, image_set=image_set, username=wish["user"], days=wish["days"]
            )
        else:
            days = sharing.LINK_DAYS if wish["days"] is None else wish["days"]
            share, secret = sharing.make_link(by=self.person, image_set=image_set, days=days)
            self.link = request.build_absolute_uri(reverse("sets:shared", args=[secret]))
        return Response(ShareSerializer(share).data, status=status.HTTP_201_CREATED)


@extend_schema(tags=["shares"])
class ShareView(RoomView):
    """One share."""

    @extend_schema(operation_id="shares_revoke", responses={204: None})
    def delete(self, request: Request, set_id: Any, share_id: int) -> Response:
        """End it at once."""
        sharing.revoke(by=self.person, image_set=self.own(set_id), share_id=share_id)
        return Response(status=status.HTTP_204_NO_CONTENT)
