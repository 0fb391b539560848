"""Orders and the chunks that workers make of them. What they make is in `images`."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from generation.jobs.models import new_id
from generation.jobs.wording import said
from generation.sets.models.checkpoints import Checkpoint
from generation.sets.models.images import ImageSet
from mlcore.spec import GenerationSpec


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
