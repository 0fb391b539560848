"""The API of single images and of some images of a set. Thin: parse, call, answer."""

import re
from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.utils.urls import replace_query_param

from accounts import private_files
from accounts.errors import InvalidInput
from accounts.idempotency import idempotent
from generation.jobs.serializers import JobSerializer
from generation.sets import editing, image_pages, scores, selection, selectors, storage, trash
from generation.sets.api_base import (
    ETAG,
    IF_MATCH,
    KEY,
    LOCATION,
    AnyClient,
    RoomView,
    check_unchanged,
    conditional,
)
from generation.sets.api_downloads import SELECTION
from generation.sets.models import Image, ImageSet
from generation.sets.serializers import ScoreWish, SetDetailSerializer
from generation.sets.serializers_images import (
    CopyWish,
    CountSerializer,
    ImageChange,
    ImagePageSerializer,
    ImageSerializer,
    ImagesWish,
)

_PAGE_SIZE = re.compile(r"[1-9]\d{0,3}")
_PAGES = [
    OpenApiParameter("cursor", str, description="As in `next` or `previous` of the last answer."),
    OpenApiParameter("page_size", int, description="Up to 500."),
    OpenApiParameter("sort", str, enum=image_pages.SORTS),
    *SELECTION,
    OpenApiParameter(
        "deleted", str, enum=["0", "1"], description="1: those in the trash instead; the owner's alone."
    ),
]


@extend_schema(tags=["images"])
class SetImagesView(RoomView):
    """The images of a set."""

    @extend_schema(operation_id="sets_images_list", parameters=[*_PAGES, ETAG], responses=ImagePageSerializer)
    def get(self, request: Request, set_id: Any) -> Response:
        """A page of them, by number or probability; the cost is the same at any depth.

        With `deleted` those that their owner deleted in the last 30 days and can still get back.
        """
        query = request.query_params
        is_trash = selection.flag(query, "deleted")
        image_set = self.own(set_id) if is_trash else selectors.set_for(self.person, set_id)
        wanted = selection.parse(query)
        among = trash.deleted_images(image_set) if is_trash else selectors.images_of(image_set)
        images = selection.selected(image_set, wanted, among).prefetch_related("scores")
        walk = image_pages.Walk(images, image_set, query.get("sort", "") or "index", wanted.scorer)
        page = walk.page(query.get("cursor", ""), _size(query.get("page_size", "")))

        def link(cursor: str) -> str | None:
            return replace_query_param(request.build_absolute_uri(), "cursor", cursor) if cursor else None

        results = ImageSerializer(page.images, many=True, context={"request": request}).data
        found = {"next": link(page.next), "previous": link(page.previous), "results": results}
        return conditional(request, found, is_weak=True)


def _size(text: str) -> int:
    if not text:
        return image_pages.PAGE
    if not _PAGE_SIZE.fullmatch(text) or int(text) > image_pages.MOST_PAGE:
        message = _("Write a number from 1 to %(most)s.") % {"most": image_pages.MOST_PAGE}
        raise InvalidInput(message, fields={"page_size": message})
    return int(text)


class _SomeImagesView(RoomView):
    """Does one thing to the images that the body names."""

    act: ClassVar[Callable[..., int]]

    def those(self, image_set: ImageSet) -> QuerySet[Image]:
        """The images among which the body chooses."""
        return selectors.images_of(image_set)

    def _do(self, request: Request, set_id: Any, **more: Any) -> Response:
        image_set = self.own(set_id)
        asked = ImagesWish(data=request.data)
        asked.is_valid(raise_exception=True)
        images = selection.selected(image_set, ImagesWish.meant(asked.validated_data), self.those(image_set))
        count = type(self).act(by=self.person, image_set=image_set, images=images, **more)
        return Response({"count": count})


@extend_schema(tags=["images"])
class DeleteImagesView(_SomeImagesView):
    """Puts images into the trash."""

    act = trash.delete_images

    @extend_schema(operation_id="sets_images_delete", request=ImagesWish, responses=CountSerializer)
    def post(self, request: Request, set_id: Any) -> Response:
        """Put them into the trash, for 30 days."""
        return self._do(request, set_id)


@extend_schema(tags=["images"])
class RestoreImagesView(_SomeImagesView):
    """Takes images out of the trash."""

    act = trash.restore_images

    def those(self, image_set: ImageSet) -> QuerySet[Image]:
        """The deleted ones."""
        return trash.deleted_images(image_set)

    @extend_schema(operation_id="sets_images_restore", request=ImagesWish, responses=CountSerializer)
    def post(self, request: Request, set_id: Any) -> Response:
        """Get them back."""
        return self._do(request, set_id)


@extend_schema(tags=["images"])
class StarImagesView(_SomeImagesView):
    """Marks images with a star."""

    act = trash.star

    @extend_schema(operation_id="sets_images_star", request=ImagesWish, responses=CountSerializer)
    def post(self, request: Request, set_id: Any) -> Response:
        """Star them."""
        return self._do(request, set_id)


@extend_schema(tags=["images"])
class UnstarImagesView(_SomeImagesView):
    """Takes stars off."""

    act = trash.star

    @extend_schema(operation_id="sets_images_unstar", request=ImagesWish, responses=CountSerializer)
    def post(self, request: Request, set_id: Any) -> Response:
        """Take their stars off."""
        return self._do(request, set_id, starred=False)


@extend_schema(tags=["images"])
class CopyImagesView(RoomView):
    """Makes a set of some images of another."""

    @extend_schema(
        operation_id="sets_images_copy",
        parameters=[KEY, LOCATION],
        request=CopyWish,
        responses={201: SetDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, set_id: Any) -> Response:
        """Copy them into a new set, numbered anew."""
        image_set = self.own(set_id)
        asked = CopyWish(data=request.data)
        asked.is_valid(raise_exception=True)
        wish = asked.validated_data
        images = selection.selected(image_set, CopyWish.meant(wish))
        made = editing.copy(by=self.person, image_set=image_set, images=images, name=wish["name"])
        data = SetDetailSerializer(made, context={"request": request}).data
        where = reverse("api-set", [made.pk], request=request)
        return Response(data, status=status.HTTP_201_CREATED, headers={"Location": where})


@extend_schema(tags=["images"])
class ImageView(RoomView):
    """One image."""

    def _data(self, image: Image) -> Any:
        return ImageSerializer(image, context={"request": self.request}).data

    @extend_schema(operation_id="images_retrieve", parameters=[ETAG], responses=ImageSerializer)
    def get(self, request: Request, image_id: int) -> Response:
        """Its number, seed, probability and hash."""
        return conditional(request, self._data(selectors.image_for(self.person, image_id)))

    @extend_schema(
        operation_id="images_change", parameters=[IF_MATCH], request=ImageChange, responses=ImageSerializer
    )
    def patch(self, request: Request, image_id: int) -> Response:
        """Star it, or take the star off. With If-Match only if it has not changed since."""
        image = self._own(image_id)
        check_unchanged(request, self._data(image))
        asked = ImageChange(data=request.data)
        asked.is_valid(raise_exception=True)
        starred = asked.validated_data["is_starred"]
        trash.star(by=self.person, image_set=image.image_set, images=_alone(image), starred=starred)
        image.refresh_from_db()
        return Response(self._data(image))

    @extend_schema(operation_id="images_delete", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, image_id: int) -> Response:
        """Put it into the trash, for 30 days."""
        image = self._own(image_id)
        check_unchanged(request, self._data(image))
        trash.delete_images(by=self.person, image_set=image.image_set, images=_alone(image))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _own(self, image_id: int) -> Image:
        selectors.image_for(self.person, image_id)
        return selectors.own_image_for(self.person, image_id)


@extend_schema(tags=["scores"])
class ImageScoresView(RoomView):
    """What judges say of one image."""

    @extend_schema(
        operation_id="images_scores_create",
        parameters=[KEY],
        request=ScoreWish,
        responses={202: JobSerializer},
    )
    @idempotent
    def post(self, request: Request, image_id: int) -> Response:
        """Have it judged, in seconds; 202 with the job. The answer stands in the image's `scores`."""
        selectors.image_for(self.person, image_id)
        image = selectors.own_image_for(self.person, image_id)
        asked = ScoreWish(data=request.data)
        asked.is_valid(raise_exception=True)
        job = scores.request_scores(
            by=self.person, image_set=image.image_set, image=image, **asked.validated_data
        )
        return Response(JobSerializer(job).data, status=status.HTTP_202_ACCEPTED)


def _alone(image: Image) -> QuerySet[Image]:
    return Image.objects.filter(pk=image.pk)


@extend_schema(tags=["images"])
class ImageFileView(RoomView):
    """The PNG itself."""

    content_negotiation_class = AnyClient

    @extend_schema(
        operation_id="images_file", parameters=[ETAG], responses={(200, "image/png"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, image_id: int) -> HttpResponseBase:
        """Send it."""
        image = selectors.image_for(self.person, image_id)
        path = storage.image_path(image.image_set, image.index)
        return private_files.response(request._request, path, download_name=None, content_type="image/png")


@extend_schema(tags=["images"])
class ImageThumbView(RoomView):
    """A small picture."""

    content_negotiation_class = AnyClient

    @extend_schema(
        operation_id="images_thumb", parameters=[ETAG], responses={(200, "image/webp"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, image_id: int) -> HttpResponseBase:
        """Send it: WebP, at most 160 pixels a side; of a deleted one for its owner."""
        image = selectors.picture_for(self.person, image_id)
        path = storage.thumb_path(image.image_set, image.index)
        return private_files.response(request._request, path, download_name=None, content_type="image/webp")
