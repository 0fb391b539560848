"""The administration of models: add, look at what the worker found, publish, take back, make default, retire."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.errors import DomainError
from accounts.models import User
from generation.sets import catalogue, storage
from generation.sets.forms import RenameModelForm
from generation.sets.models import Checkpoint


@admin.register(Checkpoint)
class CheckpointAdmin(admin.ModelAdmin):
    """Models, those that wait for a decision first."""

    form = RenameModelForm
    list_display = ("name", "kind", "state", "is_default", "image_size", "partner", "added_at", "reason")
    list_filter = ("state", "kind", "source")
    search_fields = ("name", "sha256")
    ordering = ("published_at", "-added_at")
    actions = ("publish", "unpublish", "make_default", "retire", "verify")
    readonly_fields = (
        "samples", "kind", "state", "source", "sha256", "partner", "is_default", "is_stand_in", "subject",
        "image_size", "parameters", "seconds_per_image", "bytes_per_image", "header", "reason", "added_by",
        "added_at", "published_by", "published_at",
    )  # fmt: skip

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Models come through the page whose upload can break off and go on."""
        return redirect("sets:add_model")

    def get_fields(self, request: HttpRequest, obj: Checkpoint | None = None) -> Any:
        """The name, and what is known."""
        return ("name", *self.readonly_fields)

    @admin.display(description=_("samples"))
    def samples(self, model: Checkpoint) -> SafeString | str:
        """What it makes."""
        if model.kind != Checkpoint.Kind.GENERATOR or not storage.grid_is_kept(model):
            return "–"
        url = reverse("sets:grid", args=[model.name])
        return format_html('<img src="{}" width="384" height="384" alt="">', url)

    @admin.display(description=_("why"))
    def reason(self, model: Checkpoint) -> str:
        """Why it is refused."""
        return model.reason

    def has_delete_permission(self, request: HttpRequest, obj: Checkpoint | None = None) -> bool:
        """A model that something was made with is retired, not deleted."""
        return super().has_delete_permission(request, obj) and (obj is None or not catalogue.is_used(obj))

    def get_actions(self, request: HttpRequest) -> Any:
        """Deleting is done one by one, on a model's own page."""
        return {
            name: action for name, action in super().get_actions(request).items() if name != "delete_selected"
        }

    def delete_model(self, request: HttpRequest, obj: Checkpoint) -> None:
        """Remove row and file."""
        catalogue.delete(by=_by(request), model=obj)

    @admin.action(description=_("Publish"))
    def publish(self, request: HttpRequest, rows: QuerySet[Checkpoint]) -> None:
        """Offer them."""
        self._each(request, rows, catalogue.publish)

    @admin.action(description=_("Take back"))
    def unpublish(self, request: HttpRequest, rows: QuerySet[Checkpoint]) -> None:
        """Offer them no longer."""
        self._each(request, rows, catalogue.unpublish)

    @admin.action(description=_("Make the default"))
    def make_default(self, request: HttpRequest, rows: QuerySet[Checkpoint]) -> None:
        """Begin new orders with it."""
        self._each(request, rows, catalogue.make_default)

    @admin.action(description=_("Retire"))
    def retire(self, request: HttpRequest, rows: QuerySet[Checkpoint]) -> None:
        """Make nothing new with them."""
        self._each(request, rows, catalogue.retire)

    @admin.action(description=_("Verify again"))
    def verify(self, request: HttpRequest, rows: QuerySet[Checkpoint]) -> None:
        """Have the worker look once more."""
        self._each(request, rows, catalogue.verify)

    def _each(self, request: HttpRequest, rows: QuerySet[Checkpoint], do: Callable[..., None]) -> None:
        for model in rows:
            try:
                do(by=_by(request), model=model)
            except DomainError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.message_user(request, _("%(name)s: done.") % {"name": model.name})


def _by(request: HttpRequest) -> User:
    return cast(User, request.user)
