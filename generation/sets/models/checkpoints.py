"""The trained networks people order from or judge by, and what is known of each."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from generation.jobs.wording import said
from generation.sets import headers, messages, rejections


class CheckpointQuerySet(models.QuerySet["Checkpoint"]):
    """The parts of the table that people ask for."""

    def generators(self) -> Self:
        """Models that make images."""
        return self.filter(kind=Checkpoint.Kind.GENERATOR)

    def published(self) -> Self:
        """Models that may be ordered from."""
        return self.generators().filter(state=Checkpoint.State.PUBLISHED)


class Checkpoint(models.Model):
    """A trained network on disk and what is known of it. Its sha256 is its identity."""

    class Kind(models.TextChoices):
        """What it does."""

        GENERATOR = "generator", _("makes images")
        DISCRIMINATOR = "discriminator", _("judges images")

    class State(models.TextChoices):
        """Where it is on its way to people."""

        PENDING = "pending", _("being verified")
        VERIFIED = "verified", _("verified")
        PUBLISHED = "published", _("published")
        REJECTED = "rejected", _("refused")
        RETIRED = "retired", _("retired")

    class Source(models.TextChoices):
        """Where its file lies."""

        ZOO = "zoo", _("ships with palmsite")
        UPLOAD = "upload", _("uploaded")

    name = models.SlugField(_("name"), max_length=64, unique=True)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind, default=Kind.GENERATOR)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    source = models.CharField(_("source"), max_length=8, choices=Source)
    file = models.CharField(_("file"), max_length=128)
    sha256 = models.CharField(max_length=64, unique=True)
    partner = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("judged by")
    )
    is_default = models.BooleanField(_("default"), default=False)
    is_stand_in = models.BooleanField(_("untrained stand-in"), default=False)
    subject = models.CharField(_("what it shows"), max_length=16, default="palm")
    image_size = models.PositiveIntegerField(_("pixels a side"), default=0)
    parameters = models.PositiveBigIntegerField(_("parameters"), default=0)
    header = models.JSONField(default=dict, blank=True)
    seconds_per_image = models.FloatField(_("seconds an image here"), null=True, blank=True)
    bytes_per_image = models.PositiveIntegerField(_("bytes an image"), default=0)
    code = models.CharField(max_length=64, blank=True)
    # What `rejections` says of the code, with the message as its detail.
    message = models.TextField(_("why"), blank=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    added_at = models.DateTimeField(_("added"), db_default=Now())
    published_at = models.DateTimeField(_("published"), null=True, blank=True)

    objects = CheckpointQuerySet.as_manager()

    class Meta:
        verbose_name = _("model")
        verbose_name_plural = _("models")
        ordering: ClassVar = ["-is_default", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="sets_one_default"
            ),
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(state="published", kind="generator"),
                name="sets_default_is_published",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def reason(self) -> str:
        """Why it is refused, in the reader's language."""
        return rejections.said(self.code, self.message)

    @property
    def licence(self) -> str:
        """The terms that its file states: ours in the reader's language, another's as they are."""
        stated = str(self.header.get("licence", ""))
        return said(stated, {}) if stated in messages.LICENCES else stated

    @property
    def metrics(self) -> dict[str, Any]:
        """What was measured of it when it was trained."""
        found: dict[str, Any] = self.header.get("metrics", {})
        return found

    @property
    def quality(self) -> dict[str, Any]:
        """How near to real ones it comes, as its file says: the headline of its metrics, in the names of a set's."""
        return headers.headline(self.header)

    @property
    def is_scored(self) -> bool:
        """Whether its images carry a probability and may be chosen among."""
        return self.partner_id is not None

    @property
    def knows_hands(self) -> bool:
        """Whether left or right may be asked for."""
        return "hand" in self.header.get("conditions", {})
