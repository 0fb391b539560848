"""What the views of this room's API share: who asks, and answers that need not be sent twice."""

import hashlib
from typing import Any, cast

from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from generation.sets import selectors
from generation.sets.models import ImageSet


class RoomView(APIView):
    """A view of the sets room. Rooms' refusals become problems by the site's handler."""

    @property
    def person(self) -> User:
        """Who asks."""
        return cast(User, self.request.user)

    def own(self, set_id: Any) -> ImageSet:
        """The set, to change it: the owner's alone, and not from the trash."""
        image_set = selectors.set_for(self.person, set_id)
        return selectors.own_set_for(self.person, image_set.pk)


class AnyClient(BaseContentNegotiation):
    """For files: `format` in the query is ours, and a client gets the file whatever it says it accepts."""

    def select_parser(self, request: Request, parsers: Any) -> BaseParser | None:
        """The first."""
        return cast("BaseParser | None", next(iter(parsers), None))

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The first, which writes problems."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


def conditional(request: Request, data: Any) -> HttpResponseBase:
    """`data` with its ETag; 304 when the client has it, 412 when it said what it expects and this is another."""
    etag = etag_of(data)
    unchanged = get_conditional_response(request._request, etag=etag)
    answer = Response(data) if unchanged is None else unchanged
    answer["ETag"] = etag
    return answer


def etag_of(data: Any) -> str:
    """A strong validator: the hash of the body."""
    return f'"{hashlib.sha256(JSONRenderer().render(data)).hexdigest()[:32]}"'
