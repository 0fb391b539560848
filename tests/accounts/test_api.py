"""POST /api/v1/token."""

import pytest
from django.test import Client

from accounts import tokens
from accounts.models import ApiToken, AuditEvent
from tests.accounts.second_factor import code_of_now, turn_on, wrong_code


@pytest.fixture
def ask(client):
    def send(**body):
        return client.post("/api/v1/token", body, content_type="application/json")

    return send


@pytest.mark.parametrize("who", [{"username": "alice"}, {"name": "alice"}, {"username": "alice@example.org"}])
def test_name_and_password_make_a_token(ask, alice, who):
    response = ask(**who, password="alice-password")
    assert response.status_code == 201
    answer = response.json()
    assert set(answer) == {"token", "id", "name", "read_only", "expires_at"}
    token = tokens.find(answer["token"])
    assert (token.user, token.pk, token.name, token.read_only) == (alice, answer["id"], "API", False)


def test_what_was_asked_for_is_what_one_gets(ask, alice):
    answer = ask(username="alice", password="alice-password", name="ci", read_only=True, days=2).json()
    token = ApiToken.objects.get()
    assert (answer["name"], answer["read_only"]) == ("ci", True)
    assert (token.expires_at - token.created_at).days in (1, 2)


def test_it_opens_the_api(ask, client, alice):
    key = ask(username="alice", password="alice-password").json()["token"]
    assert client.get("/api/v1/jobs", headers={"authorization": f"Token {key}"}).status_code == 200


def test_no_cookie_and_no_old_token_stands_in_the_way(alice):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    body = {"username": "alice", "password": "alice-password"}
    headers = {"authorization": "Token palm_long-gone"}
    response = strict.post("/api/v1/token", body, content_type="application/json", headers=headers)
    assert response.status_code == 201


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"password"}),
        ({"password": "x"}, {"name"}),
        ({"username": "alice", "password": "x", "days": 366}, {"days"}),
        ({"username": "alice", "password": "x", "days": "many"}, {"days"}),
    ],
)
def test_what_is_missing_or_wrong_is_named(ask, alice, body, fields):
    response = ask(**body)
    assert response.status_code == 400
    assert {error["field"] for error in response.json()["errors"]} == fields


def test_a_name_that_is_too_long_for_a_token_is_refused(ask, alice):
    response = ask(username="alice", password="alice-password", name="x" * 100)
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "name"


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_a_wrong_password_is_401_and_tells_nothing_about_the_account(ask, alice, name):
    response = ask(username=name, password="wrong")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"]
    assert response.json()["code"] == "wrong_password"
    assert AuditEvent.objects.get().action == "sign_in.failed"
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("approval", ["waiting", "denied", "approved"])
def test_a_closed_account_gets_none(ask, alice, approval):
    alice.is_active, alice.approval = False, approval
    alice.save()
    response = ask(username="alice", password="alice-password")
    assert response.status_code == 403
    assert response.json()["code"] == f"account_{approval}"


def test_the_second_factor_holds_here_too(ask, alice):
    turn_on(alice)
    known = {"username": "alice", "password": "alice-password"}
    assert ask(**known).json()["code"] == "code_needed"
    wrong = ask(**known, code=wrong_code())
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_code")
    assert not ApiToken.objects.exists()
    assert ask(**known, code=code_of_now()).status_code == 201


def test_the_schema_describes_tokens(client, db):
    schema = client.get("/api/v1/schema?format=json").json()
    assert schema["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert "201" in schema["paths"]["/api/v1/token"]["post"]["responses"]
