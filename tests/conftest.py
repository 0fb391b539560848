"""What every test stands on: three people, folders of its own, and no network beyond this machine.

alice owns, bob is shared with, charlie must not see.
"""

import tempfile
from pathlib import Path

import pytest
from django.utils import translation
from rest_framework.test import APIClient


def pytest_addoption(parser):
    """An option for a second database."""
    parser.addoption("--database-only", action="store_true", help="leave out tests that ask no database")


def pytest_collection_modifyitems(config, items):
    """Begin with what takes longest; leave out, if told so, what says on another database what it has said here."""
    # A whole site that starts last would keep one process busy long after the others have ended.
    items.sort(key=lambda item: item.path.name != "test_up.py")
    if config.getoption("--database-only"):
        asks = [item for item in items if _asks_a_database(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in asks])
        items[:] = asks


def _asks_a_database(item):
    named = {"db", "transactional_db", "django_db_setup"} & set(getattr(item, "fixturenames", ()))
    return bool(named) or item.get_closest_marker("django_db") is not None


class SaysFailuresAtOnce:
    """Names a failure when it happens: a run that a time limit ends says nothing at its end."""

    def __init__(self, config):
        self.config = config

    def pytest_runtest_logreport(self, report):
        terminal = self.config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal is not None:
            crash = getattr(report.longrepr, "reprcrash", None)
            reason = crash.message.partition("\n")[0] if crash else ""
            terminal.write_line(f"\nFAILED {report.nodeid} ({report.when}, {report.duration:.0f} s) {reason}")


def pytest_configure(config):
    """Hash passwords fast; with SQLite take a file, for one in memory knows no waiting and no write-ahead log."""
    from django.conf import settings
    from django.db import connection

    from palmsite.translation import compile_all

    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(SaysFailuresAtOnce(config))
        # As the site does when it starts: a clean clone has no compiled words, and Django reads them once.
        compile_all(config.rootpath)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if connection.vendor == "sqlite":
        folder = tempfile.TemporaryDirectory(prefix="palmsite-tests-")
        config.add_cleanup(folder.cleanup)
        connection.settings_dict["TEST"]["NAME"] = f"{folder.name}/test.sqlite3"


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path_factory):
    """Media and collected files of one test; pages are drawn without collecting anything first."""
    folder = tmp_path_factory.mktemp("palmsite")
    settings.MEDIA_ROOT = folder / "media"
    settings.STATIC_ROOT = folder / "static"
    for made in (settings.MEDIA_ROOT, settings.STATIC_ROOT):
        Path(made).mkdir()
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True)
def own_language(settings):
    """Each test begins in the site's language: a request leaves its reader's behind."""
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture
def make_user(db, django_user_model):
    """Make a person by name; the password is the name and -password."""

    def make(name, **more):
        return django_user_model.objects.create_user(
            name, email=f"{name}@example.org", password=f"{name}-password", **more
        )

    return make


@pytest.fixture
def alice(make_user):
    """Who owns."""
    return make_user("alice")


@pytest.fixture
def api(alice):
    """Her program, which asks the API; `force_authenticate` gives it to another."""
    program = APIClient()
    program.force_authenticate(alice)
    return program


@pytest.fixture
def bob(make_user):
    """Who is shared with."""
    return make_user("bob")


@pytest.fixture
def charlie(make_user):
    """Who must not see."""
    return make_user("charlie")


@pytest.fixture
def operator(db, django_user_model):
    """Who looks after the site."""
    return django_user_model.objects.create_superuser("operator", password="operator-password")
