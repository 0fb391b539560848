"""Data sets of real and made images, models fitted on them, and what those said of images.

Fields, constraints and pure properties. Ids are names that people give, unique per owner; files are named by the
row's own key.
"""

import re
import uuid
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from generation.jobs.wording import said

SPLITS = ("train", "test")
LABELS = ("real", "fake")
LONGEST_NAME = 64
NAME = re.compile(r"\w[\w.-]*")


class State(models.TextChoices):
    """Where a thing of the lab is in its life. Its job knows more."""

    WAITING = "waiting", _("being made")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")


class _Made(models.Model):
    """What is made by a job for one person: its state, and why it failed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="lab_%(class)ss"
    )
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    code = models.CharField(max_length=64, blank=True)
    message = models.TextField(_("why"), blank=True)
    message_params = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(_("made"), db_default=Now())

    class Meta:
        abstract = True

    @property
    def text(self) -> str:
        """Why it failed, in the reader's language."""
        return said(self.message, self.message_params)

    @property
    def is_ready(self) -> bool:
        """Whether it can be used."""
        return self.state == State.READY

    @property
    def is_waiting(self) -> bool:
        """Whether a job is at it."""
        return self.state == State.WAITING


class Dataset(_Made):
    """Images in train and test, each real or fake. `source` says what they come from, `eda` what they are.

    `features` has the bytes of each file of features that is kept beside the images and charged.
    """

    name = models.CharField(_("id"), max_length=LONGEST_NAME)
    source = models.JSONField(default=dict)
    seed = models.PositiveBigIntegerField(default=0)
    images = models.PositiveIntegerField(_("images"), default=0)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    eda = models.JSONField(default=dict, blank=True)
    features = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("data set")
        verbose_name_plural = _("data sets")
        ordering: ClassVar = ["-created_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "name"], name="lab_dataset_id_once"),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(code=""), name="lab_dataset_failed_says_why"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def folder(self) -> Path:
        """Where its files lie."""
        return Path(settings.MEDIA_ROOT) / "lab" / "datasets" / str(self.pk)

    @property
    def features_size(self) -> int:
        """What the kept features take, in bytes."""
        return sum(self.features.values())


class Fit(_Made):
    """A model: the wish in `settings`, what came of it in `report`, how the loss went in `history`."""

    name = models.CharField(_("id"), max_length=LONGEST_NAME)
    dataset = models.ForeignKey(Dataset, on_delete=models.SET_NULL, null=True, related_name="fits")
    dataset_name = models.CharField(_("data set"), max_length=LONGEST_NAME)
    settings = models.JSONField(default=dict)
    history = models.JSONField(default=list, blank=True)
    report = models.JSONField(default=dict, blank=True)
    is_set = models.BooleanField(_("set for inference"), default=False)

    class Meta:
        verbose_name = _("lab model")
        verbose_name_plural = _("lab models")
        ordering: ClassVar = ["-created_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "name"], name="lab_fit_id_once"),
            models.UniqueConstraint(fields=["owner"], condition=Q(is_set=True), name="lab_one_fit_set"),
            models.CheckConstraint(condition=Q(is_set=False) | Q(state="ready"), name="lab_set_is_ready"),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(code=""), name="lab_fit_failed_says_why"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        """Where its weights lie."""
        return Path(settings.MEDIA_ROOT) / "lab" / "models" / f"{self.pk}.safetensors"

    @property
    def backbone(self) -> str:
        """The network that was used, or that will be."""
        return str(self.report.get("backbone") or self.settings.get("backbone", ""))

    @property
    def accuracy(self) -> float | None:
        """Share of the test images told rightly, at one half."""
        found: float | None = self.report.get("accuracy")
        return found

    @property
    def in_both(self) -> int | None:
        """How many images it both learned from and was judged on: with them its numbers look better than they are.
        None where that was not noted.
        """
        found: int | None = self.report.get("in_both")
        return found


class Prediction(_Made):
    """Images that a model was asked about, and its answers in `results`. Kept for some days.

    `size` is what of it is charged: the files as they came, then the pictures that are shown with the answers.
    """

    fit = models.ForeignKey(Fit, on_delete=models.CASCADE, related_name="predictions")
    threshold = models.FloatField()
    names = models.JSONField(default=list)
    results = models.JSONField(default=list, blank=True)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("prediction")
        verbose_name_plural = _("predictions")
        ordering: ClassVar = ["-created_at", "-id"]
        indexes: ClassVar = [models.Index(fields=["owner", "-created_at"], name="lab_predictions_of_owner")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(threshold__gte=0.0, threshold__lte=1.0), name="lab_threshold_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fit_id} ({len(self.names)})"

    @property
    def folder(self) -> Path:
        """Where the images lie."""
        return Path(settings.MEDIA_ROOT) / "lab" / "predictions" / str(self.pk)

    def result_of(self, index: int) -> dict[str, Any] | None:
        """The answer about one image."""
        return next((result for result in self.results if result["index"] == index), None)
