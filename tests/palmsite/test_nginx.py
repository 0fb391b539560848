"""docker/nginx.conf in a real nginx before the real site: files leave after the site's word, secrets do not at all.

Only what the containers name otherwise is put in its place: the port, the site's address, the media folder.
"""

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from django.conf import settings as site
from django.db import connection

from accounts import tokens
from accounts.models import AuditEvent
from generation.sets import sharing, storage
from palmsite import error_pages, still_pages
from tests.palmsite.web_server import WebServer
from tests.sets.rows import full_set  # noqa: F401  # a fixture

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
]
FRAME = """
{user}
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Front:
    """nginx with the configuration of the container."""

    def __init__(self, folder, upstream, media):
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        text = (Path(site.BASE_DIR) / "docker" / "nginx.conf").read_text()
        for there, here in (
            ("listen 80;", f"listen 127.0.0.1:{self.port};"),
            ("http://web:8000;", f"{upstream};"),
            ("alias /media/;", f"alias {media}/;"),
            ("alias /still/;", f"alias {folder}/still/;"),
            ("client_max_body_size 5g;", "client_max_body_size 1m;"),
            ("/dev/stderr", f"{folder}/error.log"),
        ):
            assert there in text, f"{there} is no longer in nginx.conf"
            text = text.replace(there, here)
        (folder / "site.conf").write_text(text)
        still_pages.write(folder / "still" / "pages")
        (folder / "still" / "static").symlink_to(Path(site.BASE_DIR) / "static")
        # As root nginx becomes nobody, who cannot read what this test has made.
        user = "user root;" if Path(folder).owner() == "root" else ""
        (folder / "nginx.conf").write_text(FRAME.format(folder=folder, user=user))
        self.process = subprocess.Popen(
            [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
        )

    def wait(self):
        deadline = time.monotonic() + 20
        while not is_listening(self.port):
            assert self.process.poll() is None, (self.folder / "error.log").read_text()
            assert time.monotonic() < deadline, "nginx does not listen"
            time.sleep(0.05)
        return self

    def get(self, path, key=None, data=None, **headers):
        """Status, headers and body of an address, whatever the status."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers)
        if key:
            request.add_header("Authorization", f"Bearer {key}")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read()

    def written(self):
        """All that nginx has written about requests."""
        return "".join((self.folder / name).read_text() for name in ("access.log", "error.log"))

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def behind(settings, monkeypatch):
    settings.PALMSITE_ACCEL = "/private/"
    settings.PALMSITE_PROXIES = 1
    # Threads of the web server keep no connection to a database that the test takes away.
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    started = WebServer(proxies=1)
    yield started
    started.stop()


@pytest.fixture
def front(behind, settings, tmp_path):
    started = Front(tmp_path, behind.url, settings.MEDIA_ROOT)
    yield started.wait()
    started.stop()


def test_files_leave_when_the_site_says_so_and_no_other_way(front, full_set, make_user, caplog):  # noqa: F811
    alice, charlie = make_user("alice"), make_user("charlie")
    made = full_set(alice, 3)
    image, path = made.images.get(index=2), storage.image_path(made, 2)
    keys = {user: tokens.create(by=user, name="test")[1] for user in (alice, charlie)}
    address = f"/api/v1/images/{image.pk}/file"

    status, headers, body = front.get(address, keys[alice])
    assert (status, body) == (200, path.read_bytes())
    assert headers["Content-Type"] == "image/png"
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert "X-Accel-Redirect" not in headers
    assert [
        record.request_id for record in caplog.records if record.message.startswith(f"GET {address} ")
    ] == [headers["X-Request-ID"]]

    assert front.get(address, keys[alice], Range="bytes=1-3")[::2] == (206, b"PNG")
    assert front.get(address, keys[charlie])[0] == 404
    assert front.get(address)[0] == 401
    inside = path.relative_to(site.MEDIA_ROOT).as_posix()
    for way in (
        f"/private/{inside}",
        f"//private/{inside}",
        f"/shared/../private/{inside}",
        f"/media/{inside}",
    ):
        assert front.get(way, keys[alice])[0] == 404, way


def test_the_site_learns_who_asks_and_by_which_name(front, make_user):
    make_user("alice")
    status, headers, _body = front.get(
        "/api/v1/token",
        data=b'{"username": "alice", "password": "wrong"}',
        **{"Content-Type": "application/json", "X-Forwarded-For": "6.6.6.6"},
    )
    assert status == 401
    assert len(headers["X-Request-ID"]) == 32, "the id that nginx gave"
    event = AuditEvent.objects.get(action="sign_in.failed")
    assert (event.address, event.request_id) == ("127.0.0.1", headers["X-Request-ID"])
    assert front.get("/healthz", Host="localhost")[0] in (200, 503)
    assert front.get("/", Host="evil.example")[0] == 400


def test_nginx_writes_nothing_that_opens_a_share(front, behind, full_set, make_user):  # noqa: F811
    alice = make_user("alice")
    made = full_set(alice, 2)
    _share, secret = sharing.make_link(by=alice, image_set=made)
    assert front.get(f"/shared/{secret}")[0] == 200
    assert front.get(f"/shared/{secret}/1.png")[::2] == (200, storage.image_path(made, 1).read_bytes())
    # A file that is gone and a site that does not answer are what nginx complains of.
    storage.image_path(made, 0).unlink()
    assert front.get(f"/shared/{secret}/0.png")[0] == 404
    behind.stop()
    assert front.get(f"/shared/{secret}")[0] == 502
    assert front.get(f"//shared/{secret}")[0] == 502
    assert secret not in front.written()
    assert front.get("/history")[0] == 502
    assert "/history" in front.written(), "of other addresses an operator is told"


def test_what_nginx_says_alone_is_in_style(front, behind):
    status, headers, body = front.get("/models/add", data=b"x" * (2**20 + 1), **{"Accept-Language": "ru,en"})
    assert (status, headers["Content-Type"]) == (413, "text/html")
    assert 'lang="ru"' in body.decode() and "data-error-page" in body.decode()
    status, headers, body = front.get("/api/v1/orders", data=b"x" * (2**20 + 1))
    assert (status, headers["Content-Type"]) == (413, "application/problem+json")
    assert json.loads(body)["code"] == "too_large"
    behind.stop()
    status, headers, body = front.get("/history", Cookie="django_language=ru", **{"Accept-Language": "en"})
    assert status == 502
    assert '<html lang="ru"' in body.decode() and "data-error-page" in body.decode()
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    for name in set(re.findall(r'(?:href|src)="(/still/[^"]+)"', body.decode())):
        assert front.get(name)[0] == 200, name
    assert json.loads(front.get("/api/v1/sets")[2])["status"] == 503


def test_without_its_pages_nginx_says_the_same_in_a_line(front, behind):
    """A volume that was lost, or is not yet filled."""
    shutil.rmtree(front.folder / "still" / "pages")
    status, headers, body = front.get("/models/add", data=b"x" * (2**20 + 1))
    assert (status, headers["Content-Type"]) == (413, "text/html")
    assert body.decode().endswith(f"<p>{error_pages.said_of(413)}</p>\n")
    status, headers, body = front.get("/api/v1/orders", data=b"x" * (2**20 + 1))
    assert (status, headers["Content-Type"]) == (413, "application/problem+json")
    assert facts_of(body) == (413, still_pages.CODES[413], error_pages.said_of(413))
    behind.stop()
    status, headers, body = front.get("/history")
    assert status == 502 and body.decode().endswith(f"<p>{error_pages.said_of(503)}</p>\n")
    assert headers["X-Content-Type-Options"] == "nosniff"
    status, headers, body = front.get("/api/v1/sets")
    assert (status, headers["Content-Type"]) == (502, "application/problem+json")
    assert facts_of(body) == (503, still_pages.CODES[503], error_pages.said_of(503))


def facts_of(body):
    problem = json.loads(body)
    assert list(problem) == ["type", "title", "status", "detail", "code", "errors"]
    return problem["status"], problem["code"], problem["detail"]
