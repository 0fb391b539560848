"""Tokens: how they are made and kept, the page, and the command."""

import hashlib
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from accounts import tokens
from accounts.errors import Conflict, InvalidInput, NotFound
from accounts.models import ApiToken, AuditEvent


def test_only_the_hash_is_kept(alice):
    token, key = tokens.create(by=alice, name="ci")
    assert re.fullmatch(r"palm_[\w-]{43}", key)
    token.refresh_from_db()
    assert token.digest == hashlib.sha256(key.encode()).hexdigest()
    assert token.hint == key[:9]
    row = ApiToken.objects.values().get()
    assert key not in str(row) and key[9:] not in str(row)
    event = AuditEvent.objects.get(action="token.create")
    assert key not in str(event.detail)
    assert (event.by, event.target) == (alice, f"token:{token.pk}")


def test_every_key_is_another(alice):
    assert len({tokens.create(by=alice, name="ci")[1] for _ in range(20)}) == 20


def test_a_key_finds_its_token_and_nothing_else_does(alice):
    token, key = tokens.create(by=alice, name="ci")
    assert tokens.find(key) == token
    for wrong in (key[:-1], key + "a", key.upper(), token.digest, "", "palm_"):
        assert tokens.find(wrong) is None


def test_it_ends_when_it_was_said_to(alice):
    token, _key = tokens.create(by=alice, name="ci", days=7)
    assert timedelta(days=6, hours=23) < token.expires_at - timezone.now() <= timedelta(days=7)
    assert not token.is_expired
    assert list(tokens.expired()) == []
    ApiToken.objects.update(expires_at=timezone.now())
    token.refresh_from_db()
    assert token.is_expired
    assert list(tokens.expired()) == [token]


@pytest.mark.parametrize(
    ("given", "field"),
    [({"name": " "}, "name"), ({"name": "x" * 81}, "name"), ({"days": 0}, "days"), ({"days": 366}, "days")],
)
def test_what_cannot_be_made_is_refused_with_the_field(alice, given, field):
    with pytest.raises(InvalidInput) as refusal:
        tokens.create(**({"by": alice, "name": "ci"} | given))
    assert list(refusal.value.fields) == [field]


def test_nobody_gathers_tokens_without_end(alice, monkeypatch):
    monkeypatch.setattr(tokens, "MOST_TOKENS", 2)
    for _ in range(2):
        tokens.create(by=alice, name="ci")
    with pytest.raises(Conflict, match="You have 2 tokens"):
        tokens.create(by=alice, name="ci")


def test_only_ones_own_tokens_are_revoked(alice, charlie):
    token, key = tokens.create(by=alice, name="ci")
    with pytest.raises(NotFound):
        tokens.revoke(by=charlie, token_id=token.pk)
    assert tokens.find(key)
    tokens.revoke(by=alice, token_id=token.pk)
    assert tokens.find(key) is None
    assert AuditEvent.objects.filter(action="token.revoke", target=f"token:{token.pk}").exists()


def test_use_is_written_once_a_minute(alice, django_assert_num_queries):
    token, _key = tokens.create(by=alice, name="ci")
    tokens.note_use(token)
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    with django_assert_num_queries(0):
        tokens.note_use(token)
    # Another process, which read the row before: the condition stands in the database too.
    token.last_used_at = None
    tokens.note_use(token)
    token.refresh_from_db()
    assert token.last_used_at == first
    ApiToken.objects.update(last_used_at=first - timedelta(seconds=61))
    token.refresh_from_db()
    tokens.note_use(token)
    token.refresh_from_db()
    assert token.last_used_at >= first


def test_the_page_makes_a_token_and_shows_it_once(as_alice, alice, page):
    text = page(as_alice.get(reverse("accounts:tokens")))
    assert "palm_" not in text
    response = as_alice.post(
        reverse("accounts:tokens"), {"name": "night run", "read_only": "1", "days": "30"}
    )
    key = re.search(r"palm_[\w-]{43}", page(response)).group()
    assert response.headers["Cache-Control"].find("no-store") >= 0
    token = tokens.find(key)
    assert (token.user, token.name, token.read_only) == (alice, "night run", True)
    text = page(as_alice.get(reverse("accounts:tokens")))
    assert "night run" in text and "only read" in text and key not in text and key[:9] in text


@pytest.mark.parametrize("wrong", [{"name": ""}, {"days": "31"}, {"days": "x"}])
def test_the_page_refuses_beside_the_field_and_keeps_what_was_typed(as_alice, page, wrong):
    text = page(
        as_alice.post(reverse("accounts:tokens"), {"name": "ci", "days": "30", "read_only": "1"} | wrong)
    )
    assert "field__error" in text
    assert '<option value="1" selected>' in text
    assert not ApiToken.objects.exists()


def test_the_page_revokes(as_alice, alice, page):
    token, key = tokens.create(by=alice, name="ci")
    assert as_alice.get(reverse("accounts:revoke-token", args=[token.pk])).status_code == 405
    response = as_alice.post(reverse("accounts:revoke-token", args=[token.pk]), follow=True)
    assert "revoked" in page(response)
    assert tokens.find(key) is None


def test_another_persons_tokens_do_not_exist(as_alice, bob, page):
    token, key = tokens.create(by=bob, name="bobs secret run")
    assert "bobs secret run" not in page(as_alice.get(reverse("accounts:tokens")))
    assert as_alice.post(reverse("accounts:revoke-token", args=[token.pk])).status_code == 404
    assert tokens.find(key)


def run(*words):
    out = StringIO()
    call_command("token", *words, stdout=out)
    return out.getvalue()


def test_the_command_prints_the_key_and_nothing_else(alice):
    said = run("alice", "--name", "ci", "--read-only", "--days", "3")
    token = tokens.find(said.strip())
    assert said == said.strip() + "\n"
    assert (token.user, token.name, token.read_only) == (alice, "ci", True)
    assert token.expires_at - timezone.now() <= timedelta(days=3)
    assert not tokens.find(run("ALICE", "--name", "ci").strip()).read_only


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["dora", "--name", "x"], "nobody called 'dora'"),
        (["alice", "--name", "x", "--days", "0"], "from 1 to 365"),
        (["bob", "--name", "x"], "not open"),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong(alice, bob, words, reason):
    bob.is_active = False
    bob.save()
    with pytest.raises(CommandError, match=reason):
        run(*words)
