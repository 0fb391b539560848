"""People, their API tokens, what they use of the site, and the log of who did what.

Fields, constraints and pure properties only: nothing here is written by reading it, and no rule about
who may do what lives here (see policies) nor any change of state (see services, tokens, ledger, audit).
"""

from typing import Any, ClassVar, NoReturn

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """A person of this site, with the language and theme they chose and their own quotas, if any."""

    class Approval(models.TextChoices):
        """Whether an administrator let the person in; only those let in can be active."""

        WAITING = "waiting", _("waiting")
        APPROVED = "approved", _("let in")
        DENIED = "denied", _("turned away")

    class Language(models.TextChoices):
        """The languages of the site; empty follows the browser."""

        BROWSER = "", _("as the browser says")
        ENGLISH = "en", "English"
        RUSSIAN = "ru", "Русский"

    class Theme(models.TextChoices):
        """The looks of the site; empty follows the system."""

        SYSTEM = "", _("as the system says")
        LIGHT = "light", _("light")
        DARK = "dark", _("dark")

    email = models.EmailField(_("e-mail address"), blank=True)
    language = models.CharField(_("language"), max_length=8, choices=Language, blank=True, default="")
    theme = models.CharField(_("theme"), max_length=8, choices=Theme, blank=True, default="")
    approval = models.CharField(
        _("let in"), max_length=8, choices=Approval, default=Approval.APPROVED, db_index=True
    )
    quota_images_per_order = models.PositiveIntegerField(
        _("images per order"), null=True, blank=True, help_text=_("Empty: as for everybody.")
    )
    quota_orders_at_once = models.PositiveIntegerField(
        _("orders at once"), null=True, blank=True, help_text=_("Empty: as for everybody.")
    )
    quota_stored_images = models.PositiveIntegerField(
        _("stored images"), null=True, blank=True, help_text=_("Empty: as for everybody.")
    )
    quota_stored_bytes = models.PositiveBigIntegerField(
        _("stored bytes"), null=True, blank=True, help_text=_("Empty: as for everybody.")
    )

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints: ClassVar = [
            models.UniqueConstraint(
                Lower("username"),
                name="accounts_user_name_once",
                violation_error_message=_("Somebody has this name already. Choose another."),
            ),
            models.UniqueConstraint(
                Lower("email"),
                condition=~models.Q(email=""),
                name="accounts_user_email_once",
                violation_error_message=_("Another account has this e-mail address already."),
            ),
            models.CheckConstraint(
                condition=models.Q(approval="approved") | models.Q(is_active=False),
                name="accounts_user_active_is_approved",
                violation_error_message=_("Only a person who was let in can be active."),
            ),
        ]

    @property
    def display_name(self) -> str:
        """The name to greet the person by."""
        return self.get_full_name() or self.username


class ApiToken(models.Model):
    """One key for programs. Only its hash is kept; the key itself is shown once, when it is made."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=80)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=16, editable=False, help_text=_("How the key begins."))
    read_only = models.BooleanField(_("read only"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(_("ends"), db_index=True)
    last_used_at = models.DateTimeField(_("last use"), null=True, editable=False)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering: ClassVar = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    @property
    def is_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at <= timezone.now()


class LedgerEntry(models.Model):
    """How many things of one kind a person stores and how many bytes they take (see ledger.py)."""

    class Kind(models.TextChoices):
        """What is counted. TOTAL carries the sum of all bytes, so that one row guards the limit."""

        IMAGES = "images", _("images")
        UPLOADS = "uploads", _("uploads")
        EXPORTS = "exports", _("downloads")
        DATASETS = "datasets", _("data sets")
        REFERENCES = "references", _("references")
        TOTAL = "total", _("everything")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="ledger")
    kind = models.CharField(max_length=16, choices=Kind)
    count = models.PositiveBigIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("use of storage")
        verbose_name_plural = _("use of storage")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "kind"], name="accounts_ledger_one_row_a_kind")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind}: {self.count}, {self.size} B"


class KeptAnswer(models.Model):
    """The answer to a request that came with an Idempotency-Key, for who asks again (see idempotency.py)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(null=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("kept answer")
        verbose_name_plural = _("kept answers")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "key"], name="accounts_kept_answer_one_a_key")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.key}: {self.status}"


class ReadOnlyQuerySet(models.QuerySet[Any]):
    """Rows that are written once: changing or deleting them in bulk is an error of the program."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise TypeError("The audit log is written once and never changed.")

    def delete(self) -> NoReturn:
        """Refuse."""
        raise TypeError("The audit log is written once and never deleted.")


class AuditEvent(models.Model):
    """One thing that somebody did. Written by audit.record, never changed afterwards."""

    by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("who")
    )
    action = models.CharField(_("what"), max_length=64, db_index=True)
    target = models.CharField(_("to what"), max_length=200, blank=True, db_index=True)
    detail = models.JSONField(_("detail"), default=dict, blank=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True, db_index=True)
    address = models.GenericIPAddressField(_("from"), null=True, blank=True)
    at = models.DateTimeField(_("when"), auto_now_add=True, db_index=True)

    objects = ReadOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit log")
        ordering: ClassVar = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.action} {self.target}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the event, once."""
        if self.pk is not None:
            raise TypeError("The audit log is written once and never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise TypeError("The audit log is written once and never deleted.")
