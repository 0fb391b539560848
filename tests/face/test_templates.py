"""Every template reads, and none asks for what the content policy refuses."""

import re
from pathlib import Path

import pytest
from django.template.loader import get_template, render_to_string

from palmsite import form_renderer

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
REFUSED = {
    "style attribute": re.compile(r"\sstyle\s*="),
    "style element": re.compile(r"<style"),
    "handler": re.compile(r"\son[a-z]+\s*=", re.IGNORECASE),
    "htmx handler": re.compile(r"\bhx-on\b"),
    "htmx variable": re.compile(r"\bhx-vals\s*=\s*['\"]js:"),
    "foreign address": re.compile(r"(?:src|href)=\"https?://"),
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)"),
}


def without_comments(text):
    return re.sub(r"{% comment %}.*?{% endcomment %}", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "templates").as_posix())
def test_template_reads_and_keeps_the_policy(path):
    get_template(path.relative_to(ROOT / "templates").as_posix())
    text = without_comments(path.read_text())
    broken = [what for what, pattern in REFUSED.items() if pattern.search(text)]
    assert not broken


def test_an_icon_that_is_named_exists():
    icons = {path.stem for path in (ROOT / "templates/components/icons").glob("*.svg")}
    named = {name for path in TEMPLATES for name in re.findall(r'{% icon "([\w-]+)"', path.read_text())}
    assert named <= icons


def test_the_form_renderer_finds_djangos_own_widgets():
    assert form_renderer.FormRenderer().get_template("django/forms/widgets/text.html")


@pytest.mark.parametrize(
    "path", sorted((ROOT / "templates/components").glob("_*.html")), ids=lambda path: path.stem
)
def test_a_component_needs_none_of_its_arguments(path):
    if path.stem not in {"_field", "_form", "_place"}:  # these are about something
        render_to_string(f"components/{path.name}", {})
