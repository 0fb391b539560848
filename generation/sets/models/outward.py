"""How a set leaves its owner's pages: shares, exports as files, and programs that are told when an order ends."""

from pathlib import PurePosixPath
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from generation.jobs.models import new_id
from generation.jobs.wording import said
from generation.sets.models.images import ImageSet


class Share(models.Model):
    """Somebody else may look at a set and download it: a named person, or whoever has the link."""

    image_set = models.ForeignKey(ImageSet, on_delete=models.CASCADE, related_name="shares")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="shared_with_me",
    )
    link_hash = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("share")
        verbose_name_plural = _("shares")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["image_set", "user"], condition=Q(user__isnull=False), name="sets_share_once"
            ),
            models.UniqueConstraint(fields=["link_hash"], condition=~Q(link_hash=""), name="sets_link_once"),
            models.CheckConstraint(
                condition=(Q(user__isnull=False) & Q(link_hash=""))
                | (Q(user__isnull=True, expires_at__isnull=False) & ~Q(link_hash="")),
                name="sets_share_is_one_kind",
            ),
        ]

    def __str__(self) -> str:
        return str(self.user_id or "link")


class Export(models.Model):
    """A set, or some of its images, as a file that a worker makes: what cannot be computed while it is sent."""

    class Format(models.TextChoices):
        """What kind of file."""

        JPEG = "jpeg", "JPEG"
        WEBP = "webp", "WebP"
        PARQUET = "parquet", "Parquet"

    class State(models.TextChoices):
        """Where an export is in its life."""

        WAITING = "waiting", _("being made")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="exports")
    image_set = models.ForeignKey(ImageSet, on_delete=models.CASCADE, related_name="exports")
    set_version = models.PositiveIntegerField()
    format = models.CharField(_("format"), max_length=8, choices=Format)
    # Quality, share of val and the selection, as a query says them.
    wish = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    code = models.CharField(max_length=64, blank=True)
    message = models.TextField(_("why"), blank=True)
    message_params = models.JSONField(default=dict, blank=True)
    count = models.PositiveIntegerField(_("images"), default=0)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    charged_size = models.PositiveBigIntegerField(default=0)
    job = models.ForeignKey("jobs.Job", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(_("asked for"), db_default=Now())
    expires_at = models.DateTimeField(_("kept until"), db_index=True)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["owner", "image_set", "-id"], name="sets_exports_of_owner")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(code=""), name="sets_failed_export_says_why"
            ),
            models.CheckConstraint(
                condition=~Q(state="ready") | ~Q(sha256=""), name="sets_ready_export_is_whole"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.image_set_id} {self.format} ({self.state})"

    @property
    def suffix(self) -> str:
        """How its file name ends."""
        return "parquet" if self.format == self.Format.PARQUET else "zip"

    @property
    def path(self) -> PurePosixPath:
        """Where its file lies inside the media folder."""
        return PurePosixPath("exports", str(self.owner_id), f"{self.pk}.{self.suffix}")

    @property
    def text(self) -> str:
        """Why it failed, in the reader's language."""
        return said(self.message, self.message_params)


class Webhook(models.Model):
    """An address of a person's own program, told when one of their orders ends."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhooks")
    url = models.CharField(_("address"), max_length=500)
    # Whoever signs needs the secret itself; it is shown once and leaves the table in no answer.
    secret = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(_("made"), db_default=Now())

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["owner", "url"], name="sets_webhook_once")]

    def __str__(self) -> str:
        return self.url


class Delivery(models.Model):
    """One message to one webhook, with what came of it. `next_at` is when it is tried (again)."""

    class State(models.TextChoices):
        """Where a message is on its way."""

        WAITING = "waiting", _("on its way")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("given up")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(_("event"), max_length=32)
    body = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    status = models.PositiveSmallIntegerField(_("answer"), null=True, blank=True)
    message = models.TextField(_("why"), blank=True)
    message_params = models.JSONField(default=dict, blank=True)
    job = models.ForeignKey("jobs.Job", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(_("made"), db_default=Now())
    next_at = models.DateTimeField(_("next try"), null=True, blank=True)

    class Meta:
        verbose_name = _("message to a webhook")
        verbose_name_plural = _("messages to webhooks")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["next_at"], condition=Q(state="waiting"), name="sets_deliveries_due")
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="waiting", next_at__isnull=False)
                | (~Q(state="waiting") & Q(next_at__isnull=True)),
                name="sets_delivery_waits_for_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} ({self.state})"

    @property
    def text(self) -> str:
        """What went wrong, in the reader's language."""
        return said(self.message, self.message_params)
