"""Pages of a person's own account, and of those who let others in. Every page speaks of request.user alone."""

from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import appearance, audit, ledger, personal_data, policies, selectors, services, streams, tokens
from accounts.forms import DeleteForm, ProfileForm, TokenForm
from accounts.models import User
from accounts.quotas import limits


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Name, language, theme, what is used of the limits, and the ways to everything else."""
    person = _person(request)
    form = ProfileForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        form.save()
        with override(person.language or None):
            messages.success(request, _("Saved."))
        response = redirect("accounts:profile")
        appearance.remember(response, language=person.language, theme=person.theme)
        return response
    person.refresh_from_db()  # the frame shows the person as kept, not as typed
    context = {
        "form": form,
        "usage": ledger.usage(person),
        "limits": limits(person),
        "has_second_factor": is_mfa_enabled(person),
        "token_count": tokens.of(person).count(),
        "lets_people_in": policies.can_let_in(person),
        "waiting_count": selectors.applicants().count() if policies.can_let_in(person) else 0,
    }
    return render(request, "accounts/profile.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def tokens_page(request: HttpRequest) -> HttpResponse:
    """The tokens of the person; a new one is shown in the answer that made it and never again."""
    person = _person(request)
    form = TokenForm(request.POST or None)
    context: dict[str, Any] = {"days": tokens.DEFAULT_DAYS}
    if request.method == "POST" and form.is_valid():
        made, key = tokens.create(by=person, **form.cleaned_data)
        context |= {"made": made, "key": key}
        form = TokenForm()
    context |= {"form": form, "tokens": tokens.of(person)}
    return render(request, "accounts/tokens.html", context)


@login_required
@require_POST
def revoke_token(request: HttpRequest, token_id: int) -> HttpResponse:
    """Revoke one of the person's tokens."""
    tokens.revoke(by=_person(request), token_id=token_id)
    messages.success(request, _("The token is revoked. Programs that use it are refused from now on."))
    return redirect("accounts:tokens")


@login_required
@require_GET
def data(request: HttpRequest) -> HttpResponse:
    """Take everything along, or delete the account."""
    return render(
        request, "accounts/data.html", {"form": DeleteForm(), "usage": ledger.usage(_person(request))}
    )


@login_required
@require_GET
def download(request: HttpRequest) -> HttpResponseBase:
    """Everything the site holds of the person, as a zip that is made while it is sent."""
    person = _person(request)
    sent = streams.seated(request, personal_data.archive(person), size=None)
    audit.record(by=person, action="data.download", target=audit.target_of(person))
    name = f"palmsite-{person.username}-{timezone.now():%Y-%m-%d}.zip"
    headers = {
        "Content-Disposition": content_disposition_header(True, name),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return StreamingHttpResponse(sent, content_type="application/zip", headers=headers)


@sensitive_post_parameters("password")
@login_required
@require_POST
def delete(request: HttpRequest) -> HttpResponse:
    """Delete the account and all of its files, if the password is right."""
    person = _person(request)
    form = DeleteForm(request.POST)
    if form.is_valid() and not get_adapter().reauthenticate(person, form.cleaned_data["password"]):
        form.add_error("password", _("This is not your password. Nothing was deleted."))
    if not form.is_valid():
        context = {"form": form, "usage": ledger.usage(person), "is_open": True}
        return render(request, "accounts/data.html", context, status=400)
    services.delete_account(by=person, user=person)
    request.session.flush()
    return redirect("accounts:deleted")


@require_GET
def deleted(request: HttpRequest) -> HttpResponse:
    """Say that nothing is left."""
    return render(request, "accounts/deleted.html")


@require_GET
def waiting(request: HttpRequest) -> HttpResponse:
    """Say that an administrator has to let the person in."""
    return render(request, "accounts/waiting.html")


@login_required
@require_GET
def applicants(request: HttpRequest) -> HttpResponse:
    """Who waits to be let in."""
    policies.check_can_let_in(_person(request))
    return render(request, "accounts/applicants.html", {"applicants": selectors.applicants()})


@login_required
@require_POST
def let_in(request: HttpRequest, user_id: int) -> HttpResponse:
    """Let one person in."""
    policies.check_can_let_in(_person(request))
    applicant = selectors.applicant(user_id)
    url = request.build_absolute_uri(reverse("account_login"))
    services.let_in(by=_person(request), user=applicant, sign_in_url=url)
    messages.success(request, _("%(name)s is let in.") % {"name": applicant.username})
    return redirect("accounts:applicants")


@login_required
@require_POST
def turn_away(request: HttpRequest, user_id: int) -> HttpResponse:
    """Turn one person away; letting them in instead undoes it."""
    policies.check_can_let_in(_person(request))
    applicant = selectors.applicant(user_id)
    services.turn_away(by=_person(request), user=applicant)
    undo = reverse("accounts:let-in", args=[applicant.pk])
    messages.success(request, _("%(name)s is turned away.") % {"name": applicant.username}, extra_tags=undo)
    return redirect("accounts:applicants")


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)
