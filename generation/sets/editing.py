"""What an owner changes of a set by hand: name, note and tags; and a new set of chosen images."""

from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet, Sum
from django.utils.translation import gettext as _

from accounts import audit, ledger
from accounts.errors import InvalidInput
from accounts.models import User
from generation.sets import policies, services, storage
from generation.sets.models import Image, ImageSet

MOST_NAME, MOST_NOTE, MOST_TAGS, MOST_TAG = 120, 2000, 10, 32
_BATCH = 1000
_NUL = "\0"  # nobody types one, and PostgreSQL cannot keep it


@transaction.atomic
def change(
    *,
    by: User,
    image_set: ImageSet,
    name: str | None = None,
    note: str | None = None,
    tags: list[str] | None = None,
) -> ImageSet:
    """Write what is not None."""
    policies.check_can_change(by, image_set)
    fields: dict[str, object] = {}
    if name is not None:
        fields["name"] = checked_name(name)
    if note is not None:
        if len(note) > MOST_NOTE or _NUL in note:
            raise _refusal("note", _("Write at most %(most)s characters.") % {"most": MOST_NOTE})
        fields["note"] = note.strip()
    if tags is not None:
        fields["tags"] = checked_tags(tags)
    if fields:
        ImageSet.objects.filter(pk=image_set.pk).update(**fields)
        image_set.refresh_from_db()
    return image_set


def checked_name(name: str) -> str:
    """The name as it is kept, or InvalidInput."""
    name = name.strip()
    if not 1 <= len(name) <= MOST_NAME or _NUL in name:
        raise _refusal("name", _("Write a name of 1 to %(most)s characters.") % {"most": MOST_NAME})
    return name


def checked_tags(tags: list[str]) -> list[str]:
    """The tags as they are kept, each once, or InvalidInput."""
    found = list(dict.fromkeys(tag.strip() for tag in tags))
    if len(found) > MOST_TAGS:
        raise _refusal("tags", _("Write at most %(most)s tags.") % {"most": MOST_TAGS})
    if any(not 1 <= len(tag) <= MOST_TAG or _NUL in tag for tag in found):
        raise _refusal("tags", _("Write tags of 1 to %(most)s characters.") % {"most": MOST_TAG})
    return found


@transaction.atomic
def copy(*, by: User, image_set: ImageSet, images: QuerySet[Image], name: str = "") -> ImageSet:
    """A new set of some of a set's images, renumbered from 0. The files are shared on the disk where it can link."""
    policies.check_can_change(by, image_set)
    chosen = images.filter(image_set=image_set, deleted_at__isnull=True).order_by("index")
    facts = chosen.aggregate(count=Count("pk"), size=Sum("size"))
    if not facts["count"]:
        raise _refusal("numbers", _("Choose at least one image."))
    ledger.charge(user=by, kind="images", count=facts["count"], size=facts["size"])
    made = ImageSet.objects.create(
        owner=by,
        name=checked_name(name or f"{image_set.name[: MOST_NAME - 10]} · {facts['count']}"),
        tags=image_set.tags,
        checkpoint=image_set.checkpoint,
        recipe=_recipe_of_a_copy(image_set),
        wanted=facts["count"],
    )
    try:
        _copy_images(image_set, made, chosen)
    except OSError:
        storage.forget_set(made)
        raise
    services.recount(made)
    audit.record(by=by, action="set.copy", target=f"set:{made.pk}", detail={"from": str(image_set.pk)})
    made.refresh_from_db()
    return made


def _recipe_of_a_copy(image_set: ImageSet) -> dict[str, Any]:
    """Renumbered, its images cannot be held against those of the set that the whole was made after."""
    recipe = {key: value for key, value in image_set.recipe.items() if key != "again_of"}
    return {**recipe, "copied_from": str(image_set.pk)}


def _copy_images(source: ImageSet, made: ImageSet, chosen: QuerySet[Image]) -> None:
    (storage.folder(made) / "thumbs").mkdir(parents=True)
    rows: list[Image] = []
    for number, image in enumerate(chosen.iterator(chunk_size=_BATCH)):
        storage.link(storage.image_path(source, image.index), storage.image_path(made, number))
        thumb = storage.thumb_path(source, image.index)
        if thumb.exists():
            storage.link(thumb, storage.thumb_path(made, number))
        image.pk, image.image_set, image.index = None, made, number
        image._state.adding = True
        rows.append(image)
        if len(rows) == _BATCH:
            Image.objects.bulk_create(rows)
            rows = []
    Image.objects.bulk_create(rows)


def _refusal(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, fields={field: message})
