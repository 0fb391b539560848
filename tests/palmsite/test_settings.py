"""The settings as a process sees them, and the table in the README that promises them."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from palmsite.settings import ENVIRONMENT

ROOT = Path(settings.BASE_DIR)
PACKAGES = ("palmsite", "accounts", "generation", "mlcore")


def run_python(code, tmp_path, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("PALMSITE_")},
            "PALMSITE_DATA": str(tmp_path / "data"),
            "DJANGO_SETTINGS_MODULE": "palmsite.settings",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_wrong_value_ends_every_command_with_one_line(tmp_path):
    ended = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={**os.environ, "PALMSITE_DATA": str(tmp_path), "PALMSITE_SIGNUP": "maybe"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode != 0
    assert ended.stdout == ""
    assert ended.stderr == "PALMSITE_SIGNUP: 'maybe' is not one of open, approval, off.\n"


@pytest.mark.slow
def test_https_closes_what_plain_http_leaves_open(tmp_path):
    code = (
        "from palmsite import settings as s;"
        "print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS > 0)"
    )
    assert run_python(code, tmp_path).stdout.split() == ["False"] * 4
    assert run_python(code, tmp_path, PALMSITE_HTTPS="1").stdout.split() == ["True"] * 4


@pytest.mark.slow
def test_one_thread_that_could_wait_for_a_prediction_is_too_few(tmp_path):
    ended = run_python("import palmsite.settings", tmp_path, PALMSITE_WEB_THREADS="1")
    assert "PALMSITE_WEB_THREADS: 1 is not between 2 and 256." in ended.stderr


def test_readme_table_is_the_code():
    rows = re.findall(
        r"^\| `([A-Z_]+)` \| (.*?) \| (.*?) \|$", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    in_readme = {name: (default, meaning) for name, default, meaning in rows}
    in_code = {
        variable.name: (f"`{variable.default}`" if variable.default else "", variable.meaning)
        for variable in ENVIRONMENT.variables.values()
    }
    assert in_readme == in_code


def test_what_the_examples_read_does_not_keep_the_site_from_starting():
    told = {
        name
        for path in (ROOT / "docs" / "examples").iterdir()
        for name in re.findall(r"PALMSITE_[A-Z_]+", path.read_text())
    }
    assert told == settings.PALMSITE_CLIENT_VARIABLES


def test_only_settings_read_the_environment():
    readers = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            tree = ast.parse(path.read_text())
            for node in ast.walk(tree):
                names = {getattr(node, "attr", None), getattr(node, "id", None)}
                if names & {"environ", "getenv"} and not _only_sets_a_default(node, tree):
                    readers.add(str(path.relative_to(ROOT)))
    # The command line takes a key to a download from there too: an argument would show in the list of processes.
    assert readers == {"palmsite/settings.py", "mlcore/commands/download.py"}


def _only_sets_a_default(node, tree):
    """`os.environ.setdefault(...)` and `os.environ[...] = ...` tell others; they read nothing."""
    for outer in ast.walk(tree):
        if isinstance(outer, ast.Attribute) and outer.value is node and outer.attr == "setdefault":
            return True
        if isinstance(outer, ast.Subscript) and outer.value is node and isinstance(outer.ctx, ast.Store):
            return True
    return False


@pytest.mark.django_db
def test_sqlite_waits_and_keeps_foreign_keys():
    from django.db import connection

    if connection.vendor != "sqlite":
        assert connection.settings_dict["CONN_MAX_AGE"] == 60
        return
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
