"""Pictures as files: images, thumbnails, a model's samples. Each asks whose it is before a byte leaves."""

from pathlib import Path

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import private_files
from accounts.errors import NotFound
from generation.sets import downloads, selectors, sharing, storage
from generation.sets.models import Checkpoint, Image
from generation.sets.views_base import person

# An address names the same bytes for ever: the picture of an image never changes.
_KEPT = "private, max-age=86400, immutable"


@require_safe
@login_required
def image_file(request: HttpRequest, image_id: int) -> HttpResponseBase:
    """The PNG, shown; with ?save, saved."""
    return _png(request, selectors.image_for(person(request), image_id))


@require_safe
@login_required
def thumb(request: HttpRequest, image_id: int) -> HttpResponseBase:
    """Its small picture; of a deleted one for its owner."""
    return _thumb(request, selectors.picture_for(person(request), image_id))


@require_safe
def shared_file(request: HttpRequest, secret: str, index: int) -> HttpResponseBase:
    """A picture for whoever has the link."""
    return _png(request, _by_link(secret, index))


@require_safe
def shared_thumb(request: HttpRequest, secret: str, index: int) -> HttpResponseBase:
    """A small picture for whoever has the link."""
    return _thumb(request, _by_link(secret, index))


@require_safe
def shared_download(request: HttpRequest, secret: str) -> HttpResponseBase:
    """The whole set, or what the query chooses, for whoever has the link."""
    return downloads.response(request, sharing.set_by_link(secret))


@require_safe
def sample(request: HttpRequest, name: str, index: int) -> HttpResponseBase:
    """One sample of a model: of a published one for everybody, else for the staff."""
    return _kept(request, storage.sample_path_of(_shown(request, name).sha256, index))


@require_safe
def grid(request: HttpRequest, name: str) -> HttpResponseBase:
    """A model's sixteen samples in one picture."""
    return _kept(request, storage.grid_path_of(_shown(request, name).sha256))


def _shown(request: HttpRequest, name: str) -> Checkpoint:
    found = Checkpoint.objects.generators().filter(name=name)
    if not request.user.is_staff:
        found = found.filter(state__in=[Checkpoint.State.PUBLISHED, Checkpoint.State.RETIRED])
    model = found.first()
    if model is None:
        raise NotFound(_("There is no such model."))
    return model


def _by_link(secret: str, index: int) -> Image:
    image_set = sharing.set_by_link(secret)
    image = selectors.images_of(image_set).filter(index=index).first()
    if image is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    image.image_set = image_set
    return image


def _png(request: HttpRequest, image: Image) -> HttpResponseBase:
    path = storage.image_path(image.image_set, image.index)
    name = image.file_name if "save" in request.GET else None
    return private_files.response(request, path, download_name=name, content_type="image/png")


def _thumb(request: HttpRequest, image: Image) -> HttpResponseBase:
    path = storage.thumb_path(image.image_set, image.index)
    if not path.is_file():
        return _png(request, image)
    answer = private_files.response(request, path, download_name=None, content_type="image/webp")
    answer["Cache-Control"] = _KEPT
    return answer


def _kept(request: HttpRequest, path: Path) -> HttpResponseBase:
    # A name may come to stand for a newer file of the zoo, so the browser asks again after a while.
    answer = private_files.response(request, path, download_name=None, content_type="image/png")
    answer["Cache-Control"] = "private, max-age=600"
    return answer
