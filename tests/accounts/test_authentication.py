"""Who a program is, seen from a small API that stands for all of ours."""

from datetime import timedelta

import pytest
from django.urls import include, path
from django.utils import timezone
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import tokens
from accounts.models import ApiToken


class Whoami(APIView):
    def get(self, request):
        return Response({"name": request.user.username, "token": getattr(request.auth, "name", None)})

    post = put = patch = delete = get


urlpatterns = [path("api/v1/whoami", Whoami.as_view()), path("", include("palmsite.urls"))]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def key(alice):
    return tokens.create(by=alice, name="ci")[1]


@pytest.fixture
def ask(client):
    def send(header=None, method="get"):
        headers = {"authorization": header} if header is not None else {}
        return getattr(client, method)("/api/v1/whoami", headers=headers)

    return send


@pytest.mark.parametrize("scheme", ["Token", "Bearer", "bearer", "TOKEN"])
def test_both_schemes_sign_in(ask, key, scheme):
    response = ask(f"{scheme} {key}")
    assert response.json() == {"name": "alice", "token": "ci"}
    assert ApiToken.objects.get().last_used_at is not None


@pytest.mark.parametrize(
    "header", [None, "Token", "Token palm_wrong", "Bearer é", "Basic YWxpY2U6eA==", "nonsense"]
)
def test_without_a_known_token_it_is_401_and_says_what_would_do(ask, key, header):
    response = ask(header)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="palmsite"'
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == 401


def test_an_expired_token_says_when_it_ended(ask, key):
    ended = timezone.now() - timedelta(seconds=1)
    ApiToken.objects.update(expires_at=ended)
    response = ask(f"Token {key}")
    assert response.status_code == 401
    assert f"{ended:%Y-%m-%d}" in response.json()["detail"]
    assert response.json()["code"] == "token_expired"
    assert ApiToken.objects.get().last_used_at is None


def test_a_revoked_token_is_useless_with_the_next_request(ask, key, alice):
    assert ask(f"Token {key}").status_code == 200
    tokens.revoke(by=alice, token_id=ApiToken.objects.get().pk)
    assert ask(f"Token {key}").status_code == 401


def test_a_closed_account_closes_its_tokens(ask, key, alice):
    alice.is_active = False
    alice.save()
    assert ask(f"Token {key}").status_code == 401


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_read_only_token_never_writes(ask, alice, key, method):
    _token, reading = tokens.create(by=alice, name="reader", read_only=True)
    assert ask(f"Token {reading}").status_code == 200
    response = ask(f"Token {reading}", method)
    assert response.status_code == 403
    assert response.json()["code"] == "token_read_only"
    assert ask(f"Token {key}", method).status_code == 200


def test_a_browser_needs_no_token(client, alice):
    client.force_login(alice)
    assert client.get("/api/v1/whoami").json() == {"name": "alice", "token": None}
