"""Sets, their images, and what scorers say of them.

A set's quality is written by the evaluation room as JSON: here it is only read.
"""

import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from generation.jobs.models import new_id
from generation.sets.models.checkpoints import Checkpoint

# What people write of a set; `words` follows it however it is written.
SAID = frozenset({"name", "note", "tags"})
_FIELD, _TAG = "\x1e", "\x1f"


def folded(text: str) -> str:
    """The text as it is searched: one form of each letter in every alphabet, whatever the database's language is."""
    plain = text.replace(_FIELD, " ").replace(_TAG, " ")
    return unicodedata.normalize("NFKC", plain).casefold()


class ImageSetQuerySet(models.QuerySet["ImageSet"]):
    """The parts of the table that people ask for. Whatever writes what is said of a set keeps its words in step."""

    def present(self) -> Self:
        """Not in the trash and no preview."""
        return self.filter(deleted_at__isnull=True, is_preview=False)

    def saying(self, text: str) -> Self:
        """With this text in the name, the note or a tag."""
        return self.filter(words__contains=folded(text))

    def tagged(self, tag: str) -> Self:
        """With this tag, the whole of it."""
        return self.filter(words__contains=f"{_TAG}{folded(tag)}{_TAG}")

    def update(self, **fields: Any) -> int:
        """Write fields, and the words where they follow."""
        if not SAID & fields.keys():
            return super().update(**fields)
        with transaction.atomic(using=self.db):
            # What is written may be what is filtered by: these rows are found again by their keys.
            keys = list(self.values_list("pk", flat=True))
            written = super().update(**fields)
            for one in self.model._base_manager.using(self.db).filter(pk__in=keys).only(*SAID):
                self.model._base_manager.using(self.db).filter(pk=one.pk).update(words=one.spoken)
        return written

    def bulk_create(self, objs: Iterable["ImageSet"], *args: Any, **more: Any) -> list["ImageSet"]:
        """Create many, each with its words."""
        made = list(objs)
        for one in made:
            one.words = one.spoken
        return super().bulk_create(made, *args, **more)


class ImageSet(models.Model):
    """Images that belong together: made from one recipe, or chosen from other sets."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="image_sets")
    name = models.CharField(_("name"), max_length=120)
    note = models.TextField(_("note"), max_length=2000, blank=True)
    tags = models.JSONField(_("tags"), default=list, blank=True)
    # Name, note and tags as they are searched.
    words = models.TextField(default="", editable=False)
    checkpoint = models.ForeignKey(
        Checkpoint, on_delete=models.PROTECT, null=True, blank=True, related_name="image_sets"
    )
    recipe = models.JSONField(default=dict, blank=True)
    quality = models.JSONField(default=dict, blank=True)
    count = models.PositiveIntegerField(_("images"), default=0)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    wanted = models.PositiveIntegerField(_("ordered"), default=0)
    is_preview = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(_("made"), db_default=Now())
    deleted_at = models.DateTimeField(_("in the trash since"), null=True, blank=True)
    # What the ledger got back when the set went into the trash, and takes again when it comes out.
    refunded_count = models.PositiveIntegerField(default=0)
    refunded_size = models.PositiveBigIntegerField(default=0)

    objects = ImageSetQuerySet.as_manager()

    class Meta:
        verbose_name = _("set")
        verbose_name_plural = _("sets")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["owner", "deleted_at", "-id"], name="sets_of_owner"),
            models.Index(fields=["deleted_at"], name="sets_trash"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *, update_fields: Iterable[str] | None = None, **more: Any) -> None:
        """Write the row, and its words where they follow."""
        self.words = self.spoken
        if update_fields is not None and SAID & set(update_fields):
            update_fields = {*update_fields, "words"}
        super().save(update_fields=update_fields, **more)

    @property
    def spoken(self) -> str:
        """What its words have to be: name, note, and each tag between marks of its own."""
        tags = "".join(f"{folded(tag)}{_TAG}" for tag in self.tags)
        return f"{folded(self.name)}{_FIELD}{folded(self.note)}{_FIELD}{_TAG}{tags}"

    @property
    def subject(self) -> str:
        """What its pictures show: what its model does; palms, where nobody knows the model."""
        return self.checkpoint.subject if self.checkpoint else "palm"

    @property
    def folder(self) -> PurePosixPath:
        """Where its files lie inside the media folder."""
        return PurePosixPath("sets", str(self.pk))

    @property
    def is_partial(self) -> bool:
        """Whether fewer images are here than were ordered."""
        return self.count < self.wanted


class Image(models.Model):
    """One image of a set. The file is named by its index; sizes and hashes let archives be computed from rows."""

    image_set = models.ForeignKey(ImageSet, on_delete=models.CASCADE, related_name="images")
    index = models.PositiveIntegerField(_("number"))
    seed = models.BigIntegerField(_("seed"))
    score = models.FloatField(_("probability"), null=True, blank=True)
    size = models.PositiveIntegerField(_("bytes"))
    crc32 = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    pixels_sha256 = models.CharField(max_length=64, db_index=True)
    is_starred = models.BooleanField(_("starred"), default=False)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("image")
        verbose_name_plural = _("images")
        ordering: ClassVar = ["index"]
        indexes: ClassVar = [
            models.Index(fields=["image_set", "score", "index"], name="sets_images_by_score"),
            models.Index(
                fields=["image_set", "index"], condition=models.Q(is_starred=True), name="sets_images_starred"
            ),
            models.Index(
                fields=["image_set", "index"],
                condition=models.Q(deleted_at__isnull=False),
                name="sets_images_deleted",
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["image_set", "index"], name="sets_image_once"),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def file_name(self) -> str:
        """Its name in archives and on disk."""
        return f"{self.index:06d}.png"


class Score(models.Model):
    """What another scorer than the model's own says of an image.

    The image's set and number, which never change, stand here too: so that one index leads through a gallery in the
    order of what a scorer says.
    """

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="scores")
    image_set = models.ForeignKey(ImageSet, on_delete=models.CASCADE, related_name="+", db_index=False)
    index = models.PositiveIntegerField()
    scorer = models.CharField(max_length=80)
    value = models.FloatField()

    class Meta:
        verbose_name = _("score")
        verbose_name_plural = _("scores")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["image", "scorer"], name="sets_score_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["image_set", "scorer", "value", "index"], name="sets_scores_by_value"),
        ]

    def __str__(self) -> str:
        return f"{self.scorer} {self.value:.3f}"


class Scoring(models.Model):
    """A wish to have a set, or one image of it, judged by a scorer: what the job that does it is about."""

    image_set = models.ForeignKey(ImageSet, on_delete=models.CASCADE, related_name="scorings")
    image = models.ForeignKey(Image, on_delete=models.CASCADE, null=True, related_name="+")
    scorer = models.CharField(max_length=80)
    job = models.ForeignKey("jobs.Job", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("wish for scores")
        verbose_name_plural = _("wishes for scores")
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.image_set_id} {self.scorer}"
