"""The sign-in page, the second factor, passwords, the address of a person."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.urls import reverse

from accounts.models import AuditEvent
from tests.accounts.second_factor import code_of_now, turn_on, wrong_code


def last_event():
    return AuditEvent.objects.order_by("pk").last()


@pytest.mark.parametrize("login", ["alice", "ALICE", "alice@example.org", " alice "])
def test_name_or_address_and_password_open_the_site(alice, client, login):
    response = client.post("/account/login/", {"login": login, "password": "alice-password"})
    assert response.status_code == 302 and response.url == "/"
    assert (last_event().action, last_event().by, last_event().address) == ("sign_in", alice, "127.0.0.1")


def test_after_signing_in_one_is_where_one_wanted_to_be(alice, client, sign_in):
    response = client.get(reverse("accounts:tokens"))
    assert response.status_code == 302
    response = client.post(
        response.url, {"login": "alice", "password": "alice-password", "next": "/account/tokens"}
    )
    assert response.url == "/account/tokens"
    client.logout()
    elsewhere = {"login": "alice", "password": "alice-password", "next": "https://example.com/"}
    assert client.post("/account/login/", elsewhere).url == "/"


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_a_wrong_password_tells_nothing_about_the_account_and_stands_in_the_log(alice, sign_in, page, name):
    text = page(sign_in(name, "not-the-password"))
    assert "Name and password do not match" in text
    assert "not-the-password" not in text
    event = AuditEvent.objects.get(action="sign_in.failed")
    assert event.by is None
    assert event.target == (f"user:{alice.pk}" if name == "alice" else "")
    assert event.detail == {"reason": "password" if name == "alice" else "unknown"}


def test_logging_out_needs_a_click(as_alice, page):
    assert "Log out of this browser" in page(as_alice.get("/account/logout/"))
    assert as_alice.get(reverse("accounts:profile")).status_code == 200
    as_alice.post("/account/logout/")
    assert as_alice.get(reverse("accounts:profile")).status_code == 302
    assert AuditEvent.objects.filter(action="sign_out").count() == 1


def test_the_account_brings_its_language_and_theme_into_a_new_browser(alice, client, settings, sign_in):
    alice.language, alice.theme = "ru", "dark"
    alice.save()
    sign_in("alice")
    assert client.cookies[settings.LANGUAGE_COOKIE_NAME].value == "ru"
    assert client.cookies["palmsite_theme"].value == "dark"
    assert 'lang="ru"' in client.get(reverse("accounts:profile")).content.decode()


def test_an_account_without_choices_leaves_the_browsers_own(alice, client, sign_in):
    client.cookies["palmsite_theme"] = "light"
    sign_in("alice")
    assert client.cookies["palmsite_theme"].value == "light"


def test_the_second_factor_is_asked_for_and_each_code_opens_once(alice, client, sign_in, page):
    turn_on(alice)
    response = sign_in("alice")
    assert response.url == reverse("mfa_authenticate")
    assert client.get(reverse("accounts:profile")).status_code == 302, "the password alone opens nothing"
    text = page(client.post(response.url, {"code": wrong_code()}))
    assert "does not fit" in text
    assert last_event().detail == {"reason": "code"}
    code = code_of_now()
    assert client.post(response.url, {"code": code}).url == "/"
    assert client.get(reverse("accounts:profile")).status_code == 200
    client.logout()
    sign_in("alice")
    assert client.post(response.url, {"code": code}).status_code == 200, "seen over a shoulder, useless"


def test_turning_the_second_factor_on_and_losing_the_telephone(
    alice, client, sign_in, confirm, page, django_capture_on_commit_callbacks
):
    sign_in("alice")
    confirm("alice")
    assert "Off: the password is enough" in page(client.get(reverse("mfa_index")))
    text = page(client.get(reverse("mfa_activate_totp")))
    secret = re.search(r'<code id="totp-secret">(\w+)</code>', text).group(1)
    assert 'src="data:image/svg+xml' in text
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(reverse("mfa_activate_totp"), {"code": code_of_now(secret)}, follow=True)
    assert mail.outbox[-1].subject == "The second factor is on"
    codes = re.findall(r"\b\d{8}\b", page(response))
    assert len(codes) == 10
    assert "Each opens your account once" in page(client.get(reverse("mfa_index")))
    assert page(client.get(reverse("mfa_download_recovery_codes"))).split() == codes
    client.logout()
    sign_in("alice")
    assert client.post(reverse("mfa_authenticate"), {"code": codes[0]}).url == "/"
    assert AuditEvent.objects.filter(action="second_factor.add").exists()
    confirm("alice")
    page(client.get(reverse("mfa_generate_recovery_codes")))
    client.post(reverse("mfa_generate_recovery_codes"))
    client.logout()
    sign_in("alice")
    assert client.post(reverse("mfa_authenticate"), {"code": codes[1]}).status_code == 200


def test_turning_the_second_factor_off(alice, client, sign_in, confirm, page):
    turn_on(alice)
    sign_in("alice")
    client.post(reverse("mfa_authenticate"), {"code": code_of_now()})
    confirm("alice")
    page(client.get(reverse("mfa_deactivate_totp")))
    client.post(reverse("mfa_deactivate_totp"))
    client.logout()
    assert sign_in("alice").url == "/"
    assert AuditEvent.objects.filter(action="second_factor.remove").exists()


def test_changing_how_one_signs_in_asks_for_the_password_again(as_alice, page):
    # force_login left no trace of a password typed a moment ago.
    response = as_alice.get(reverse("mfa_activate_totp"))
    assert response.status_code == 302 and response.url.startswith(reverse("account_reauthenticate"))
    assert "to be sure it is you" in page(as_alice.get(response.url))
    assert "This is not your password" in page(as_alice.post(response.url, {"password": "wrong"}))
    assert as_alice.post(response.url, {"password": "alice-password"}).url == reverse("mfa_activate_totp")


def test_a_password_is_changed_and_the_person_told(alice, client, sign_in, page):
    sign_in("alice")
    page(client.get(reverse("account_change_password")))
    new = {"oldpassword": "alice-password", "password1": "four-green-doors", "password2": "four-green-doors"}
    assert client.post(reverse("account_change_password"), new).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password("four-green-doors")
    assert client.get(reverse("accounts:profile")).status_code == 200, "this browser stays signed in"
    assert AuditEvent.objects.filter(action="password.change", by=alice).exists()


def test_a_forgotten_password_is_reset_by_mail_once(alice, client, sign_in, page):
    page(client.get(reverse("account_reset_password")))
    response = client.post(reverse("account_reset_password"), {"email": "Alice@example.org"}, follow=True)
    assert "Look into your mail" in page(response)
    [letter] = mail.outbox
    assert letter.subject == "Choose a new password"
    link = re.search(r"http://testserver(/account/password/reset/key/\S+)", letter.body).group(1)
    form = client.get(link, follow=True)
    assert "Choose a new password" in page(form)
    new = {"password1": "four-green-doors", "password2": "four-green-doors"}
    done = client.post(form.redirect_chain[-1][0], new, follow=True)
    assert "The new password holds" in page(done)
    assert sign_in("alice", "four-green-doors").url == "/"
    client.logout()
    assert "no longer works" in page(client.get(link, follow=True))


def test_an_unknown_address_looks_the_same_and_nobody_is_written_to(client, db, page):
    response = client.post(reverse("account_reset_password"), {"email": "stranger@example.org"}, follow=True)
    assert "If an account has this address" in page(response)
    assert mail.outbox == []


def test_a_silent_mail_server_is_said_to_who_waits_for_the_mail(alice, client, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    response = client.post(reverse("account_reset_password"), {"email": "alice@example.org"})
    assert response.status_code == 503


def test_without_a_confirmed_address_the_new_one_holds_at_once(alice, client, sign_in, confirm):
    sign_in("alice")
    confirm("alice")
    client.post(reverse("account_email"), {"action_add": "", "email": "new@example.org"})
    alice.refresh_from_db()
    assert alice.email == "new@example.org"


def test_a_new_address_holds_once_its_link_was_opened(alice, client, sign_in, confirm, page):
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    sign_in("alice")
    confirm("alice")
    assert "alice@example.org" in page(client.get(reverse("account_email")))
    page(client.post(reverse("account_email"), {"action_add": "", "email": "new@example.org"}, follow=True))
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"
    link = re.search(r"http://testserver(/account/confirm-email/\S+)", mail.outbox[-1].body).group(1)
    assert "new@example.org" in page(client.get(link))
    client.post(link)
    alice.refresh_from_db()
    assert alice.email == "new@example.org"
    assert AuditEvent.objects.filter(action="email.change").exists()
    assert "no longer works" in page(client.get("/account/confirm-email/nonsense/"))


@pytest.mark.parametrize(
    "name", ["account_login", "account_signup", "account_reset_password", "account_email_verification_sent"]
)
def test_pages_at_the_door_stand_in_our_frame(client, db, page, name):
    text = page(client.get(reverse(name)))
    assert 'id="main"' in text and "· palmsite</title>" in text
    assert "style=" not in text
