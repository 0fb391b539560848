"""The shape of the house: who imports whom, what the web process must not load, names that lead somewhere."""

import ast
import pkgutil
import re
import subprocess
import sys
import sysconfig
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.utils.module_loading import import_string

from generation.jobs import registry
from palmsite import install

ROOT = Path(settings.BASE_DIR)
ROOMS = (
    "accounts",
    "generation.jobs",
    "generation.uploads",
    "generation.sets",
    "generation.evaluation",
    "generation.lab",
)
# What workers have and the web has not.
HEAVY = (
    "torch", "torchvision", "cv2", "scipy", "ultralytics", "onnxruntime", "pyarrow", "safetensors",
)  # fmt: skip
LOAD_EVERYTHING = f"""
import django, sys
django.setup()
from django.urls import get_resolver
def walk(resolver):
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            walk(pattern)
        else:
            pattern.callback
walk(get_resolver())
import palmsite.wsgi
heavy = set({HEAVY}) & set(sys.modules)
inside = {{name for name in sys.modules if name.startswith("mlcore.")}} - {{"mlcore.spec", "mlcore.errors"}}
print(sorted(heavy), sorted(inside))
"""
COLLECT_WITHOUT = f"""
import sys
sys.modules.update(dict.fromkeys({HEAVY}))
import pytest
sys.exit(pytest.main(["-q", "--collect-only", "-p", "no:cacheprovider", *sys.argv[1:]]))
"""


@pytest.mark.slow
@pytest.mark.torch
def test_the_site_imports_only_what_its_requirements_name():
    """What tools of the tests bring along is not there where the site is installed."""
    named = {re.split(r"[\[=<>]", line)[0] for line in install.lines_of(ROOT / "requirements.txt")}
    # ultralytics needs the first and brings it; who wants the second installs it, and is told so.
    allowed = {written(one) for one in (*named, "opencv-python-headless")} | {"matplotlib", "openvino"}
    brought_by = packages_distributions()
    strangers = {
        name: place
        for name, place in imported()
        if name not in sys.stdlib_module_names
        and not {written(one) for one in brought_by.get(name, ())} & allowed
    }
    assert strangers == {}


def written(distribution):
    """A distribution's name, however it is spelt."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def imported():
    """Every package that the site's code names in an import, and where."""
    ours = ("palmsite", "accounts", "generation", "mlcore")
    for path in (path for room in ours for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [one.name for one in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            else:
                continue
            for top in {name.partition(".")[0] for name in names} - set(ours):
                yield top, str(path.relative_to(ROOT))


@pytest.mark.slow
def test_the_web_process_never_loads_torch(tmp_path):
    import os

    loaded = subprocess.run(
        [sys.executable, "-c", LOAD_EVERYTHING],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "palmsite.settings", "PALMSITE_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.split("\n")[0] == "[] []"


@pytest.mark.slow
def test_rooms_that_ci_tests_without_torch_can_be_collected_without_it():
    rooms = re.findall(
        r"tests/\w+", (ROOT / ".ci" / "run").read_text().split("other_python() {")[1].split("}")[0]
    )
    assert len(rooms) == 5
    collected = subprocess.run(
        [sys.executable, "-c", COLLECT_WITHOUT, *rooms], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert collected.returncode == 0, collected.stdout[-4000:]


@pytest.mark.slow
def test_nobody_imports_against_the_arrows():
    linter = Path(sysconfig.get_path("scripts")) / "lint-imports"
    ended = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.torch
@pytest.mark.parametrize("dotted", sorted(map(str, registry.dotted_names())))
def test_every_handler_leads_somewhere(dotted):
    assert callable(import_string(dotted))


def dotted_settings(value):
    if isinstance(value, str):
        if value.count(".") >= 1 and value.split(".")[0] in {"palmsite", "accounts", "generation"}:
            yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from dotted_settings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from dotted_settings(inner)


def test_every_name_in_the_settings_leads_somewhere():
    names = {
        name
        for key in dir(settings)
        if key.isupper()
        for name in dotted_settings(getattr(settings, key))
        if not name.endswith(".sqlite3") and name != settings.AUTH_USER_MODEL
    }
    assert "palmsite.api.exception_handler" in names
    for name in sorted(names):
        pkgutil.resolve_name(name)


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_an_app_with_its_label(room):
    assert apps.get_app_config(room.rpartition(".")[2]).name == room


@pytest.mark.parametrize("package", ["palmsite", "accounts", "generation", "mlcore"])
def test_every_module_says_what_it_is_for(package):
    silent = [
        str(path.relative_to(ROOT))
        for path in (ROOT / package).rglob("*.py")
        if "migrations" not in path.parts
        and path.name != "__init__.py"
        and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


@pytest.mark.slow
@pytest.mark.django_db
def test_no_migration_is_missing():
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
