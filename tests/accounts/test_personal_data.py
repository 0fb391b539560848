"""Taking everything along, and going."""

import io
import json
import zipfile

import pytest
from django.urls import reverse

from accounts import audit, ledger, personal_data, services, tokens
from accounts.errors import Conflict
from accounts.models import ApiToken, AuditEvent, LedgerEntry, User

BIG = bytes(range(256)) * 4096


@pytest.fixture
def rooms(monkeypatch, tmp_path):
    """A room beside the real ones, that holds a file of everybody."""
    monkeypatch.setattr(personal_data, "_rooms", dict(personal_data._rooms))
    erased = []
    file = tmp_path / "palm.png"
    file.write_bytes(BIG)

    def export(user):
        yield "about.json", {"owner": user.username, "word": "ладонь"}
        yield "raw/a.bin", b"bytes"
        yield "raw/palm.png", file

    personal_data.register("pictures", export=export, erase=lambda user: erased.append(("pictures", user.pk)))
    personal_data.register(
        "above", export=lambda user: (), erase=lambda user: erased.append(("above", user.pk))
    )
    return erased


def unzipped(response):
    return zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))


def test_everything_comes_as_one_zip_from_all_rooms(as_alice, alice, rooms):
    tokens.create(by=alice, name="ci")
    ledger.charge(user=alice, kind="images", count=2, size=10)
    response = as_alice.get(reverse("accounts:download"))
    assert response.headers["Content-Type"] == "application/zip"
    assert 'filename="palmsite-alice-' in response.headers["Content-Disposition"]
    assert "no-store" in response.headers["Cache-Control"]
    archive = unzipped(response)
    assert archive.testzip() is None
    assert {"account/profile.json", "account/tokens.json", "pictures/raw/palm.png"} <= set(archive.namelist())
    assert archive.read("pictures/raw/palm.png") == BIG
    assert archive.read("pictures/raw/a.bin") == b"bytes"
    assert json.loads(archive.read("pictures/about.json")) == {"owner": "alice", "word": "ладонь"}
    assert json.loads(archive.read("account/profile.json"))["email"] == "alice@example.org"
    [token] = json.loads(archive.read("account/tokens.json"))
    assert token["name"] == "ci" and "digest" not in token
    assert {row["kind"] for row in json.loads(archive.read("account/storage.json"))} == {"images", "total"}
    assert "token.create" in {event["action"] for event in json.loads(archive.read("account/log.json"))}
    assert AuditEvent.objects.filter(by=alice, action="data.download").exists()


def test_a_file_is_sent_piece_by_piece(alice, rooms):
    pieces = list(personal_data.archive(alice))
    assert max(map(len, pieces)) < 2 * personal_data.CHUNK
    assert sum(map(len, pieces)) > len(BIG)


def test_nobody_elses_data_is_in_it(client, alice, bob):
    tokens.create(by=bob, name="bobs run")
    client.force_login(alice)
    archive = unzipped(client.get(reverse("accounts:download")))
    assert all(b"bobs run" not in archive.read(name) for name in archive.namelist())


@pytest.mark.parametrize("path", ["/etc/passwd", "../other", "a/../../b", "a\\b"])
def test_a_path_that_leads_out_of_the_archive_is_a_mistake(alice, rooms, path):
    personal_data.register("wrong", export=lambda user: [(path, b"")], erase=lambda user: None)
    with pytest.raises(ValueError, match="no path inside"):
        list(personal_data.archive(alice))


def test_a_room_registers_once(rooms):
    with pytest.raises(ValueError, match="already"):
        personal_data.register("pictures", export=lambda user: (), erase=lambda user: None)


def test_going_needs_the_password_and_leaves_nothing_but_a_nameless_trace(as_alice, alice, bob, rooms, page):
    tokens.create(by=alice, name="ci")
    ledger.charge(user=alice, kind="images", count=1, size=1)
    audit.record(by=alice, action="set.share", target="set:7", detail={"with": "bob"})
    audit.record(by=bob, action="sign_in", target=audit.target_of(bob))
    number = alice.pk
    refused = as_alice.post(reverse("accounts:delete"), {"password": "wrong"})
    assert "Nothing was deleted" in page(refused, 400)
    assert rooms == []
    response = as_alice.post(reverse("accounts:delete"), {"password": "alice-password"}, follow=True)
    assert "Your account is deleted" in page(response)
    assert rooms == [("above", number), ("pictures", number)], "the highest room first"
    assert not User.objects.filter(pk=number).exists()
    assert not ApiToken.objects.exists() and not LedgerEntry.objects.exists()
    assert as_alice.get(reverse("accounts:profile")).status_code == 302
    events = AuditEvent.objects.exclude(by=bob)
    assert {"set.share", "token.create", "account.delete"} <= {event.action for event in events}
    assert all(event.by is None and event.address is None and event.detail == {} for event in events)
    assert AuditEvent.objects.filter(by=bob, action="sign_in").exists()


def test_when_a_room_cannot_erase_nothing_is_deleted(as_alice, alice, rooms):
    def fail(user):
        raise OSError("disk")

    personal_data.register("broken", export=lambda user: (), erase=fail)
    as_alice.raise_request_exception = False
    assert as_alice.post(reverse("accounts:delete"), {"password": "alice-password"}).status_code == 500
    assert User.objects.filter(pk=alice.pk).exists()
    assert not AuditEvent.objects.filter(action="account.delete").exists()


def test_the_only_administrator_cannot_go(client, operator):
    client.force_login(operator)
    response = client.post(reverse("accounts:delete"), {"password": "operator-password"})
    assert response.status_code == 409
    assert b"only administrator" in response.content
    assert User.objects.filter(pk=operator.pk).exists()


def test_an_administrator_deletes_another_and_stands_in_the_log(operator, alice, rooms):
    target = audit.target_of(alice)
    services.delete_account(by=operator, user=alice)
    event = AuditEvent.objects.get(action="account.delete")
    assert (event.by, event.target) == (operator, target)


def test_nobody_deletes_another(alice, bob):
    with pytest.raises((Conflict, Exception), match="not yours"):
        services.delete_account(by=alice, user=bob)
    assert User.objects.filter(pk=bob.pk).exists()
