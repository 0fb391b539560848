"""What stands in a log line, as the configured handler writes it, and what never does."""

import io
import json
import logging
import logging.config
import re
import sys

import pytest
from django.test import Client
from django.urls import get_resolver, include, path

from palmsite import logs
from tests.palmsite.test_ownership import routes

SECRET = "Zm9yLXdob2V2ZXItaGFzLXRoZS1saW5r-3_secret"
# How parts of addresses are called that open something by themselves.
SECRET_PARTS = {"secret", "key", "token", "code"}


def break_down(request, secret):
    raise ZeroDivisionError(f"at http://testserver{request.path}")


urlpatterns = [path("shared/<secret>/broken", break_down), path("", include("palmsite.urls"))]
handler500 = "palmsite.error_pages.server_error"


@pytest.fixture(params=["text", "json"])
def written(request, monkeypatch):
    """What the site's own configuration writes to standard error."""
    into = io.StringIO()
    monkeypatch.setattr(sys, "stderr", into)
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    configuration = logs.configuration(request.param, "INFO")
    # The loggers stay as they are: other tests read them.
    logging.config.dictConfig({**configuration, "loggers": {}})
    ours = [handler for handler in root.handlers if handler not in before]
    yield into
    root.handlers = before
    root.setLevel(level)
    assert ours, "nothing was configured"


def filled(route):
    """A route as an address whose every part is the secret, or None where no part is one."""
    names = re.findall(r"<(?:\w+:)?(\w+)>", route)
    if not SECRET_PARTS & set(names):
        return None
    plain = re.sub(r"\(\?P<\w+>[^)]*\)", SECRET, route)
    return "/" + re.sub(r"<[^>]+>", SECRET, plain).replace("^", "").replace("$", "")


def test_every_address_that_is_a_secret_is_masked():
    addresses = [address for route in routes(get_resolver("palmsite.urls")) if (address := filled(route))]
    assert len(addresses) >= 6, "the links of shares and of letters at least"
    for address in addresses:
        shown = logs.without_secrets(f"GET {address} 200")
        assert SECRET not in shown.replace(f"/{SECRET}.png", "").replace(f"/{SECRET}.webp", ""), address
        assert "***" in shown


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.urls(__name__)
def test_no_line_opens_a_share_not_even_of_a_page_that_broke(written):
    client = Client(raise_request_exception=False)
    assert client.get(f"/shared/{SECRET}").status_code == 404
    assert client.get(f"/shared/{SECRET}/nowhere?secret={SECRET}").status_code == 404
    assert client.get(f"/shared/{SECRET}/broken").status_code == 500
    lines = written.getvalue()
    assert SECRET not in lines
    assert "/shared/***/nowhere 404" in lines
    assert "ZeroDivisionError: at http://testserver/shared/***/broken" in lines


@pytest.mark.django_db
def test_a_path_begins_no_line_of_its_own(written):
    Client().get("/no%0A12:00:00%20INFO%20forged")
    assert "forged" in written.getvalue()
    assert not any(line.startswith("12:00:00 INFO forged") for line in written.getvalue().splitlines())


def test_ordinary_addresses_stay_readable():
    for line in ("GET /sets/1f0c/sharing/link 200", "GET /account/confirm-email/ 200", "GET /shared 404"):
        assert logs.without_secrets(line) == line


@pytest.mark.parametrize("written", ["json"], indirect=True)
def test_json_stays_json_with_quotes_beside_the_secret(written):
    logging.getLogger("tests.logs").error(
        '"/shared/%s" and "/shared/%s"', SECRET, SECRET, extra={"path": "a"}
    )
    line = json.loads(written.getvalue())
    assert line["message"] == '"/shared/***" and "/shared/***"'
    assert line["path"] == "a"
