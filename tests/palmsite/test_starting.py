"""The steps of a start where something is in the way: one line that says what to do, and nothing half done."""

import errno
import subprocess
from types import SimpleNamespace

import pytest
from django.core.management.base import CommandError

from accounts.models import User
from palmsite import serving, starting


@pytest.fixture
def rows(db, monkeypatch):
    """The database of a test, which a step may not close behind itself."""
    monkeypatch.setattr(starting, "connection", SimpleNamespace(close=lambda: None))


def test_full_disk_gets_one_line(settings, monkeypatch, tmp_path):
    settings.PALMSITE_DATA = tmp_path / "data"
    monkeypatch.setattr(starting, "LEAST_FREE_BYTES", 2**80)
    with pytest.raises(
        CommandError, match=r"^The disk of .* is full: \d+ MB are free .* Make room, or set "
    ) as refusal:
        starting.folders()
    assert "PALMSITE_DATA to a folder on another disk" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EADDRINUSE, "Stop it, or take another: make run PORT=8081"),
        (errno.EACCES, "Take one above 1023"),
        (errno.EADDRNOTAVAIL, "Cannot listen at 127.0.0.1, port 8080: "),
    ],
)
def test_a_port_that_cannot_be_had_gets_one_line(settings, monkeypatch, number, said):
    def refuse(host, port):
        raise OSError(number, "no such address")

    settings.PORT = 8080
    monkeypatch.setattr(serving, "open_socket", refuse)
    with pytest.raises(CommandError) as refusal:
        starting.port()
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_models_that_cannot_be_registered_are_tried_again(rows, settings, monkeypatch, tmp_path):
    settings.PALMSITE_DATA = tmp_path
    ended = [
        subprocess.CompletedProcess([], 1, "", "CheckpointError: palm-128 is damaged"),
        subprocess.CompletedProcess([], 0, "", ""),
    ]
    monkeypatch.setattr(starting.subprocess, "run", lambda *_words, **_more: ended.pop(0))
    with pytest.raises(CommandError, match="could not be registered: CheckpointError: palm-128 is damaged"):
        starting.models()
    assert starting.models() == "registered"


def test_the_first_administrator_is_made_once_and_the_password_said_once(rows, settings):
    settings.PALMSITE_ADMIN_PASSWORD = ""
    said = starting.administrator()
    password = said.split("password ")[1].split()[0]
    assert User.objects.get(username="admin").check_password(password)
    assert password not in starting.administrator()
    assert User.objects.count() == 1


def test_a_password_of_ones_own_is_not_said_at_all(rows, settings):
    settings.PALMSITE_ADMIN_PASSWORD = "chosen-by-an-operator"
    assert "chosen-by-an-operator" not in starting.administrator()
    assert User.objects.get(username="admin").check_password("chosen-by-an-operator")
