"""Answers that are made while they are sent: nobody holds all threads of the web server, and pages always have some."""

import gc
import itertools
import socket
import time
import urllib.error
import urllib.request

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.urls import include, path

from accounts import private_files, streams
from accounts.errors import TooMany
from tests.palmsite.web_server import WebServer

LARGE = streams.BUFFERED_BYTES + 1
ZEROES = bytes(64 * 1024)


def large(request):
    return private_files.made_response(
        request,
        lambda first, last: itertools.repeat(ZEROES, 1024),
        size=len(ZEROES) * 1024,
        etag='"zeroes"',
        download_name="zeroes.zip",
        content_type="application/zip",
    )


urlpatterns = [path("large", large), path("", include("palmsite.urls"))]


@pytest.fixture(autouse=True)
def eight_threads(settings):
    gc.collect()
    assert not streams._taken, "an answer of another test is still being sent"
    settings.PALMSITE_WEB_THREADS = 8


@pytest.fixture
def ask(rf):
    def send(user, size=LARGE):
        request = rf.get("/")
        request.user = user
        return streams.seated(request, iter([b"a", b"b"]), size=size)

    return send


def test_a_person_holds_half_of_the_threads_and_pages_keep_two(ask, alice, bob, charlie):
    held = [ask(alice) for _ in range(4)]
    with pytest.raises(TooMany, match="You have several downloads") as refusal:
        ask(alice)
    assert refusal.value.retry_after == streams.RETRY_SECONDS
    held += [ask(bob), ask(charlie)]
    with pytest.raises(TooMany, match="Many large downloads"):
        ask(bob)
    held.clear()
    assert ask(alice)


@pytest.mark.parametrize("how", ["sent", "closed", "forgotten", "closed twice"])
def test_a_seat_is_given_back_once(ask, alice, how):
    held, other = ask(alice), ask(alice)
    if how == "sent":
        assert list(held) == [b"a", b"b"]
    elif how.startswith("closed"):
        held.close()
        if how == "closed twice":
            held.close()
    del held
    assert streams._taken == {f"user {alice.pk}": 1}
    other.close()
    assert not streams._taken


def test_what_the_server_takes_off_our_hands_needs_no_seat(ask, alice):
    held = [ask(alice, size=streams.BUFFERED_BYTES) for _ in range(20)]
    assert len(held) == 20 and not streams._taken


def test_strangers_are_told_apart_by_their_address(rf, settings):
    settings.PALMSITE_PROXIES = 1
    held = []
    for number in (1, 1, 1, 1, 2):
        request = rf.get("/", headers={"X-Forwarded-For": f"10.0.0.{number}"})
        request.user = AnonymousUser()
        held.append(streams.seated(request, iter([]), size=None))
    assert sorted(streams._taken.values()) == [1, 4]


def test_files_under_the_source_are_closed_with_the_answer(ask, rf, alice):
    def chunks():
        try:
            yield b"a"
            yield b"b"
        finally:
            closed.append(True)

    closed = []
    request = rf.get("/")
    request.user = alice
    sent = streams.seated(request, chunks(), size=None)
    assert next(sent) == b"a"
    sent.close()
    assert closed == [True]


@pytest.mark.slow
@pytest.mark.urls(__name__)
@pytest.mark.django_db(transaction=True)
def test_readers_that_stop_reading_leave_the_site_open(settings, monkeypatch):
    settings.PALMSITE_WEB_THREADS = 4
    # Threads of the web server keep no connection to a database that the test takes away.
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    server = WebServer(threads=4)
    readers = []
    try:
        for _ in range(2):
            reader = socket.create_connection(("127.0.0.1", server.port))
            readers.append(reader)
            reader.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"200 OK" in reader.recv(1000)
        deadline = time.monotonic() + 20
        while streams._taken.total() < 2:
            assert time.monotonic() < deadline
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{server.url}/large", timeout=10)
        assert refused.value.code == 429
        assert refused.value.headers["Retry-After"] == "30"
        refused.value.close()
        with urllib.request.urlopen(f"{server.url}/account/login/", timeout=10) as page:
            assert page.status == 200
        # Who goes away makes room.
        for left in (1, 0):
            readers.pop().close()
            while streams._taken.total() > left:
                assert time.monotonic() < deadline + 20
                time.sleep(0.05)
    finally:
        for reader in readers:
            reader.close()
        server.stop()
