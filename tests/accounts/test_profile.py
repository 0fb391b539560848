"""The profile, the switches in the frame, and that every page of the account is one's own."""

import pytest
from django.urls import reverse

from accounts import audit, ledger
from accounts.templatetags.accounts import grouped

OWN = [
    "accounts:profile", "accounts:tokens", "accounts:data", "accounts:download", "account_email",
    "account_change_password", "mfa_index",
]  # fmt: skip
CHANGES = [
    ("accounts:delete", []),
    ("accounts:revoke-token", [1]),
    ("accounts:let-in", [1]),
    ("accounts:turn-away", [1]),
]


@pytest.mark.parametrize("name", OWN)
def test_strangers_are_sent_to_the_door(client, db, name):
    response = client.get(reverse(name))
    assert response.status_code == 302 and response.url.startswith("/account/login/")


@pytest.mark.parametrize(("name", "args"), CHANGES)
def test_strangers_change_nothing(client, db, name, args):
    assert client.post(reverse(name, args=args)).url.startswith("/account/login/")


@pytest.mark.parametrize(("name", "args"), CHANGES)
def test_nothing_is_changed_by_a_link(as_alice, name, args):
    assert as_alice.get(reverse(name, args=args)).status_code == 405


@pytest.mark.parametrize("name", [name for name in OWN if name != "accounts:download"])
def test_each_page_stands_in_the_frame_and_speaks_of_its_reader_alone(client, alice, bob, page, name):
    client.force_login(bob)
    text = page(client.get(reverse(name)))
    assert 'aria-current="page"' in text and "style=" not in text
    assert "alice" not in text


def test_the_profile_shows_use_and_limits(as_alice, alice, page):
    alice.quota_stored_images = 2000
    alice.save()
    ledger.charge(user=alice, kind="images", count=1234, size=5 * 2**20)
    text = page(as_alice.get(reverse("accounts:profile")))
    assert "1,234 of 2,000" in text
    assert "5.0\xa0MB of 10.0\xa0GB" in text
    assert "10,000 images an order" in text
    assert "People who wait" not in text


def test_administrators_see_how_many_wait(client, operator, make_user, page):
    make_user("dora", approval="waiting", is_active=False)
    client.force_login(operator)
    assert "1 person waits to be let in." in page(client.get(reverse("accounts:profile")))


def test_what_is_saved_holds_at_once_and_in_this_browser(as_alice, alice, settings):
    given = {"first_name": "Alice", "last_name": "", "language": "ru", "theme": "dark"}
    response = as_alice.post(reverse("accounts:profile"), given)
    assert response.url == reverse("accounts:profile")
    alice.refresh_from_db()
    assert (alice.first_name, alice.language, alice.theme) == ("Alice", "ru", "dark")
    text = as_alice.get(reverse("accounts:profile")).content.decode()
    assert 'lang="ru"' in text and 'data-theme="dark"' in text
    as_alice.post(reverse("accounts:profile"), given | {"language": "", "theme": ""})
    text = as_alice.get(reverse("accounts:profile")).content.decode()
    assert 'lang="en"' in text and 'data-theme="' not in text


def test_more_than_the_form_cannot_be_changed(as_alice, alice):
    more = {"is_superuser": "1", "quota_stored_images": "9", "approval": "denied", "email": "x@example.org"}
    as_alice.post(reverse("accounts:profile"), {"language": "en", **more})
    alice.refresh_from_db()
    assert not alice.is_superuser and alice.quota_stored_images is None and alice.email == "alice@example.org"


def test_a_wrong_choice_is_refused_and_the_frame_keeps_the_name(as_alice, page):
    text = page(as_alice.post(reverse("accounts:profile"), {"first_name": "x" * 151, "language": "xx"}))
    assert text.count("field__error") == 2
    assert "<h1>alice</h1>" in text


@pytest.mark.parametrize(("given", "field"), [({"language": "ru"}, "language"), ({"theme": "dark"}, "theme")])
def test_the_switches_in_the_frame_are_remembered_in_the_account(as_alice, alice, given, field):
    response = as_alice.post(reverse("appearance"), {**given, "next": "/account/"})
    assert response.url == "/account/"
    alice.refresh_from_db()
    assert getattr(alice, field) == given[field]


def test_strangers_switch_for_their_browser(client, db, page):
    client.post(reverse("appearance"), {"language": "ru", "theme": "light"})
    text = page(client.get("/account/login/"))
    assert 'lang="ru"' in text and 'data-theme="light"' in text


@pytest.mark.parametrize(("number", "words"), [(None, ""), (0, "0"), (1234567, "1,234,567")])
def test_numbers_are_grouped(number, words):
    assert grouped(number) == words


def test_what_no_request_did_has_no_address(db):
    assert audit.record(by=None, action="sweep").address is None
