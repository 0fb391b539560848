"""A backup is whole or not there, and what comes out of it is what went in."""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from accounts import audit, tokens
from accounts.models import ApiToken, AuditEvent, User
from generation.sets import catalogue
from generation.uploads import services as uploads
from generation.uploads.models import Upload
from palmsite import backup_file, backups
from tests.palmsite import belongings_of_alice
from tests.postgres import PostgresServer, find_binaries
from tests.sets.rows import full_set, model  # noqa: F401  # fixtures

pytestmark = pytest.mark.slow


@pytest.fixture
def backup(tmp_path):
    target = tmp_path / "site.tar"

    def make():
        call_command("backup", target, stdout=io.StringIO(), stderr=io.StringIO())
        return target

    return make


def restore(source, **options):
    call_command("restore", source, stdout=io.StringIO(), **options)


@pytest.fixture
def empty_the_site(settings, tmp_path, transactional_db):
    def empty():
        call_command("flush", interactive=False, verbosity=0)
        settings.MEDIA_ROOT = tmp_path / "new-media"
        settings.MEDIA_ROOT.mkdir()

    return empty


@pytest.mark.django_db(transaction=True)
def test_what_comes_out_is_what_went_in(settings, make_user, backup, empty_the_site):
    alice = make_user("alice", language="ru")
    tokens.create(by=alice, name="laptop")
    audit.record(by=alice, action="test.done", target="user:1", detail={"ключ": [1, 2]})
    (settings.MEDIA_ROOT / "sets" / "7").mkdir(parents=True)
    (settings.MEDIA_ROOT / "sets" / "7" / "000.png").write_bytes(b"\x89PNG pixels")
    before = list(User.objects.values()), list(ApiToken.objects.values()), list(AuditEvent.objects.values())

    source = backup()
    empty_the_site()
    restore(source)

    after = list(User.objects.values()), list(ApiToken.objects.values()), list(AuditEvent.objects.values())
    assert after == before
    assert (Path(settings.MEDIA_ROOT) / "sets" / "7" / "000.png").read_bytes() == b"\x89PNG pixels"
    # New rows take new numbers.
    assert make_user("bob").pk > alice.pk


@pytest.mark.django_db(transaction=True)
def test_backup_is_for_its_owner_alone_and_leaves_no_draft(alice, backup):
    source = backup()
    assert source.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in source.parent.iterdir()] == ["site.tar"]


@pytest.mark.django_db(transaction=True)
def test_backup_never_overwrites(alice, backup):
    backup()
    with pytest.raises(CommandError, match="exists already"):
        backup()


@pytest.mark.django_db(transaction=True)
def test_site_that_is_not_empty_is_left_alone(alice, backup):
    source = backup()
    with pytest.raises(CommandError, match="not empty"):
        restore(source)
    assert User.objects.get() == alice


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("where", ["rows", "media"])
def test_one_changed_byte_is_found_before_anything_is_read(where, settings, alice, backup, empty_the_site):
    (settings.MEDIA_ROOT / "picture.png").write_bytes(b"pixels-pixels")
    source = backup()
    data = source.read_bytes()
    old, new = (b"pixels-pixels", b"pixels-pixelz") if where == "media" else (b'"alice"', b'"alike"')
    assert data.count(old) == 1
    source.write_bytes(data.replace(old, new))
    empty_the_site()
    with pytest.raises(CommandError, match="damaged"):
        restore(source)
    assert not User.objects.exists()
    assert not any(Path(settings.MEDIA_ROOT).iterdir())


@pytest.mark.django_db(transaction=True)
def test_half_a_backup_is_refused(alice, backup):
    source = backup()
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    with pytest.raises(CommandError):
        restore(source, check=True)


def test_strange_tar_is_refused(tmp_path):
    with tarfile.open(tmp_path / "strange.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo("rows/x"))
    with pytest.raises(backup_file.BackupProblemError, match="no backup of palmsite"):
        backup_file.verify(tmp_path / "strange.tar")


def test_absent_file_is_named(tmp_path):
    with pytest.raises(backup_file.BackupProblemError, match="There is no file"):
        backup_file.verify(tmp_path / "absent.tar")


@pytest.mark.django_db(transaction=True)
def test_backup_by_another_version_is_refused(alice, backup, monkeypatch):
    source = backup()
    monkeypatch.setattr(backup_file, "migrations", lambda: ["accounts.0099_tomorrow"])
    with pytest.raises(CommandError, match="another version"):
        restore(source)


@pytest.fixture
def begin(alice):
    """Begin an upload, which has a row and a file."""

    def begin(name):
        return uploads.begin(by=alice, purpose=catalogue.PURPOSE, name=f"{name}.safetensors", size=8)

    return begin


@pytest.fixture
def while_files_are_read(monkeypatch):
    """Do something between the rows and the files of each attempt, and something after the files."""

    def arrange(before, after=lambda: None):
        original = backups._add_media

        def interrupted(*arguments):
            before()
            original(*arguments)
            after()

        monkeypatch.setattr(backups, "_add_media", interrupted)

    return arrange


@pytest.mark.django_db(transaction=True)
def test_what_is_deleted_meanwhile_is_in_it_neither_as_row_nor_as_file(
    alice, begin, while_files_are_read, backup, empty_the_site
):
    gone, grows = begin("gone"), begin("grows")

    def grow():
        if Upload.objects.get(pk=grows.pk).offset == 0:
            uploads.append(by=alice, upload=grows, offset=0, data=b"half")

    while_files_are_read(lambda: uploads.discard(gone), grow)
    source = backup()
    assert backup_file.verify(source).missing == []
    empty_the_site()
    restore(source)
    kept = Upload.objects.get()
    assert (kept.pk, kept.offset, kept.path.read_bytes()) == (grows.pk, 4, b"half")


@pytest.mark.django_db(transaction=True)
def test_what_is_deleted_again_and_again_is_named_and_no_backup(begin, while_files_are_read, tmp_path):
    doomed = [begin("first")]
    while_files_are_read(lambda: uploads.discard(doomed[-1]), lambda: doomed.append(begin("next")))
    with pytest.raises(CommandError, match=r"1 at last: uploads/[^,]+\."):
        call_command("backup", tmp_path / "site.tar", stdout=io.StringIO())
    assert len(doomed) == backups.ATTEMPTS + 1
    assert not any(tmp_path.glob("*site.tar*"))


@pytest.mark.django_db(transaction=True)
def test_what_the_site_lacks_is_told(begin, tmp_path):
    upload = begin("lost")
    upload.path.unlink()
    said, errors = io.StringIO(), io.StringIO()
    call_command("backup", tmp_path / "site.tar", stdout=said, stderr=errors)
    assert f"{upload.path.name}, which a row needs" in errors.getvalue()
    assert "verified; 1 files were missing here already." in said.getvalue()


def rows_of(source):
    """The rows of a backup by table, in an order that does not hang on how a database sorts names."""
    with tarfile.open(source) as tar:
        return {
            member.name: sorted(tar.extractfile(member).read().decode().splitlines(), key=_key)
            for member in tar
            if member.name.startswith("rows/")
        }


def _key(line):
    return str(json.loads(line)["pk"])


@pytest.fixture
def moved_to():
    """The address of an empty PostgreSQL database, where the site comes from SQLite."""
    if connection.vendor != "sqlite" or find_binaries() is None:
        pytest.skip("the way is from SQLite, and PostgreSQL must be installed")
    server = PostgresServer()
    server.start()
    yield server.create("palmsite")
    server.stop()


@pytest.mark.timeout(600)
@pytest.mark.django_db(transaction=True)
def test_a_site_moves_from_sqlite_to_postgresql(
    alice,
    model,  # noqa: F811
    full_set,  # noqa: F811
    backup,
    moved_to,
    settings,
    tmp_path,
):
    belongings_of_alice.gather(alice, model, full_set(alice, 3, checkpoint=model))
    source, again = backup(), tmp_path / "again.tar"
    places = {
        "DATABASE_URL": moved_to,
        "PALMSITE_MEDIA": f"{tmp_path}/m",
        "PALMSITE_DATA": f"{tmp_path}/d",
    }
    for words in (["migrate", "-v0"], ["restore", source], ["backup", again]):
        ended = subprocess.run(
            [sys.executable, "manage.py", *map(str, words)],
            cwd=settings.BASE_DIR,
            env={**os.environ, **places},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
    before, after = rows_of(source), rows_of(again)
    assert before.keys() == after.keys() and sum(map(len, before.values())) > 100
    for table, lines in before.items():
        assert [json.loads(line) for line in lines] == [json.loads(line) for line in after[table]], table
    files = [
        {
            name: sha256
            for name, sha256 in backup_file.verify(tar).members.items()
            if name.startswith("media/")
        }
        for tar in (source, again)
    ]
    assert files[0] == files[1] != {}
