"""Error pages say what happened and what to do, and a broken house still answers."""

import json

import pytest
from django.core.exceptions import RequestDataTooBig
from django.test import RequestFactory

from palmsite import error_pages


@pytest.fixture
def request_():
    request = RequestFactory().get("/somewhere")
    request.user = None
    request.request_id = "abc123"
    return request


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 413, 429])
def test_page_stands_in_the_frame_with_a_way_on(request_, status):
    response = error_pages.render(request_, status, code="some_code")
    page = response.content.decode()
    assert response.status_code == status
    assert "data-error-page" in page
    assert "data-back" in page
    assert f"{status} · some_code" in page
    assert "abc123" in page


@pytest.mark.parametrize("status", [500, 503])
def test_a_broken_house_asks_nothing_of_request_or_database(status):
    request = RequestFactory().get("/somewhere", headers={"cookie": "palmsite_theme=dark"})
    response = error_pages.render(request, status)  # no user, no session, and the database is shut
    page = response.content.decode()
    assert response.status_code == status
    assert 'data-theme="dark"' in page
    assert "css/tokens.css" in page
    assert 'href="/"' in page
    assert 'name="language" value="ru"' in page and 'name="next" value="/somewhere"' in page


def test_the_message_and_the_fields_of_a_refusal_are_said(request_):
    response = error_pages.render(
        request_, 400, message="Write a number from 1 to 10,000.", fields={"count": "You wrote <20000>."}
    )
    page = response.content.decode()
    assert "<h1>Input error</h1>" in page
    assert "Write a number from 1 to 10,000." in page
    assert "You wrote &lt;20000&gt;." in page


def test_waiting_is_said_to_people_and_programs(request_):
    response = error_pages.render(request_, 429, retry_after=40)
    assert response["Retry-After"] == "40"
    assert "Wait 40 seconds" in response.content.decode()


def test_htmx_gets_a_toast_and_no_page():
    request = RequestFactory().get("/somewhere", headers={"hx-request": "true"})
    response = error_pages.render(request, 409, message="Сначала остановите набор.")
    assert json.loads(response["HX-Trigger"]) == {"toast": {"text": "Сначала остановите набор."}}
    assert "<html" not in response.content.decode()


def test_what_is_too_large_is_413(request_):
    assert error_pages.bad_request(request_, RequestDataTooBig()).status_code == 413
    assert error_pages.bad_request(request_, ValueError()).status_code == 400


def test_a_name_that_does_not_exist_is_our_page(client, db):
    response = client.get("/no/such/page")
    assert response.status_code == 404
    assert "Nothing lies here" in response.content.decode()
