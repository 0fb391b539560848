"""One row an upload: how much of a file has arrived. Fields, constraints and pure properties only."""

import uuid
from pathlib import Path
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Upload(models.Model):
    """A file on its way in. `offset` bytes of `size` are kept; the file below `path` is private."""

    class State(models.TextChoices):
        """Where an upload is in its life."""

        RECEIVING = "receiving", _("arriving")
        COMPLETE = "complete", _("complete")
        BROKEN = "broken", _("broken")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="uploads", verbose_name=_("owner")
    )
    purpose = models.CharField(_("for"), max_length=32)
    name = models.CharField(_("name"), max_length=255)
    size = models.PositiveBigIntegerField(_("size"))
    offset = models.PositiveBigIntegerField(_("arrived"), default=0)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.RECEIVING)
    created_at = models.DateTimeField(_("begun"), db_default=Now())
    expires_at = models.DateTimeField(_("kept until"), db_index=True)

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        ordering: ClassVar = ["-created_at", "-id"]
        indexes: ClassVar = [models.Index(fields=["owner", "state"], name="uploads_of_owner")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(offset__lte=F("size")), name="uploads_offset_within_size"),
            models.CheckConstraint(
                condition=~Q(state="complete") | (Q(offset=F("size")) & ~Q(sha256="")),
                name="uploads_complete_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["receiving", "complete", "broken"]), name="uploads_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.offset} of {self.size})"

    @property
    def path(self) -> Path:
        """Where its bytes lie. The name people gave is a label and never part of a path."""
        return Path(settings.MEDIA_ROOT) / "uploads" / str(self.owner_id) / str(self.pk)

    @property
    def percent(self) -> int:
        """Arrived of all in whole percent, rounded down."""
        return self.offset * 100 // self.size if self.size else 100
