"""Signing up where it is open, by approval, or off; and being let in."""

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import translation

from accounts import selectors, services
from accounts.errors import Conflict, NotFound
from accounts.mail import write_to
from accounts.models import AuditEvent, User

GIVEN = {"username": "dora", "email": "dora@example.org", "password1": "three-blue-doors"}


@pytest.fixture
def administrator(operator):
    operator.email = "operator@example.org"
    operator.save()
    return operator


@pytest.fixture
def dora(db):
    return User.objects.create_user(
        "dora", email="dora@example.org", password="dora-password", approval="waiting", is_active=False
    )


def actions():
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


def test_open_signs_the_person_in_at_once(client, db, settings):
    settings.PALMSITE_SIGNUP = "open"
    response = client.post("/account/signup/", GIVEN)
    assert response.status_code == 302 and response.url == "/"
    dora = User.objects.get(username="dora")
    assert dora.is_active and dora.approval == "approved"
    assert client.get(reverse("accounts:profile")).status_code == 200
    assert actions()[:2] == ["account.sign_up", "sign_in"]


def test_approval_lets_the_person_wait_and_tells_the_administrator(client, administrator, settings, page):
    settings.PALMSITE_SIGNUP = "approval"
    assert "An administrator lets new people in" in page(client.get("/account/signup/"))
    response = client.post("/account/signup/", GIVEN, follow=True)
    assert response.redirect_chain[-1][0] == reverse("accounts:waiting")
    assert "An administrator will let you in" in page(response)
    dora = User.objects.get(username="dora")
    assert not dora.is_active and dora.approval == "waiting"
    assert client.get(reverse("accounts:profile")).status_code == 302
    [told] = mail.outbox
    assert told.to == ["operator@example.org"]
    assert "dora" in told.subject
    assert f"http://testserver{reverse('accounts:applicants')}" in told.body


def test_off_shows_no_form_and_takes_none(client, db, settings, page):
    settings.PALMSITE_SIGNUP = "off"
    text = page(client.get("/account/signup/"))
    assert "made by an administrator" in text and "password1" not in text
    client.post("/account/signup/", GIVEN)
    assert not User.objects.exists()


def test_an_address_is_not_needed(client, db, settings):
    settings.PALMSITE_SIGNUP = "open"
    client.post("/account/signup/", {**GIVEN, "email": ""})
    assert User.objects.get(username="dora").email == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"username": "ALICE"}, "Somebody has this name already"),
        ({"email": "ALICE@example.org"}, "Another account has this e-mail address already"),
        ({"password1": "12345678"}, "password"),
        ({"username": "d d"}, "username"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field_and_nothing_typed_is_lost(
    client, alice, settings, page, change, words
):
    settings.PALMSITE_SIGNUP = "open"
    text = page(client.post("/account/signup/", GIVEN | change))
    assert words in text
    assert f'value="{(GIVEN | change)["username"]}"' in text
    assert User.objects.count() == 1


def test_a_name_taken_in_the_same_moment_is_a_conflict_and_no_crash(client, alice, settings, monkeypatch):
    settings.PALMSITE_SIGNUP = "open"
    # What the form saw a moment ago is no longer so.
    monkeypatch.setattr(
        "accounts.adapter.AccountAdapter.clean_username", lambda self, name, shallow=False: name
    )
    response = client.post("/account/signup/", {**GIVEN, "username": "Alice"})
    assert response.status_code == 409
    assert b"a moment ago" in response.content


def test_language_and_theme_of_the_browser_become_the_accounts(client, db, settings):
    settings.PALMSITE_SIGNUP = "open"
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "ru"
    client.cookies["palmsite_theme"] = "dark"
    client.post("/account/signup/", GIVEN)
    dora = User.objects.get(username="dora")
    assert (dora.language, dora.theme) == ("ru", "dark")


def test_who_waits_and_who_was_turned_away_see_why_at_sign_in(dora, sign_in, page):
    assert sign_in("dora").url == reverse("accounts:waiting")
    User.objects.update(approval="denied")
    assert sign_in("dora").url == reverse("account_inactive")
    assert sign_in("dora", "wrong").status_code == 200, "only who knows the password learns of the account"


def test_the_page_of_a_closed_account_says_so(client, db, page):
    assert "This account is closed" in page(client.get(reverse("account_inactive")))


def test_one_click_lets_in_and_the_person_is_told(
    client, administrator, dora, sign_in, page, django_capture_on_commit_callbacks
):
    client.force_login(administrator)
    assert "dora@example.org" in page(client.get(reverse("accounts:applicants")))
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(reverse("accounts:let-in", args=[dora.pk]), follow=True)
    assert "dora is let in." in page(response)
    assert "Nobody waits" in page(response)
    [told] = mail.outbox
    assert told.to == ["dora@example.org"]
    assert "http://testserver/account/login/" in told.body
    client.logout()
    assert sign_in("dora").url == "/"
    event = AuditEvent.objects.get(action="account.let_in")
    assert (event.by, event.target) == (administrator, f"user:{dora.pk}")


def test_turning_away_can_be_undone(client, administrator, dora, page):
    client.force_login(administrator)
    response = client.post(reverse("accounts:turn-away", args=[dora.pk]), follow=True)
    assert reverse("accounts:let-in", args=[dora.pk]) in page(response), "the toast has Undo"
    dora.refresh_from_db()
    assert dora.approval == "denied" and not dora.is_active
    client.post(reverse("accounts:let-in", args=[dora.pk]))
    dora.refresh_from_db()
    assert dora.approval == "approved" and dora.is_active


def test_two_administrators_answer_once(administrator, dora):
    services.let_in(by=administrator, user=dora, sign_in_url="/")
    with pytest.raises(Conflict, match="let in already"):
        services.let_in(by=administrator, user=dora, sign_in_url="/")
    with pytest.raises(Conflict, match="not waiting"):
        services.turn_away(by=administrator, user=dora)
    with pytest.raises(NotFound):
        selectors.applicant(dora.pk)


@pytest.mark.parametrize("name", ["let-in", "turn-away"])
def test_ordinary_people_decide_nothing(as_alice, dora, name):
    assert as_alice.get(reverse("accounts:applicants")).status_code == 404
    assert as_alice.post(reverse(f"accounts:{name}", args=[dora.pk])).status_code == 404
    dora.refresh_from_db()
    assert dora.approval == "waiting"


def test_services_ask_who_decides_themselves(alice, dora):
    with pytest.raises(NotFound):
        services.let_in(by=alice, user=dora, sign_in_url="/")
    with pytest.raises(NotFound):
        services.turn_away(by=alice, user=dora)


def test_mail_is_written_in_the_readers_language(dora, monkeypatch):
    monkeypatch.setattr("accounts.mail.render_to_string", lambda name, words: translation.get_language())
    for language in ("ru", "en"):
        dora.language = language
        write_to(dora, "let_in", url="/")
        assert mail.outbox[-1].subject == language
    assert write_to(User(username="nobody"), "let_in", url="/") is False


def test_a_silent_mail_server_keeps_nobody_out(
    client, administrator, dora, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    def refuse(self, *args, **kwargs):
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    client.force_login(administrator)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("accounts:let-in", args=[dora.pk]))
    dora.refresh_from_db()
    assert dora.is_active
    assert "could not be sent" in caplog.text
