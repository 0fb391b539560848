"""Errors, lists and pace of the API, on views of its own."""

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.urls import path
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from accounts.errors import InvalidInput, NotFound, OverQuota, TooMany, Unavailable
from accounts.models import User

ERRORS = {
    "invalid": InvalidInput("No.", fields={"count": "Write a number from 1 to 10,000."}),
    "not-found": NotFound("Nothing here."),
    "over-quota": OverQuota("You keep 10 of 10."),
    "too-many": TooMany("Wait.", retry_after=7),
    "unavailable": Unavailable("Later."),
    "http404": Http404(),
    "denied": PermissionDenied(),
    "unreadable": ParseError(),
    "broken": ZeroDivisionError("secret insides"),
}


class Failing(APIView):
    """Raises what its name says."""

    permission_classes = [AllowAny]

    def get(self, request, name):
        raise ERRORS[name]


class Point(serializers.Serializer):
    """A nested part."""

    x = serializers.IntegerField()


class Shape(serializers.Serializer):
    """What Checked takes."""

    name = serializers.CharField(max_length=3)
    points = Point(many=True)


class Checked(APIView):
    """Checks what was sent."""

    permission_classes = [AllowAny]

    def post(self, request):
        Shape(data=request.data).is_valid(raise_exception=True)
        return Response({})


class Person(serializers.ModelSerializer):
    """A person in a list."""

    class Meta:
        model = User
        fields = ["username"]


class People(ListAPIView):
    """A list."""

    permission_classes = [AllowAny]
    serializer_class = Person
    queryset = User.objects.all()
    ordering = ("username",)


urlpatterns = [
    path("api/v1/failing/<name>", Failing.as_view()),
    path("api/v1/checked", Checked.as_view()),
    path("api/v1/people", People.as_view()),
]
handler404 = "palmsite.error_pages.page_not_found"
handler500 = "palmsite.error_pages.server_error"
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def client():
    return APIClient(raise_request_exception=False)


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("invalid", 400, "invalid"),
        ("not-found", 404, "not_found"),
        ("over-quota", 409, "over_quota"),
        ("too-many", 429, "too_many"),
        ("unavailable", 503, "unavailable"),
        ("http404", 404, "not_found"),
        ("unreadable", 400, "parse_error"),
        ("broken", 500, "crashed"),
    ],
)
def test_every_refusal_is_a_problem(client, name, status, code):
    answer = client.get(f"/api/v1/failing/{name}")
    problem = answer.json()
    assert answer.status_code == problem["status"] == status
    assert answer["Content-Type"] == "application/problem+json"
    assert problem["code"] == code
    assert problem["detail"]
    assert problem["type"] == "about:blank"
    assert problem["request_id"] == answer["X-Request-ID"]
    assert "secret" not in answer.content.decode()


def test_fields_are_named(client):
    assert client.get("/api/v1/failing/invalid").json()["errors"] == [
        {"field": "count", "detail": "Write a number from 1 to 10,000."}
    ]


def test_retry_after_is_a_header(client):
    assert client.get("/api/v1/failing/too-many")["Retry-After"] == "7"


def test_without_a_name_permission_denied_asks_for_one(client):
    answer = client.get("/api/v1/failing/denied")
    assert answer.status_code in (401, 403)
    assert answer["Content-Type"] == "application/problem+json"


def test_nested_errors_are_named_with_dots(client):
    answer = client.post("/api/v1/checked", {"name": "long", "points": [{"x": 1}, {"x": "y"}]}, format="json")
    assert [error["field"] for error in answer.json()["errors"]] == ["name", "points.1.x"]


def test_body_that_is_no_json_is_a_problem(client):
    answer = client.post("/api/v1/checked", "{", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


def test_no_such_address_is_a_problem_below_api_only(client):
    assert client.get("/api/v1/nothing").json()["code"] == "not_found"
    assert client.get("/nothing")["Content-Type"].startswith("text/html")


def test_list_has_three_members_and_reads_to_its_end(client, make_user):
    for number in range(5):
        make_user(f"p{number}")
    first = client.get("/api/v1/people?page_size=3").json()
    assert set(first) == {"next", "previous", "results"}
    second = client.get(first["next"]).json()
    assert [row["username"] for row in first["results"] + second["results"]] == [f"p{i}" for i in range(5)]
    assert second["next"] is None


def test_page_size_has_a_limit(client, make_user):
    make_user("alone")
    assert len(client.get("/api/v1/people?page_size=100000").json()["results"]) == 1


class TestPace:
    @pytest.fixture(autouse=True)
    def slow_pace(self, settings):
        settings.PALMSITE_API_RATES = {"person": (3, 60), "address": (2, 60)}

    def test_headers_tell_what_is_left_and_then_how_long_to_wait(self, client):
        answers = [client.get("/api/v1/people") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert [answer["RateLimit"].partition(";t")[0] for answer in answers] == [
            '"address";r=1',
            '"address";r=0',
            '"address";r=0',
        ]
        assert answers[0]["RateLimit-Policy"] == '"address";q=2;w=60'
        assert 0 < int(answers[2]["Retry-After"]) <= 30
        assert answers[2].json()["code"] == "too_many"

    def test_a_person_has_an_allowance_of_their_own(self, client, alice, bob):
        for person in (alice, bob):
            client.force_authenticate(person)
            assert [client.get("/api/v1/people").status_code for _ in range(4)] == [200, 200, 200, 429]

    def test_a_forged_address_is_not_another_address(self, client):
        for number in range(2):
            client.get("/api/v1/people", headers={"X-Forwarded-For": f"10.0.0.{number}"})
        assert client.get("/api/v1/people", headers={"X-Forwarded-For": "10.0.0.9"}).status_code == 429

    def test_behind_our_proxy_everybody_has_an_allowance_of_their_own(self, client, settings):
        settings.PALMSITE_PROXIES = 1
        for number in range(3):
            headers = {"X-Forwarded-For": f"6.6.6.6, 10.0.0.{number}"}
            assert [client.get("/api/v1/people", headers=headers).status_code for _ in range(3)] == [
                200,
                200,
                429,
            ]

    def test_the_allowance_grows_back(self, client, monkeypatch):
        for _ in range(2):
            client.get("/api/v1/people")
        import palmsite.pace

        now = palmsite.pace.time.time()
        monkeypatch.setattr(palmsite.pace.time, "time", lambda: now + 31)
        assert client.get("/api/v1/people").status_code == 200
