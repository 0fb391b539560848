"""Checkpoints, orders and their chunks, sets and their images, scores, shares, exports, and who is told of an end.

Fields, constraints, querysets and pure properties; services write. A set's quality is written by the evaluation
room as JSON: here it is only read.
"""

from pathlib import PurePosixPath
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from generation.jobs.models import new_id
from generation.jobs.wording import said
from mlcore.spec import GenerationSpec


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
    def metrics(self) -> dict[str, Any]:
        """What was measured of it when it was trained."""
        found: dict[str, Any] = self.header.get("metrics", {})
        return found

    @property
    def is_scored(self) -> bool:
        """Whether its images carry a probability and may be chosen among."""
        return self.partner_id is not None

    @property
    def knows_hands(self) -> bool:
        """Whether left or right may be asked for."""
        return "hand" in self.header.get("conditions", {})


class ImageSetQuerySet(models.QuerySet["ImageSet"]):
    """The parts of the table that people ask for."""

    def present(self) -> Self:
        """Not in the trash and no preview."""
        return self.filter(deleted_at__isnull=True, is_preview=False)


class ImageSet(models.Model):
    """Images that belong together: made from one recipe, or chosen from other sets."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="image_sets")
    name = models.CharField(_("name"), max_length=120)
    note = models.TextField(_("note"), max_length=2000, blank=True)
    tags = models.JSONField(_("tags"), default=list, blank=True)
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

    @property
    def folder(self) -> PurePosixPath:
        """Where its files lie inside the media folder."""
        return PurePosixPath("sets", str(self.pk))

    @property
    def is_partial(self) -> bool:
        """Whether fewer images are here than were ordered."""
        return self.count < self.wanted


class Order(models.Model):
    """One wish for images of one set. Its chunks are made by workers; it ends when the last one does."""

    class State(models.TextChoices):
        """Where an order is in its life."""

        OPEN = "open", _("being made")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("stopped")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="orders")
    image_set = models.ForeignKey(ImageSet, on_delete=models.CASCADE, related_name="orders")
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="orders")
    spec = models.JSONField()
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.OPEN)
    code = models.CharField(max_length=64, blank=True)
    message = models.TextField(blank=True)
    message_params = models.JSONField(default=dict, blank=True)
    keeps_when_stopped = models.BooleanField(default=True)
    charged_count = models.PositiveIntegerField(default=0)
    charged_size = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["owner", "state"], name="sets_orders_of_owner"),
            models.Index(fields=["owner", "-id"], name="sets_orders_latest"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="open", ended_at__isnull=True)
                | (~Q(state="open") & Q(ended_at__isnull=False)),
                name="sets_order_ended",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(code=""), name="sets_failed_order_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.image_set_id} ({self.state})"

    @property
    def wish(self) -> GenerationSpec:
        """What was asked for."""
        return GenerationSpec.from_json(self.spec)

    @property
    def is_live(self) -> bool:
        """Whether it is being made or waits."""
        return self.state == self.State.OPEN

    @property
    def text(self) -> str:
        """The message for people, in the reader's language."""
        return said(self.message, self.message_params)


class Chunk(models.Model):
    """A run of indices that one job makes."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="chunks")
    first_index = models.PositiveIntegerField()
    count = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    short = models.PositiveIntegerField(default=0)
    is_done = models.BooleanField(default=False)
    job = models.ForeignKey("jobs.Job", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("part of an order")
        verbose_name_plural = _("parts of orders")
        ordering: ClassVar = ["first_index"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "first_index"], name="sets_chunk_once"),
            models.CheckConstraint(condition=Q(done__lte=F("count")), name="sets_chunk_within"),
        ]

    def __str__(self) -> str:
        return f"{self.first_index} +{self.count}"


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
    """What another scorer than the model's own says of an image."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="scores")
    scorer = models.CharField(max_length=80)
    value = models.FloatField()

    class Meta:
        verbose_name = _("score")
        verbose_name_plural = _("scores")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["image", "scorer"], name="sets_score_once"),
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
