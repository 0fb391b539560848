"""The bars, the language and the theme."""

import pytest
from django.test import Client

from palmsite import frame

pytestmark = pytest.mark.django_db


def test_landing_is_open_to_everybody(client):
    page = client.get("/").content.decode()
    assert page.count('class="palm"') == 12
    assert '<main class="main" id="main"' in page
    assert "places--top" not in page


def test_a_room_that_is_not_built_is_a_word_and_not_a_link(rf, monkeypatch):
    monkeypatch.setattr(
        frame, "PLACES", (("nowhere:home", "Nowhere", "lab"), ("sets:landing", "Start", "palm"))
    )
    missing, there = frame.context(rf.get("/"))["places"]
    assert missing.url is None
    assert not missing.current
    assert there.url == "/"


def test_language_is_chosen_and_remembered(client):
    response = client.post("/appearance", {"language": "ru", "next": "/?a=1"})
    assert response["Location"] == "/?a=1"
    assert '<html lang="ru"' in client.get("/").content.decode()


def test_theme_is_chosen_and_given_back(client):
    client.post("/appearance", {"theme": "dark"})
    assert 'data-theme="dark"' in client.get("/").content.decode()
    client.post("/appearance", {"theme": ""})
    assert '<html lang="en">' in client.get("/").content.decode()


@pytest.mark.slow
def test_both_are_kept_with_the_account(client, django_user_model):
    alice = django_user_model.objects.create_user("alice", password="a long enough one")
    client.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    client.post("/appearance", {"theme": "light", "language": "ru"})
    alice.refresh_from_db()
    assert (alice.theme, alice.language) == ("light", "ru")


@pytest.mark.parametrize("data", [{"language": "xx"}, {"theme": "pink"}, {}])
def test_nonsense_changes_nothing(client, data):
    response = client.post("/appearance", data)
    assert response.status_code == 302
    assert not response.cookies


def test_the_way_back_never_leaves_the_site(client):
    assert client.post("/appearance", {"theme": "dark", "next": "https://example.org/"})["Location"] == "/"
    assert client.post("/appearance", {"theme": "dark", "next": "//example.org/"})["Location"] == "/"


def test_choosing_needs_a_post_from_our_own_page():
    strict = Client(enforce_csrf_checks=True)
    assert strict.get("/appearance").status_code == 405
    response = strict.post("/appearance", {"theme": "dark"})
    assert response.status_code == 403
    assert "what you typed is still there" in response.content.decode()
