"""Limits on attempts, per account and per address, in the cache that all processes share."""

import pytest
from django.core.cache import caches
from django.urls import reverse

from accounts import address
from tests.accounts.second_factor import turn_on, wrong_code

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(autouse=True)
def fresh_counts_of_attempts():
    """Use the site's own cache here: the one in the database."""
    caches["default"].clear()


def test_the_counts_stand_where_all_processes_see_them(settings):
    assert settings.CACHES["default"]["BACKEND"].endswith("db.DatabaseCache")


def test_five_wrong_passwords_close_the_account_for_a_while_even_to_the_right_one(alice, sign_in):
    for _ in range(5):
        assert sign_in("alice", "wrong").status_code == 200
    refused = sign_in("alice")
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "300"
    assert b"Wait 5 minutes" in refused.content


def test_the_api_counts_together_with_the_page(alice, sign_in, client):
    for _ in range(5):
        sign_in("alice", "wrong")
    asked = {"username": "alice", "password": "alice-password"}
    refused = client.post("/api/v1/token", asked, content_type="application/json")
    assert refused.status_code == 429
    assert refused.json()["code"] == "too_many"
    assert refused.headers["Retry-After"] == "300"


def test_others_are_not_closed_out(alice, bob, sign_in):
    for _ in range(6):
        sign_in("alice", "wrong")
    assert sign_in("bob").status_code == 302


def test_one_address_cannot_try_account_after_account(alice, sign_in):
    for number in range(20):
        assert sign_in(f"somebody-{number}", "wrong").status_code == 200
    assert sign_in("alice").status_code == 429
    assert sign_in("alice", REMOTE_ADDR="203.0.113.9").status_code == 302


def test_signing_in_rightly_is_no_attempt(alice, sign_in, client):
    for _ in range(7):
        assert sign_in("alice").status_code == 302
        client.logout()


def test_codes_cannot_be_guessed_either(alice, sign_in, client):
    turn_on(alice)
    sign_in("alice")
    for _ in range(5):
        assert client.post(reverse("mfa_authenticate"), {"code": wrong_code()}).status_code == 200
    assert client.post(reverse("mfa_authenticate"), {"code": wrong_code()}).status_code == 429


def test_the_sign_up_page_is_limited_by_address_with_our_page(client, settings):
    settings.ACCOUNT_RATE_LIMITS = {"signup": "2/m/ip"}
    for _ in range(2):
        assert client.post("/account/signup/", {}).status_code == 200
    refused = client.post("/account/signup/", {})
    assert refused.status_code == 429
    assert b"palmsite" in refused.content


@pytest.mark.parametrize(
    ("proxies", "forwarded", "found"),
    [
        (0, "1.2.3.4", "127.0.0.1"),
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.1", "1.2.3.4"),
        (2, "1.2.3.4", "127.0.0.1"),
        (1, "nonsense", "127.0.0.1"),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_only_our_proxies_are_believed(rf, settings, proxies, forwarded, found):
    settings.PALMSITE_PROXIES = proxies
    assert address.of(rf.get("/", headers={"x-forwarded-for": forwarded})) == found


def test_a_server_that_knows_no_address(rf):
    assert address.of(rf.get("/", REMOTE_ADDR="")) is None
