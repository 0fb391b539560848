"""What the views of this room's API share: who asks, and answers that need not be sent twice."""

import hashlib
from typing import Any, TypeVar, cast

from django.db.models import Model
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import DomainError
from accounts.models import User
from generation.sets import selectors
from generation.sets.models import ImageSet

KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Sent again with the same body within 24 hours it gives the same answer, and nothing is made "
    "twice; with another body 422.",
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag that you read: 412 when it has changed since.",
)
ETAG = OpenApiParameter(
    "ETag",
    str,
    OpenApiParameter.HEADER,
    response=[200],
    description="Of this answer: sent back as If-None-Match it gives 304 as long as nothing has changed.",
)
LOCATION = OpenApiParameter(
    "Location",
    OpenApiTypes.URI,
    OpenApiParameter.HEADER,
    response=[200, 201],
    description="The address of what was made.",
)
Row = TypeVar("Row", bound=Model)


class ChangedMeanwhile(DomainError):
    """It is no longer what the client expects."""

    default_code = "changed"
    default_status = 412


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


class RoomListView(RoomView, ListAPIView[Row]):
    """A list of this room: by pages, each with a weak ETag."""

    def page(self, request: Request) -> Response:
        """The page that the query asks for, or 304 when the client has it."""
        return conditional(request, self.list(request).data, is_weak=True)


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


def conditional(request: Request, data: Any, *, is_weak: bool = False) -> Response:
    """`data` with its ETag; 304 when the client has it, 412 when it said what it expects and this is another."""
    etag = etag_of(data, is_weak=is_weak)
    is_known = _is_known(request, etag)
    answer = Response(status=status.HTTP_304_NOT_MODIFIED) if is_known else Response(data)
    answer["ETag"] = etag
    return answer


def check_unchanged(request: Request, data: Any) -> None:
    """Refuse to change what is not as the client said it expects it (If-Match)."""
    _is_known(request, etag_of(data))


def _is_known(request: Request, etag: str) -> bool:
    found = get_conditional_response(request._request, etag=etag)
    if found is not None and found.status_code == status.HTTP_412_PRECONDITION_FAILED:
        raise ChangedMeanwhile(_("This has changed since you read it. Read it again before you change it."))
    return found is not None


def etag_of(data: Any, *, is_weak: bool = False) -> str:
    """A validator: the hash of the body. Weak for a page of a list, which nobody changes as a whole."""
    digest = hashlib.sha256(JSONRenderer().render(data)).hexdigest()[:32]
    return f'W/"{digest}"' if is_weak else f'"{digest}"'
