"""References with their banks of features, evaluations of sets, comparisons of several, and what people's eyes say.

Fields, constraints, querysets and pure properties; services write. A result is JSON as `mlcore.evaluation` gave it.
"""

from pathlib import Path
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from generation.evaluation import messages
from generation.jobs.models import new_id
from generation.jobs.wording import said


class ReferenceQuerySet(models.QuerySet["Reference"]):
    """The parts of the table that people ask for."""

    def to_measure_against(self) -> Self:
        """What was held out and has at least one bank, no training data."""
        return self.filter(role=Reference.Role.REFERENCE, banks__isnull=False).distinct()


class Reference(models.Model):
    """Real palms, or hands, as features only. Without an owner it is the site's, for everybody."""

    class Subject(models.TextChoices):
        """What its photographs show."""

        PALM = "palm", _("palms")
        HAND = "hand", _("hands")

    class Role(models.TextChoices):
        """What it is compared for."""

        REFERENCE = "reference", _("held out")
        TRAINING = "training", _("learned from")

    class State(models.TextChoices):
        """Where one that people add is in its life; what ships is ready."""

        WAITING = "waiting", _("being made")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="references"
    )
    name = models.CharField(_("name"), max_length=80)
    subject = models.CharField(_("what it shows"), max_length=4, choices=Subject, default=Subject.PALM)
    role = models.CharField(_("role"), max_length=9, choices=Role, default=Role.REFERENCE)
    content = models.CharField(max_length=64)
    split = models.CharField(max_length=16, blank=True)
    lineage = models.JSONField(_("where it comes from"), default=list, blank=True)
    notes = models.TextField(_("note"), blank=True)
    n = models.PositiveIntegerField(_("images"), default=0)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.READY)
    code = models.CharField(max_length=64, blank=True)
    message = models.TextField(blank=True)
    message_params = models.JSONField(default=dict, blank=True)
    # Where the photographs come from and what is wished: file, upload or folder, people, keep.
    request = models.JSONField(default=dict, blank=True)
    # What came of them: how many were seen, of how many people, which were refused and why.
    report = models.JSONField(default=dict, blank=True)
    keeps_photos = models.BooleanField(_("keeps its photographs"), default=False)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    job = models.ForeignKey("jobs.Job", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("reference")
        verbose_name_plural = _("references")
        ordering: ClassVar = ["created_at", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["name"], condition=Q(owner__isnull=True), name="evaluation_site_reference_once"
            ),
            models.UniqueConstraint(
                fields=["owner", "name"], condition=Q(owner__isnull=False), name="evaluation_reference_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_waiting(self) -> bool:
        """Whether its features are on their way."""
        return self.state == self.State.WAITING

    @property
    def is_ready(self) -> bool:
        """Whether sets can be measured against it."""
        return self.state == self.State.READY

    @property
    def is_added(self) -> bool:
        """Whether a person added it here; the others follow files of the operator."""
        return bool(self.request)

    @property
    def text(self) -> str:
        """Why it failed, in the reader's language."""
        return said(self.message, self.message_params)

    @property
    def note(self) -> str:
        """Its note: one of ours in the reader's language, an operator's own as it is."""
        return said(self.notes, {}) if self.notes in messages.NOTES else self.notes

    @property
    def folder(self) -> Path:
        """Where the banks and photographs of one that was added lie."""
        return Path(settings.MEDIA_ROOT) / "references" / str(self.pk)

    @property
    def photos_folder(self) -> Path:
        """The cut palms, where they are kept: 000000.png and on."""
        return self.folder / "photos"


class Bank(models.Model):
    """The features of a reference in one network: one file."""

    class Source(models.TextChoices):
        """Where its file lies."""

        ZOO = "zoo", _("ships with palmsite")
        SITE = "site", _("added by the operator")
        UPLOAD = "upload", _("uploaded")

    reference = models.ForeignKey(Reference, on_delete=models.CASCADE, related_name="banks")
    extractor = models.CharField(max_length=40)
    weights_sha256 = models.CharField(max_length=64)
    source = models.CharField(max_length=8, choices=Source)
    file = models.CharField(max_length=128)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("bank of features")
        verbose_name_plural = _("banks of features")
        ordering: ClassVar = ["extractor"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["reference", "extractor", "weights_sha256"], name="evaluation_bank_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference_id} {self.extractor}"

    @property
    def path(self) -> Path:
        """Where its file lies."""
        folders = {
            self.Source.ZOO: Path(settings.BASE_DIR) / "mlcore" / "zoo",
            self.Source.SITE: Path(settings.PALMSITE_DATA) / "references",
            self.Source.UPLOAD: Path(settings.MEDIA_ROOT) / "references",
        }
        return folders[self.Source(self.source)] / self.file


class Measured(models.Model):
    """What evaluations and comparisons have in common: a job works on them and leaves a result or a reason."""

    class State(models.TextChoices):
        """Where it is in its life."""

        WAITING = "waiting", _("being measured")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("stopped")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.WAITING)
    code = models.CharField(max_length=64, blank=True)
    message = models.TextField(blank=True)
    message_params = models.JSONField(default=dict, blank=True)
    spec = models.JSONField(default=dict)
    result = models.JSONField(default=dict, blank=True)
    job = models.ForeignKey("jobs.Job", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_waiting(self) -> bool:
        """Whether its result is on its way."""
        return self.state == self.State.WAITING

    @property
    def is_done(self) -> bool:
        """Whether it has a result."""
        return self.state == self.State.DONE

    @property
    def text(self) -> str:
        """Why there is no result, in the reader's language."""
        return said(self.message, self.message_params)

    @property
    def extractor(self) -> str:
        """The network it is measured with."""
        return str(self.spec.get("extractor", ""))

    @property
    def reference_name(self) -> str:
        """What it is measured against."""
        return str(self.spec.get("reference", ""))

    @property
    def reference_subject(self) -> str:
        """What the reference shows; those of old showed palms."""
        return str(self.spec.get("subject", Reference.Subject.PALM))


class Evaluation(Measured):
    """One measurement of one set as it was on that day."""

    class Kind(models.TextChoices):
        """Which button was pressed."""

        EVALUATE = "evaluate", _("offline measures")
        FID = "fid", _("FID")

    image_set = models.ForeignKey("sets.ImageSet", on_delete=models.CASCADE, related_name="evaluations")
    reference = models.ForeignKey(
        Reference, on_delete=models.SET_NULL, null=True, blank=True, related_name="evaluations"
    )
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.EVALUATE)
    n = models.PositiveIntegerField(_("images"), default=0)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("evaluation")
        verbose_name_plural = _("evaluations")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["image_set", "kind", "-id"], name="evaluation_of_set"),
        ]

    def __str__(self) -> str:
        return f"{self.image_set_id} {self.kind} ({self.state})"


class Comparison(Measured):
    """Two to six sets and references measured side by side. Its address is its id: who may see the sets may see it."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="comparisons")
    sets = models.JSONField(default=list)

    class Meta:
        verbose_name = _("comparison")
        verbose_name_plural = _("comparisons")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["owner", "-id"], name="evaluation_comparisons")]

    def __str__(self) -> str:
        return f"{len(self.sets)} sets ({self.state})"


class Panel(models.Model):
    """Images of one set, real palms hidden among them, that people rate one by one without knowing which is which.

    An item is {"made": image number} or {"real": position among the reference's photographs}. Who may look at the
    set may rate; everybody gets the same items in an order of their own.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    image_set = models.ForeignKey("sets.ImageSet", on_delete=models.CASCADE, related_name="panels")
    reference = models.ForeignKey(
        Reference, on_delete=models.SET_NULL, null=True, blank=True, related_name="panels"
    )
    items = models.JSONField(default=list)
    seed = models.PositiveIntegerField(default=0)
    side = models.PositiveIntegerField(_("pixels a side"), default=0)
    result = models.JSONField(default=dict, blank=True)
    begun_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("rating of a set")
        verbose_name_plural = _("ratings of sets")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["image_set", "-id"], name="evaluation_panels")]

    def __str__(self) -> str:
        return f"{self.image_set_id} ({len(self.items)})"


class Rating(models.Model):
    """What one person said of one item."""

    panel = models.ForeignKey(Panel, on_delete=models.CASCADE, related_name="ratings")
    rater = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="palm_ratings")
    item = models.PositiveSmallIntegerField()
    realism = models.PositiveSmallIntegerField(_("realism"))
    tags = models.JSONField(_("artefacts"), default=list, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("rating")
        verbose_name_plural = _("ratings")
        ordering: ClassVar = ["panel", "rater", "item"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["panel", "rater", "item"], name="evaluation_rating_once"),
            models.CheckConstraint(
                condition=Q(realism__gte=1, realism__lte=5), name="evaluation_realism_1_to_5"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.panel_id} {self.item}: {self.realism}"
