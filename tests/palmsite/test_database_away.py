"""While the database does not answer, people and programs are told to come back, not that the site is broken."""

import pytest
from django.db import OperationalError

from accounts import tokens
from generation.sets import selectors

pytestmark = pytest.mark.django_db


@pytest.fixture
def away(monkeypatch):
    """A database that goes away while a request is answered."""

    def fail(*_args, **_kwargs):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(selectors, "models_offered", fail)
    monkeypatch.setattr(selectors, "set_for", fail)


def test_a_program_is_told_when_to_try_again(client, alice, away):
    client.raise_request_exception = False
    key = tokens.create(by=alice, name="program")[1]
    answer = client.get("/api/v1/models", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 503
    assert answer["Retry-After"] == "15"
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "database_away"
    assert "Try again in a minute" in answer.json()["detail"]


def test_a_reader_gets_a_page_in_style(client, alice, away):
    client.raise_request_exception = False
    client.force_login(alice)
    answer = client.get("/sets/01890000-0000-7000-8000-000000000000")
    assert answer.status_code == 503
    assert answer["Retry-After"] == "15"
    assert "Back in a moment" in answer.content.decode()


def test_a_mistake_of_the_site_is_still_called_one(client, alice, monkeypatch):
    client.raise_request_exception = False
    client.force_login(alice)
    monkeypatch.setattr(selectors, "set_for", lambda *_: 1 / 0)
    assert client.get("/sets/01890000-0000-7000-8000-000000000000").status_code == 500


def test_a_language_chosen_meanwhile_stays_in_the_browser(client, alice, monkeypatch):
    client.force_login(alice)

    def fail(*_args, **_kwargs):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(type(alice), "save", fail)
    answer = client.post("/appearance", {"language": "ru", "next": "/history"})
    assert answer.status_code == 302 and answer["Location"] == "/history"
    monkeypatch.undo()
    assert 'lang="ru"' in client.get("/history").content.decode()
