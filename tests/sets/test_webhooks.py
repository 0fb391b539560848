"""Webhooks: signed, tried again, never into private networks, and nobody else's business."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from generation.jobs.models import Job
from generation.sets import messages, personal_data, sending, services, webhooks
from generation.sets.models import Delivery, Order, Webhook
from mlcore.spec import GenerationSpec

pytestmark = pytest.mark.django_db
HOOKS = "/api/v1/webhooks"
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "webhook.py"


@pytest.fixture
def private(settings):
    settings.PALMSITE_WEBHOOK_PRIVATE = True


@pytest.fixture
def receiver(private):
    """A server that keeps what it gets and answers with `status`; or begins to, and calls `then`."""

    class Handler(BaseHTTPRequestHandler):
        got, status, headers_sent, then = [], 204, {}, None

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.got.append((self.path, dict(self.headers), body))
            if self.then:
                self.wfile.write(b"H")
                self.then()
                return
            self.send_response(self.status)
            for name, value in self.headers_sent.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_anything):
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    Handler.url = f"http://127.0.0.1:{server.server_port}/hook?a=1"
    yield Handler
    server.shutdown()
    thread.join()
    server.server_close()


PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "255.255.255.255",
    "224.0.0.1", "192.0.2.1", "240.0.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::",
    "2002:a00:1::1", "2001:0:4136:e378:8000:63bf:f5ff:fffe",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_in_every_disguise(address):
    assert not sending.is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_open_addresses(address):
    assert sending.is_public(address)


WRONG = [
    "", "x", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org", "//example.org", "http://",
    "http://user:secret@example.org/", "http://example.org:99999/", "http://example.org:x/", "http://exa mple.org/",
    "http://example.org/\r\nX: y", "http://example.org/#part", "http://ladoń.example/", "http://[::1", "javascript:1",
    "http://" + "x" * 500,
]  # fmt: skip


@pytest.mark.parametrize("url", WRONG)
def test_what_is_no_address_is_refused(api, url):
    answer = api.post(HOOKS, {"url": url})
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["url"]
    assert not Webhook.objects.exists()


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "http://localhost:8000/", "http://a.localhost/", "https://[::1]/", "http://10.0.0.1/x",
     "http://169.254.169.254/latest/meta-data", "http://example.org:25/", "http://[::ffff:7f00:1]/"],
)  # fmt: skip
def test_addresses_inside_are_refused_until_the_operator_allows(api, url, settings):
    assert api.post(HOOKS, {"url": url}).status_code == 400
    settings.PALMSITE_WEBHOOK_PRIVATE = True
    assert api.post(HOOKS, {"url": url}).status_code == 201


@pytest.mark.parametrize(
    "url", ["http://2130706433/", "http://0x7f.1/", "http://127.1/", "http://palms.test/"]
)
def test_a_name_that_leads_inside_is_found_out_when_it_is_looked_up(monkeypatch, url):
    def look_up(host, port, **_more):
        public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", port))
        return [public, (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    connected = []
    monkeypatch.setattr(socket, "create_connection", lambda *where, **_more: connected.append(where))
    with pytest.raises(sending.NotSentError, match="private network"):
        sending.send(url, b"{}", {}, is_private_allowed=False)
    assert not connected


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch, receiver):
    port = int(receiver.url.split(":")[2].split("/")[0])
    asked = []

    def look_up(host, port, *_more, **_named):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(sending, "is_public", lambda address: address == "127.0.0.1")
    assert sending.send(f"http://palms.test:{port}/", b"{}", {}, is_private_allowed=False) == 204
    assert receiver.got[0][1]["Host"] == f"palms.test:{port}"
    # Python looks a literal address up once more, which asks nobody; the name itself was asked for once.
    assert asked.count("palms.test") == 1


class Clock:
    """Stands for threading.Timer: goes off when the test says so."""

    last = None

    def __init__(self, seconds, goes_off):
        self.seconds, self.goes_off, self.is_cancelled, self.daemon = seconds, goes_off, False, False
        Clock.last = self

    def start(self):
        """Nothing ticks."""

    def cancel(self):
        self.is_cancelled = True


def test_an_answer_that_drips_in_ends_when_its_seconds_are_over(receiver, monkeypatch):
    monkeypatch.setattr(sending.threading, "Timer", Clock)
    receiver.then = staticmethod(lambda: Clock.last.goes_off())
    with pytest.raises(sending.NotSentError) as caught:
        sending.send(receiver.url, b"{}", {}, is_private_allowed=True)
    assert (caught.value.message, caught.value.params) == (messages.SILENT, {"seconds": 10})
    assert (Clock.last.seconds, Clock.last.is_cancelled) == (sending.SECONDS, True)


def test_an_answer_that_breaks_off_before_is_no_silence(receiver, monkeypatch):
    monkeypatch.setattr(sending.threading, "Timer", Clock)
    receiver.then = staticmethod(lambda: None)
    with pytest.raises(sending.NotSentError) as caught:
        sending.send(receiver.url, b"{}", {}, is_private_allowed=True)
    assert caught.value.message == messages.NO_ANSWER


def test_redirects_are_not_followed(receiver):
    receiver.status, receiver.headers_sent = 302, {"Location": "http://127.0.0.1:1/"}
    with pytest.raises(sending.NotSentError) as caught:
        sending.send(receiver.url, b"{}", {}, is_private_allowed=True)
    assert caught.value.status == 302
    assert len(receiver.got) == 1


@pytest.mark.slow
@pytest.mark.torch
def test_an_order_that_ends_is_told_as_the_api_shows_it(api, receiver, order, work):
    made = api.post(HOOKS, {"url": receiver.url}).json()
    assert api.get(HOOKS).json()["results"][0]["secret"] is None
    began = int(time.time())
    placed = order(8)
    work()
    [(path, headers, body)] = receiver.got
    assert path == "/hook?a=1"
    message = json.loads(body)
    shown = api.get(f"/api/v1/orders/{placed.pk}").json()
    assert message.pop("order") == shown
    assert shown["state"] == "done"
    assert message["event"] == headers["Palmsite-Event"] == "order.ended"
    assert message["id"] == headers["Palmsite-Delivery"]
    wanted = sending.signature(made["secret"], int(headers["Palmsite-Timestamp"]), body)
    assert headers["Palmsite-Signature"] == wanted
    assert began <= int(headers["Palmsite-Timestamp"]) <= time.time()
    [delivery] = api.get(f"{HOOKS}/{made['id']}/deliveries").json()["results"]
    assert (delivery["state"], delivery["status"], delivery["attempts"]) == ("delivered", 204, 1)


@pytest.mark.torch
def test_previews_and_other_peoples_orders_are_not_told(api, alice, bob, model, full_set):
    api.post(HOOKS, {"url": "https://example.org/x"})
    webhooks.create(by=bob, url="https://example.org/x")
    for owner, is_preview in ((alice, True), (bob, False)):
        image_set = full_set(owner, 1, is_preview=is_preview)
        spec = {"version": 1, "count": 1, "seed": 1}
        placed = Order.objects.create(
            owner=owner,
            image_set=image_set,
            checkpoint=model,
            spec=spec,
            state="done",
            ended_at=timezone.now(),
        )
        webhooks.announce(placed)
    assert [delivery.webhook.owner for delivery in Delivery.objects.all()] == [bob]


def test_an_end_that_is_taken_back_tells_nobody(api, alice, model):
    api.post(HOOKS, {"url": "https://example.org/x"})
    placed = services.order_images(by=alice, checkpoint=model, spec=GenerationSpec(count=1, seed=1))
    with pytest.raises(RuntimeError), transaction.atomic():
        services.cancel(by=alice, order=placed)
        assert Delivery.objects.count() == 1
        raise RuntimeError
    assert not Delivery.objects.exists()
    placed.refresh_from_db()
    services.cancel(by=alice, order=placed)
    assert Delivery.objects.get().body["order"]["state"] == "cancelled"


@pytest.mark.torch
def test_what_does_not_arrive_is_tried_again_ever_later_and_given_up(api, receiver, alice, work):
    receiver.status = 500
    webhook, _secret = webhooks.create(by=alice, url=receiver.url)
    delivery = webhooks._deliver(webhook, webhooks.ORDER_ENDED, {})
    work()
    for tries, wait in enumerate(webhooks.WAITS, start=1):
        delivery.refresh_from_db()
        assert (delivery.state, delivery.attempts, delivery.status) == ("waiting", tries, 500)
        assert delivery.text == "The answer was 500."
        due = delivery.next_at - timezone.now()
        assert abs(due.total_seconds() - wait) < 30
        assert webhooks.enqueue_due() == 0
        Delivery.objects.update(next_at=timezone.now() - timedelta(seconds=1))
        assert webhooks.enqueue_due() == 1
        assert webhooks.enqueue_due() == 0, "while its job lives there is no second one"
        work()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.next_at) == ("failed", 6, None)
    assert len(receiver.got) == 6
    assert len({json.loads(body)["id"] for _path, _headers, body in receiver.got}) == 1
    assert Job.objects.filter(state="failed").count() == 1


@pytest.mark.torch
def test_a_program_that_says_gone_is_asked_no_more_and_one_that_recovers_is_reached(receiver, alice, work):
    webhook, _secret = webhooks.create(by=alice, url=receiver.url)
    receiver.status = 410
    gone = webhooks._deliver(webhook, webhooks.ORDER_ENDED, {})
    work()
    gone.refresh_from_db()
    assert (gone.state, gone.attempts) == ("failed", 1)
    receiver.status = 503
    late = webhooks._deliver(webhook, webhooks.ORDER_ENDED, {})
    work()
    receiver.status = 200
    Delivery.objects.filter(pk=late.pk).update(next_at=timezone.now() - timedelta(seconds=1))
    webhooks.enqueue_due()
    work()
    late.refresh_from_db()
    assert (late.state, late.attempts, late.status, late.text) == ("delivered", 2, 200, "")


@pytest.mark.torch
def test_a_stopped_message_is_given_up(api, receiver, alice, work):
    webhook, _secret = webhooks.create(by=alice, url=receiver.url)
    delivery = webhooks._deliver(webhook, webhooks.ORDER_ENDED, {})
    job = Job.objects.get()
    assert api.post(f"/api/v1/jobs/{job.pk}/cancel").status_code == 200
    delivery.refresh_from_db()
    assert (delivery.state, delivery.next_at) == ("failed", None)
    assert not receiver.got


def test_tests_are_few_and_webhooks_are_few(api, private):
    made = api.post(HOOKS, {"url": "http://127.0.0.1:9/a"}).json()
    answers = [api.post(f"{HOOKS}/{made['id']}/test") for _ in range(webhooks.TESTS_A_MINUTE + 1)]
    assert [answer.status_code for answer in answers] == [202] * webhooks.TESTS_A_MINUTE + [429]
    assert api.post(HOOKS, {"url": "http://127.0.0.1:9/a"}).json()["code"] == "known"
    for number in range(webhooks.MOST - 1):
        assert api.post(HOOKS, {"url": f"http://127.0.0.1:9/{number}"}).status_code == 201
    assert api.post(HOOKS, {"url": "http://127.0.0.1:9/z"}).json()["code"] == "too_many_webhooks"
    key = {"Idempotency-Key": "k"}
    api.delete(f"{HOOKS}/{made['id']}")
    first = api.post(HOOKS, {"url": "http://127.0.0.1:9/z"}, headers=key).json()
    assert api.post(HOOKS, {"url": "http://127.0.0.1:9/z"}, headers=key).json() == first


def test_webhooks_are_their_owners_alone(api, alice, bob, charlie, private):
    made = api.post(HOOKS, {"url": "http://127.0.0.1:9/a"}).json()
    for person in (bob, charlie):
        api.force_authenticate(person)
        assert api.get(HOOKS).json()["results"] == []
        for method, address in (
            ("get", ""), ("delete", ""), ("post", "/test"), ("get", "/deliveries"),
        ):  # fmt: skip
            assert getattr(api, method)(f"{HOOKS}/{made['id']}{address}").status_code == 404
        browser = Client()
        browser.force_login(person)
        assert made["url"] not in browser.get(reverse("sets:webhooks")).content.decode()
        for name in ("test_webhook", "delete_webhook"):
            assert browser.post(reverse(f"sets:{name}", args=[made["id"]])).status_code == 404
        assert browser.get(reverse("sets:deliveries", args=[made["id"]])).status_code == 404
    assert Webhook.objects.count() == 1


@pytest.mark.torch
def test_the_page_shows_the_secret_once_and_what_was_sent(alice, receiver, work):
    browser = Client()
    browser.force_login(alice)
    wrong = browser.post(reverse("sets:webhooks"), {"url": "nowhere"})
    assert wrong.status_code == 400
    assert "https://" in wrong.content.decode()
    page = browser.post(reverse("sets:webhooks"), {"url": receiver.url})
    webhook = Webhook.objects.get()
    assert webhook.secret in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert webhook.secret not in browser.get(reverse("sets:webhooks")).content.decode()
    browser.post(reverse("sets:test_webhook", args=[webhook.pk]))
    assert "every 1s" in browser.get(reverse("sets:webhooks")).content.decode()
    work()
    shown = browser.get(reverse("sets:deliveries", args=[webhook.pk])).content.decode()
    assert "arrived, 204" in shown
    assert "every 1s" not in shown
    browser.post(reverse("sets:delete_webhook", args=[webhook.pk]))
    assert not Webhook.objects.exists()
    assert not Delivery.objects.exists()


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.slow
@pytest.mark.torch
def test_the_example_tells_what_is_genuine(alice, private, work):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    webhook, secret = webhooks.create(by=alice, url=f"http://127.0.0.1:{port}/")
    environment = {**os.environ, "PALMSITE_WEBHOOK_SECRET": secret}
    command = [sys.executable, str(EXAMPLE), str(port)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as program:
        try:
            while not listens(port):
                assert program.poll() is None, "the example ended by itself"
                time.sleep(0.05)
            webhooks.test(by=alice, webhook=webhook)
            work()
            Webhook.objects.filter(pk=webhook.pk).update(secret="another")
            webhooks.test(by=alice, webhook=webhook)
            work()
        finally:
            program.terminate()
        assert program.stdout.read().split() == ["test"]
    states = dict(Delivery.objects.values_list("status", "state"))
    assert states == {204: "delivered", 403: "failed"}


def test_who_leaves_takes_addresses_along_and_no_secret_and_nobody_is_told(alice, model):
    webhook, secret = webhooks.create(by=alice, url="https://example.org/x")
    services.order_images(by=alice, checkpoint=model, spec=GenerationSpec(count=1, seed=1))
    taken = dict(personal_data.export(alice))
    assert [row["url"] for row in taken["webhooks.json"]] == [webhook.url]
    assert secret not in str(taken)
    personal_data.erase(alice)
    assert not Webhook.objects.exists()
    assert not Delivery.objects.exists()
    assert not Job.objects.filter(kind=webhooks.DELIVER).exists()
