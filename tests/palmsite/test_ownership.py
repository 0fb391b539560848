"""Every address of the site, asked for what is alice's: by charlie, by nobody, and by bob, who may look at one set.

The addresses are read from the URL configuration. One with a part that no thing stands for fails: a new address
needs a thing in belongings_of_alice.py, or a line here that says why it belongs to nobody.
"""

import re
from dataclasses import dataclass

import pytest
from django.conf import settings as site
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver

from accounts import tokens
from generation.evaluation.models import Comparison, Evaluation, Panel, Reference
from generation.jobs import orphans
from generation.jobs.models import Job
from generation.lab.models import Dataset, Fit, Prediction
from generation.sets import sharing
from generation.sets.models import Export, Image, ImageSet, Order, Share, Webhook
from generation.uploads.models import Upload
from tests.palmsite import belongings_of_alice
from tests.sets.rows import full_set, model  # noqa: F401  # fixtures

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.filterwarnings("ignore:No directory at")]

METHODS = ("get", "post", "put", "patch", "delete")
TABLES = (
    ImageSet, Image, Order, Share, Export, Webhook, Evaluation, Comparison, Panel, Reference, Job, Upload,
    Dataset, Fit, Prediction,
)  # fmt: skip
# Addresses with a part that names nobody's own thing, and why.
OF_NOBODY = {
    "account/^confirm-email/(?P<key>[-:\\w]+)/$": "the key is a secret that was sent by mail",
    "account/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "the same",
    "account/applicants/<int:user_id>/let-in": "for administrators; a test of accounts asks it",
    "account/applicants/<int:user_id>/turn-away": "the same",
    "models/<slug:name>/grid.png": "models are for everybody",
    "models/<slug:name>/samples/<int:index>.png": "the same",
    "api/v1/models/<slug:name>": "the same",
    "shared/<str:secret>": "the link is the right; tests of sharing ask what it opens",
    "shared/<str:secret>/download": "the same",
    "shared/<str:secret>/<int:index>.png": "the same",
    "shared/<str:secret>/<int:index>.webp": "the same",
}
# What bob, who may look at the set, may ask for. Everything else of it is as hidden from him as from charlie.
BOB_GETS = re.compile(
    r"(api/v1/)?("
    r"sets/[^/]+(/(more|numbers|quality|recipe|downloads|shards|exports|measures|download|histogram|scores|images|evaluations"
    r"|evaluate|panels|rate|ratings))?"  # evaluate: leads to the measures
    r"|images/\d+(/(file|thumb|scores|said))?|evaluations/.*|comparisons/.*|panels/.*|ratings/.*)"
)
# What bob may set off, for he may download and say what he sees.
BOB_POSTS = re.compile(
    r"(api/v1/)?(sets/[^/]+/exports(/make)?|exports|panels/.*|ratings/.*|sets/[^/]+/rat(e|ings?))"
)
PART = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Address:
    """One address of the configuration, filled with what is alice's."""

    route: str
    path: str

    @property
    def is_api(self) -> bool:
        return self.path.startswith("/api/")


def routes(resolver=None, prefix=""):
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route
        else:
            yield from routes(entry, route)


def own_routes():
    """Those with a part that names somebody's own thing. The administration asks for rights of its own."""
    admin = site.PALMSITE_ADMIN_PATH if hasattr(site, "PALMSITE_ADMIN_PATH") else "admin/"
    for route in routes():
        if not route.startswith(admin) and route not in OF_NOBODY and ("<" in route):
            yield route


def fill(route: str, things) -> Address:
    """The address of alice's thing."""
    values = things.lab if "lab/" in route else things.values

    def one(part):
        name = part.group(1)
        if "lab/" in route and name == "kind" and "predict" in route:
            return "image"
        assert name in values, (
            f"no thing of alice's stands for <{name}> in {route}: see belongings_of_alice.py"
        )
        return str(values[name])

    return Address(route, "/" + PART.sub(one, route))


@pytest.fixture
def things(alice, model, full_set):  # noqa: F811
    return belongings_of_alice.gather(alice, model, full_set(alice, 3, checkpoint=model))


@pytest.fixture
def addresses(things):
    found = [fill(route, things) for route in own_routes()]
    assert len(found) > 80
    return found


@pytest.fixture
def ask(settings):
    """Send one request and take back whatever it did; the answer's status."""
    settings.PALMSITE_API_RATES = {"person": (10**6, 60), "address": (10**6, 60)}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

    def send(client, method, path, headers=None):
        with transaction.atomic():
            body = {} if method == "get" else {"data": "{}", "content_type": "application/json"}
            if method == "post" and not path.startswith("/api/"):
                body = {"data": {"do": "delete", "name": "mine now", "keep": "0"}}
            answer = getattr(client, method)(path, headers=headers or {}, **body)
            if answer.streaming:
                b"".join(answer)  # read to its end, a file is closed
            transaction.set_rollback(True)
        return answer.status_code

    return send


def unknown(route: str) -> str:
    """The same address with the id of nothing."""

    def one(part):
        kind = part.group(0).split(":")[0].lstrip("<")
        return {"uuid": "01890000-0000-7000-8000-000000000000", "int": "987654321"}.get(kind, "no-such-thing")

    return "/" + PART.sub(one, route.replace("lab_split:split", "-").replace("lab_label:label", "-"))


def session_of(person):
    client = Client(raise_request_exception=False)
    client.force_login(person)
    return client


def keyed(person):
    return {"Authorization": f"Bearer {tokens.create(by=person, name='asks')[1]}"}


def state():
    """All rows of alice's, as they stand."""
    return [list(table.objects.order_by("pk").values()) for table in TABLES]


def test_no_line_here_is_about_an_address_that_has_gone():
    assert not OF_NOBODY.keys() - set(routes())


def test_alice_finds_all_that_is_hers(addresses, alice, ask):
    client = session_of(alice)
    lost = {}
    for address in addresses:
        found = {method: ask(client, method, address.path) for method in METHODS}
        if max(found.values()) >= 500 or all(status in (403, 404, 405) for status in found.values()):
            lost[address.route] = found
    assert not lost, "\n".join(f"{route}: {found}" for route, found in lost.items())


WITH_STATES = (Evaluation, Comparison, Reference, Export, Dataset, Fit, Prediction)


@pytest.mark.parametrize("is_told", [False, True], ids=["waiting", "ended"])
def test_alice_finds_it_when_the_rows_of_its_jobs_are_gone(addresses, alice, ask, is_told):
    for table in WITH_STATES:
        table.objects.update(state="waiting", code="")
    Job.objects.all().delete()
    if is_told:
        orphans.tell()
        for table in WITH_STATES:
            assert set(table.objects.values_list("state", "code")) == {("failed", "lost")}, table
        assert not Order.objects.filter(state="open").exists()
    client = session_of(alice)
    lost = {
        address.route: status
        for address in addresses
        if "job_id" not in address.route and (status := ask(client, "get", address.path)) >= 500
    }
    assert not lost


def test_charlie_finds_none_of_it(addresses, charlie, ask):
    before = state()
    client, headers = session_of(charlie), keyed(charlie)
    seen = {}
    for address in addresses:
        for method in METHODS:
            found = {ask(client, method, address.path)}
            if address.is_api:
                found.add(ask(Client(raise_request_exception=False), method, address.path, headers))
            # What is wrong with the request itself is told of things that are not there, too.
            if not found <= {404, 405} and found != {ask(client, method, unknown(address.route))}:
                seen[f"{method} {address.route}"] = found
    assert not seen
    assert state() == before


def test_nobody_finds_none_of_it(addresses, ask):
    client = Client(raise_request_exception=False)
    seen = {}
    for address in addresses:
        for method in METHODS:
            status = ask(client, method, address.path)
            allowed = {401, 404, 405} if address.is_api else {302, 404, 405}
            if status not in allowed:
                seen[f"{method} {address.route}"] = status
    assert not seen


def test_bob_looks_at_the_set_and_changes_nothing(addresses, things, alice, bob, ask):
    sharing.share_with(by=alice, image_set=ImageSet.objects.get(pk=things.values["set_id"]), username="bob")
    before = state()
    client = session_of(bob)
    hidden, open_to_him = {}, {}
    for address in addresses:
        path = address.path.removeprefix("/")
        for method in METHODS:
            status = ask(client, method, address.path)
            may = (
                BOB_GETS.fullmatch(path)
                if method == "get"
                else method == "post" and BOB_POSTS.fullmatch(path)
            )
            nothing = status in (404, 405) or status == ask(client, method, unknown(address.route))
            if not may and not nothing:
                open_to_him[f"{method} {address.route}"] = status
            if may and method == "get" and status == 404:
                hidden[address.route] = status
    assert not open_to_him
    assert not hidden
    assert state() == before


def test_lists_and_pages_without_names_show_charlie_nothing_of_alices(things, charlie, ask, alice):
    client = session_of(charlie)
    telling = [str(value) for value in things.values.values() if len(str(value)) > 20]
    telling += [belongings_of_alice.NAME, "alice@example.org"]
    shown = {}
    for route in routes():
        if "<" in route or "(?P" in route or route.startswith(("admin/", "^static", "account/logout")):
            continue
        answer = client.get("/" + route)
        assert answer.status_code < 500 or route == "healthz", route
        text = b"".join(answer) if answer.streaming else answer.content
        told = [secret for secret in telling if secret.encode() in text]
        if told:
            shown[route] = told
    assert not shown
