"""The administration of people: who they are, what they use, whom to let in; and the log, which nobody edits."""

from typing import Any, cast

from allauth.account.decorators import secure_admin_login
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import audit, quotas, selectors, services, tokens
from accounts.admin_base import OnlyToLookAt
from accounts.errors import DomainError
from accounts.models import ApiToken, AuditEvent, LedgerEntry, User

# Django's own sign-in of the administration knows no second factor and no limit on attempts.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


def _administrator(request: HttpRequest) -> User:
    return cast(User, request.user)


def _record(request: HttpRequest, action: str, target: str, form: "ModelForm[Any] | None" = None) -> None:
    """Write an administrator's deed into the log: which fields were touched, never what they hold."""
    detail = {"fields": form.changed_data} if form is not None else None
    audit.record(by=_administrator(request), action=action, target=target, detail=detail)


class NewPersonForm(AdminUserCreationForm):
    """A person whom an administrator makes."""

    class Meta(AdminUserCreationForm.Meta):
        model = User


class PersonForm(UserChangeForm):
    """A person as an administrator changes them."""

    class Meta(UserChangeForm.Meta):
        model = User


class LedgerInline(OnlyToLookAt, admin.TabularInline):
    """What a person uses; only the rooms write it."""

    model = LedgerEntry
    fields = readonly_fields = ("kind", "count", "size_words")
    verbose_name_plural = _("use of storage")

    @admin.display(description=_("size"))
    def size_words(self, row: LedgerEntry) -> str:
        """Bytes as people read them."""
        return filesizeformat(row.size)


@admin.register(User)
class PersonAdmin(UserAdmin):
    """People with what they use of their limits."""

    form = PersonForm
    add_form = NewPersonForm
    list_display = (
        "username",
        "email",
        "approval",
        "is_active",
        "is_staff",
        "images_words",
        "bytes_words",
        "last_login",
    )
    list_filter = ("approval", "is_active", "is_staff", "is_superuser")
    search_fields = ("username", "first_name", "last_name", "email")
    ordering = ("username",)
    # Django's widget of two lists names parts that readers of the screen cannot have a name for.
    filter_horizontal = ()
    # What happened is not typed; the two fields of a time would have one label.
    readonly_fields = ("last_login", "date_joined")
    actions = ("let_people_in", "turn_people_away")
    inlines = (LedgerInline,)
    fieldsets = (
        *(UserAdmin.fieldsets or ()),
        (_("Site"), {"fields": ("approval", "language", "theme")}),
        (
            _("Own limits"),
            {
                "fields": (
                    "quota_images_per_order",
                    "quota_orders_at_once",
                    "quota_stored_images",
                    "quota_stored_bytes",
                ),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """People with their use. Who looks after people only does not find those who look after the site."""
        people = super().get_queryset(request)
        if not _administrator(request).is_superuser:
            # Or a new password for one of them would be a way to all they may do.
            people = people.filter(is_staff=False, is_superuser=False)
        return selectors.people_with_use(people)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Rights are given by who has all of them."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if _administrator(request).is_superuser else (*fields, *RIGHTS)

    def get_inlines(self, request: HttpRequest, obj: Any) -> tuple[Any, ...]:
        """Use only where there is somebody who uses."""
        return self.inlines if obj else ()

    @admin.display(description=_("images"), ordering="used_images")
    def images_words(self, person: Any) -> str:
        """Stored images of those allowed."""
        limit = quotas.limits(person).stored_images
        used = number_format(person.used_images, force_grouping=True)
        return _("%(used)s of %(limit)s") % {"used": used, "limit": number_format(limit, force_grouping=True)}

    @admin.display(description=_("storage"), ordering="used_bytes")
    def bytes_words(self, person: Any) -> str:
        """Stored bytes of those allowed."""
        limit = quotas.limits(person).stored_bytes
        used = filesizeformat(person.used_bytes)
        return _("%(used)s of %(limit)s") % {"used": used, "limit": filesizeformat(limit)}

    @admin.action(description=_("Let in"), permissions=["change"])
    def let_people_in(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """Let the chosen people in and write to them."""
        url = request.build_absolute_uri(reverse("account_login"))
        waiting = list(people.exclude(approval=User.Approval.APPROVED))
        for person in waiting:
            services.let_in(by=_administrator(request), user=person, sign_in_url=url)
        self._say(
            request, ngettext("%(count)d person let in.", "%(count)d people let in.", len(waiting)), waiting
        )

    @admin.action(description=_("Turn away"), permissions=["change"])
    def turn_people_away(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """Turn those of the chosen people away who wait."""
        waiting = list(people.filter(approval=User.Approval.WAITING))
        for person in waiting:
            services.turn_away(by=_administrator(request), user=person)
        self._say(
            request,
            ngettext("%(count)d person turned away.", "%(count)d people turned away.", len(waiting)),
            waiting,
        )

    def save_model(self, request: HttpRequest, obj: User, form: "ModelForm[Any]", change: bool) -> None:
        """Keep a new or changed person, and write down who did it: rights and limits are given here."""
        super().save_model(request, obj, form, change)
        if not change:
            _record(request, "account.create", audit.target_of(obj))
        elif form.has_changed():
            _record(request, "account.change", audit.target_of(obj), form)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Set a person's password, and write down that it was not they who did."""
        person = self.get_object(request, unquote(id))
        with transaction.atomic():
            response = super().user_change_password(request, id, form_url)
            # Without a person, the page above has answered already.
            if person and User.objects.filter(pk=person.pk).exclude(password=person.password).exists():
                _record(request, "password.set", audit.target_of(person))
        return response

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Show whom; what goes with a person is the rooms' business, not that of single permissions."""
        names = [str(person) for person in objs]
        return names, {str(User._meta.verbose_name_plural): len(names)}, set(), []

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """Delete a person with all files."""
        self._delete(request, [obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Delete several people with all files."""
        self._delete(request, list(queryset))

    def _delete(self, request: HttpRequest, people: list[User]) -> None:
        for person in people:
            try:
                services.delete_account(by=_administrator(request), user=person)
            except DomainError as error:
                messages.error(request, error.message)

    def _say(self, request: HttpRequest, words: str, people: list[User]) -> None:
        messages.success(request, words % {"count": len(people)})


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):
    """Tokens of everybody: to be seen and revoked, never made or changed here."""

    list_display = ("name", "user", "hint", "read_only", "created_at", "expires_at", "last_used_at")
    list_filter = ("read_only",)
    list_select_related = ("user",)
    search_fields = ("name", "hint", "user__username", "user__email")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only the person makes tokens."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A token never changes."""
        return False

    def delete_model(self, request: HttpRequest, obj: ApiToken) -> None:
        """Revoke a token."""
        tokens.take_away(by=_administrator(request), found=[obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """Revoke several tokens."""
        tokens.take_away(by=_administrator(request), found=queryset)


admin.site.unregister(Group)


@admin.register(Group)
class RightsAdmin(GroupAdmin):
    """Groups of people with the rights they bring; who gives some stands in the log."""

    filter_horizontal = ()

    def save_model(self, request: HttpRequest, obj: Group, form: "ModelForm[Any]", change: bool) -> None:
        """Keep a new or changed group."""
        super().save_model(request, obj, form, change)
        _record(request, "group.change" if change else "group.create", f"group:{obj.pk}", form)

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        """Delete a group; its people stay, without the rights it brought."""
        _record(request, "group.delete", f"group:{obj.pk}")
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        """Delete several groups."""
        for group in queryset:
            self.delete_model(request, group)


@admin.register(AuditEvent)
class AuditEventAdmin(OnlyToLookAt, admin.ModelAdmin):
    """Who did what, when and from where. Nobody writes into the log or deletes from it."""

    list_display = ("at", "by", "action", "target", "address", "request_id")
    list_filter = ("action", "at")
    list_select_related = ("by",)
    search_fields = ("by__username", "action", "target", "request_id", "=address")
    date_hierarchy = "at"
