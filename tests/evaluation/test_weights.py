"""The weights of FID: fetched by a job on an administrator's wish, resumed, checked; nothing else is called FID."""

import hashlib
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.urls import reverse

from accounts.errors import Conflict, NotFound
from generation.evaluation import extractors, selectors, weights
from generation.jobs.models import Job
from mlcore import sources

pytestmark = [pytest.mark.django_db, pytest.mark.enable_socket]

DATA = bytes(range(256)) * 4000


class Server(BaseHTTPRequestHandler):
    """Sends the file; breaks off in the middle of the first answer when told to."""

    breaks = False
    asked: tuple[str, ...] = ()

    def do_GET(self):
        start = int((self.headers.get("Range") or "bytes=0-").split("=")[1].rstrip("-"))
        type(self).asked += (self.headers.get("Range") or "",)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(DATA) - start))
        self.send_header("ETag", '"one"')
        self.end_headers()
        end = len(DATA) // 2 if self.breaks and not start else len(DATA)
        self.wfile.write(DATA[start:end])

    def log_message(self, *_args):
        """Say nothing."""


@pytest.fixture
def server(monkeypatch, settings):
    class One(Server):
        pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), One)
    Thread(target=running.serve_forever, daemon=True).start()
    known = replace(
        sources.WEIGHTS["inception"],
        address=f"http://127.0.0.1:{running.server_port}/weights.pth",
        sha256=hashlib.sha256(DATA).hexdigest(),
    )
    monkeypatch.setitem(sources.WEIGHTS, "inception", known)
    settings.PALMSITE_INCEPTION_SHA256 = known.sha256
    yield One
    running.shutdown()
    running.server_close()


def test_the_two_names_of_the_file_are_one(settings):
    assert sources.WEIGHTS["inception"].file == extractors.WEIGHTS_FILE
    assert sources.WEIGHTS["inception"].sha256 == settings.PALMSITE_INCEPTION_SHA256


def test_a_file_of_other_weights_gives_no_fid(alice, settings, tmp_path):
    named = tmp_path / "named.pth"
    named.write_bytes(DATA)
    settings.PALMSITE_INCEPTION = str(named)
    assert extractors.inception_weights() is None and not extractors.is_here("inception-v3")
    assert "other weights than the standard ones" in selectors.why_no_fid(alice)
    settings.PALMSITE_INCEPTION_SHA256 = hashlib.sha256(DATA).hexdigest()
    assert extractors.inception_weights() == named
    named.write_bytes(DATA[1:])
    assert extractors.inception_weights() is None
    named.unlink()
    assert "does not have them" in selectors.why_no_fid(alice)


def test_they_are_fetched_by_a_job_and_found(operator, alice, server, work):
    assert extractors.inception_weights() is None
    job = weights.fetch(by=operator)
    assert weights.fetch(by=operator) == job
    assert weights.standing(alice).is_fetching
    work()
    job.refresh_from_db()
    assert (job.state, job.done, job.total) == ("done", 1024, 1024), job.text
    assert extractors.inception_weights() == extractors.fetched_weights()
    assert extractors.fetched_weights().read_bytes() == DATA
    assert extractors.is_here("inception-v3")
    with pytest.raises(Conflict):
        weights.fetch(by=operator)


def test_a_broken_line_is_gone_on_with(operator, server, work):
    server.breaks = True
    weights.fetch(by=operator)
    work()
    standing = weights.standing(operator)
    assert not standing.has_weights and "cannot be reached" in standing.failure
    server.breaks = False
    weights.fetch(by=operator)
    work()
    assert extractors.fetched_weights().read_bytes() == DATA
    assert server.asked[0] == "" and server.asked[1].startswith("bytes=") and server.asked[1] != "bytes=0-"


def test_something_else_is_thrown_away(operator, server, work, monkeypatch):
    monkeypatch.setitem(sources.WEIGHTS, "inception", replace(sources.WEIGHTS["inception"], sha256="0" * 64))
    weights.fetch(by=operator)
    work()
    assert extractors.inception_weights() is None
    assert "not the file that was expected" in weights.standing(operator).failure
    assert not list(extractors.fetched_weights().parent.glob("*.partial"))


def test_only_administrators_fetch_and_the_page_says_how_it_stands(
    client, operator, alice, settings, tmp_path
):
    with pytest.raises(NotFound):
        weights.fetch(by=alice)
    page, fetch = reverse("evaluation:references"), reverse("evaluation:fid_fetch")
    client.force_login(alice)
    text = client.get(page).content.decode()
    assert "nothing here is called FID" in text and fetch not in text
    assert client.post(fetch).status_code == 404
    assert client.post("/api/v1/fid").status_code == 404
    client.force_login(operator)
    assert fetch in client.get(page).content.decode()
    assert client.post(fetch).status_code == 302
    assert Job.objects.get().kind == weights.FETCH
    part = client.get(reverse("evaluation:fid")).content.decode()
    assert 'hx-trigger="every 1s"' in part
    assert client.get("/api/v1/fid").json()["is_fetching"] is True
    Job.objects.all().delete()
    named = tmp_path / "named.pth"
    named.write_bytes(b"weights")
    settings.PALMSITE_INCEPTION = str(named)
    settings.PALMSITE_INCEPTION_SHA256 = hashlib.sha256(b"weights").hexdigest()
    assert extractors.inception_weights() == named
    assert "FID also needs real pictures" in client.get(page).content.decode()
