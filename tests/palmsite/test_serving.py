"""The site's own web server says in style what it does not take."""

import urllib.error
import urllib.request

import pytest
from django.db import connection

from generation.uploads import registry
from palmsite import serving
from tests.palmsite.web_server import WebServer

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def narrow(monkeypatch):
    """A server that takes a hundred bytes."""
    # Threads of the web server keep no connection to a database that the test takes away.
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    started = WebServer(max_request_body_size=100)
    yield started
    started.stop()


def sent(url, **headers):
    request = urllib.request.Request(url, b"x" * 101, headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20)
    with refused.value as answer:
        return answer.code, answer.headers, answer.read().decode()


def test_what_is_too_large_is_said_in_style(narrow):
    status, headers, page = sent(f"{narrow.url}/models/add", **{"Accept-Language": "ru"})
    assert status == 413
    assert "data-error-page" in page and 'lang="ru"' in page
    assert headers["X-Request-ID"] in page
    assert headers["Connection"] == "close"


def test_programs_are_told_as_programs(narrow):
    status, headers, _problem = sent(f"{narrow.url}/api/v1/orders")
    assert (status, headers["Content-Type"]) == (413, "application/problem+json")


def test_the_largest_file_fits_into_a_form():
    assert max(purpose.limit for purpose in registry.every()) + 2**20 < serving.MOST_BODY
