"""What surrounds every request: headers, ids, log lines, refusals as pages."""

import io
import json
import logging

import pytest
from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import include, path
from django.views.decorators.http import require_POST

from accounts import request_id
from accounts.errors import Conflict, NotFound, TooMany
from palmsite import logs


def refuse(request, name):
    raise {
        "conflict": Conflict("It is running. Stop it first.", fields={"name": "Taken."}),
        "absent": NotFound("There is nothing here, or it is not yours."),
        "many": TooMany("Wait a minute.", retry_after=60),
    }[name]


def tell_id(request):
    logging.getLogger("tests.web").warning("inside")
    return HttpResponse(request_id.current())


def break_down(request):
    raise ZeroDivisionError("secret insides")


urlpatterns = [
    path("refuse/<name>", refuse),
    path("api/v1/refuse-get", require_POST(tell_id)),
    path("api/v1/refuse/<name>", refuse),
    path("tell-id", tell_id),
    path("break", break_down),
    path("", include("palmsite.urls")),
]
handler400 = "palmsite.error_pages.bad_request"
handler404 = "palmsite.error_pages.page_not_found"
handler500 = "palmsite.error_pages.server_error"
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def test_policy_allows_nothing_inline_and_nothing_from_elsewhere(client):
    policy = client.get("/healthz")["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert "unsafe" not in policy
    assert "http" not in policy
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["form-action"] == "'self'"


def test_no_page_is_framed_sniffed_or_told_of(client):
    answer = client.get("/healthz")
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in answer


def test_foreign_host_is_refused(client):
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_form_without_its_proof_is_refused():
    assert Client(enforce_csrf_checks=True).post("/appearance", {"theme": "dark"}).status_code == 403


def test_media_has_no_address(client, settings):
    (settings.MEDIA_ROOT / "private.png").write_bytes(b"private")
    for url in ("/media/private.png", "/private.png", "/static/../media/private.png"):
        assert client.get(url).status_code == 404


def test_every_request_has_an_id_inside_and_outside(client):
    first, second = client.get("/tell-id"), client.get("/tell-id")
    assert first.content.decode() == first["X-Request-ID"]
    assert first["X-Request-ID"] != second["X-Request-ID"]
    assert request_id.current() == ""


def test_id_from_outside_is_believed_only_of_our_proxy(client, settings):
    brought = {"X-Request-ID": "from-the-proxy-1"}
    assert client.get("/tell-id", headers=brought)["X-Request-ID"] != "from-the-proxy-1"
    settings.PALMSITE_PROXIES = 1
    assert client.get("/tell-id", headers=brought)["X-Request-ID"] == "from-the-proxy-1"
    forged = {"X-Request-ID": 'x" level=ERROR'}
    assert client.get("/tell-id", headers=forged)["X-Request-ID"] != 'x" level=ERROR'


def test_log_line_says_who_asked_what_and_how_it_ended(client, alice, caplog):
    client.force_login(alice)
    with caplog.at_level(logging.INFO, "palmsite.access"):
        client.get("/refuse/conflict?key=secret")
    record = next(found for found in caplog.records if found.name == "palmsite.access")
    assert (record.method, record.path, record.status) == ("GET", "/refuse/conflict", 409)
    assert "secret" not in record.getMessage()


def test_json_log_line_holds_id_message_and_extras():
    record = logging.getLogger("tests.web").makeRecord(
        "tests.web", logging.INFO, __file__, 1, "made %d", (8,), None, extra={"job": "a1"}
    )
    with request_id.within("abc"):
        logs.RequestIdFilter().filter(record)
    line = json.loads(logs.JsonFormatter().format(record))
    assert (line["message"], line["request_id"], line["job"], line["level"]) == (
        "made 8",
        "abc",
        "a1",
        "INFO",
    )


@pytest.mark.parametrize(("name", "status"), [("conflict", 409), ("absent", 404), ("many", 429)])
def test_refusal_is_a_page_with_its_words(client, name, status):
    answer = client.get(f"/refuse/{name}")
    assert answer.status_code == status
    assert answer["Content-Type"].startswith("text/html")
    words = {"conflict": "Stop it first", "absent": "it is not yours", "many": "Wait a minute"}[name]
    assert words in answer.content.decode()


def test_refusal_outside_of_drf_is_a_problem_below_api(client):
    answer = client.get("/api/v1/refuse/conflict")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"] == [{"field": "name", "detail": "Taken."}]
    assert client.get("/api/v1/refuse/many")["Retry-After"] == "60"


def test_a_method_that_is_not_taken_is_said_in_style(client):
    answer = client.get("/appearance")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "Nothing to see here" in answer.content.decode()
    answer = client.get("/api/v1/refuse-get")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("/admin", "/admin/"),
        ("/jobs", "/jobs/"),
        ("/lab", "/lab/"),
        ("/account", "/account/"),
        ("/account/login?next=/lab/", "/account/login/?next=/lab/"),
        ("/history/", "/history"),
        ("/new/?model=a", "/new?model=a"),
    ],
)
def test_a_slash_too_many_or_too_few_leads_on(client, typed, meant):
    answer = client.get(typed)
    assert (answer.status_code, answer["Location"]) == (301, meant)


def test_a_slash_leads_nobody_astray(client, alice):
    client.force_login(alice)
    for typed in ("/nowhere/", "/api/v1/models/", "/sets/not-a-number/"):
        assert client.get(typed).status_code == 404, typed
    assert client.post("/jobs", {}).status_code == 404, "a form is not sent on"


def test_broken_page_tells_no_insides(alice, caplog):
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    answer = client.get("/break")
    assert answer.status_code == 500
    assert "secret" not in answer.content.decode()
    assert answer["X-Request-ID"] in answer.content.decode()


def test_request_that_is_too_large_is_413(settings, caplog):
    client = Client(enforce_csrf_checks=True)
    client.get("/")  # brings the cookie, without which a form is refused unread
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    answer = client.post(
        "/appearance", "theme=" + "x" * 100, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 413
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize("checks", [True, False], ids=["read by the check of forms", "read by the view"])
def test_too_many_files_are_refused_with_their_number_and_no_traceback(alice, settings, caplog, checks):
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 2
    client = Client(enforce_csrf_checks=checks)
    client.force_login(alice)
    client.get("/jobs/")  # brings the cookie, without which a form is refused unread

    def send(address):
        return client.post(address, {"images": [io.BytesIO(b"x") for _ in range(3)]})

    said = "At most 2 files are read in one request, in some places fewer. Send them in parts."
    page = send("/lab/predict")
    assert page.status_code == 400
    assert "data-error-page" in page.content.decode() and said in page.content.decode()
    problem = send("/api/v1/lab/predict").json()
    assert (problem["status"], problem["code"], problem["detail"]) == (400, "too_many_files", said)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_answers_about_a_person_are_not_kept_by_others(client, alice):
    client.force_login(alice)
    request = RequestFactory().get("/")
    request.user = get_user_model()()
    assert "private" in client.get("/jobs/")["Cache-Control"]


def test_schema_describes_the_api_without_a_person(client):
    answer = client.get("/api/v1/schema")
    assert answer.status_code == 200
    assert b"openapi: 3.1" in answer.content


def test_docs_page_holds_nothing_that_the_policy_refuses(client):
    page = client.get("/api/v1/docs").content.decode()
    assert "http://" not in page
    assert "https://" not in page
    assert "<style" not in page
    assert all("src=" in tag for tag in page.split("<script")[1:])
