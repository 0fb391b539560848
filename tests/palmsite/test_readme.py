"""What the README tells people to type is there: commands, options, files, versions, and the body of the example."""

import argparse
import importlib
import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

from tests.sets.rows import model  # noqa: F401  # a fixture

ROOT = Path(settings.BASE_DIR)
PAGES = ("README.md", "CONTRIBUTING.md")
README = (ROOT / "README.md").read_text()


def targets():
    return set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES)
def test_every_make_and_manage_command_is_there(page):
    text = (ROOT / page).read_text()
    made = set(re.findall(r"(?:^|`)make ([a-z0-9-]+)", text, re.MULTILINE))
    assert made
    assert made <= targets()
    assert set(re.findall(r"manage\.py ([a-z]+)", text)) <= set(get_commands())


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_is_pointed_to_is_there(page):
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (ROOT / target).exists(), target
    for path in re.findall(r"`((?:\.ci|\.venv|docker|docs|palmsite|tests|requirements)[\w./-]*)`", text):
        if not path.startswith(".venv"):
            assert (ROOT / path).exists(), path


DOCS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("page", DOCS)
def test_what_the_docs_point_to_is_there(page):
    path = ROOT / page
    text = path.read_text()
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", text):
        assert (path.parent / target).exists(), target
    tops = "palmsite|accounts|generation|mlcore|templates|static|docker|docs|tests"
    for named in re.findall(rf"`((?:{tops})/[\w./-]+)`", text):
        # NAME stands for any; a module may be named without its ending.
        if not re.search(r"[A-ZА-Я]{3,}\.", named):
            assert (ROOT / named).exists() or (ROOT / f"{named}.py").exists(), named


@pytest.mark.slow
def test_every_decision_that_is_pointed_to_is_written_down():
    numbers = [path.name[:4] for path in (ROOT / "docs" / "adr").glob("[0-9]*.md")]
    written = set(numbers)
    assert sorted(numbers) == sorted(written), "two decisions have one number"
    for folder in ("palmsite", "accounts", "generation", "mlcore", "static/js", "static/css", "tests"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".py", ".js", ".css"}:
                pointed = set(re.findall(r"docs/adr/(\d{4})", path.read_text()))
                assert pointed <= written, path


def test_versions_are_the_pinned_ones():
    told = re.findall(r"\b((?:torch|torchvision)==[0-9.]+)", README)
    assert told
    assert set(told) <= set((ROOT / "requirements.txt").read_text().split())


def test_the_example_orders_what_an_order_takes():
    from generation.sets.serializers_orders import OrderWish

    body = json.loads(re.search(r"-d '(\{.*?\})'", README).group(1))
    wish = OrderWish(data=body)
    assert wish.is_valid(), wish.errors
    assert set(body) <= set(wish.fields)
    assert "/api/v1/orders" in README


@pytest.mark.django_db
def test_the_example_names_a_model_that_is_offered_on_a_new_site(model):  # noqa: F811
    from generation.sets.selectors import model_named

    named = json.loads(re.search(r"-d '(\{.*?\})'", README).group(1))["model"]
    assert model.name != named
    assert model_named(named) == model


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.parametrize(
    "words", re.findall(r"^python -m mlcore ([^#\n]+?) *(?:#.*)?$", README, re.MULTILINE)
)
def test_every_command_of_the_engine_is_one(words):
    """Not run: they want a key, photographs and an evening."""
    from mlcore import presets
    from mlcore.sources import DATA_SETS

    name, *arguments = words.split()
    parser = argparse.ArgumentParser()
    importlib.import_module(f"mlcore.commands.{name}").add_arguments(parser)
    wish = vars(parser.parse_args(arguments))
    assert wish.get("preset") in {None, *presets.names()}
    assert set(wish.get("names", [])) <= set(DATA_SETS)
