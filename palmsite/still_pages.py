"""Copies of error pages for nginx, which must answer alone when the site does not, or is not asked.

A page and a problem for each status and language. `manage.py prepare --still-pages` writes them where nginx looks.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from palmsite import error_pages, problems

# Where nginx serves the copies and the style sheets (docker/nginx.conf, docker/compose.yaml).
ADDRESS = "/still"
CODES = {413: "too_large", 503: "site_away"}


def write(folder: Path) -> int:
    """Write each copy below the folder; how many there are."""
    copies = dict(drawn())
    for name, text in copies.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return len(copies)


def drawn() -> Iterator[tuple[str, str]]:
    """Each copy's name below the folder, and its text."""
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            for status, code in CODES.items():
                yield f"{language}/{status}.html", _page(language, status, code)
                problem = problems.body(status, detail=error_pages.said_of(status), code=code)
                yield f"{language}/{status}.json", json.dumps(problem, ensure_ascii=False) + "\n"


def _page(language: str, status: int, code: str) -> str:
    others = [
        (other, f"{ADDRESS}/pages/{other}/{status}.html")
        for other, _name in settings.LANGUAGES
        if other != language
    ]
    context = {
        "layout": "errors/_plain.html",
        "prefix": f"{ADDRESS}/static/",
        "others": others,
        "status": status,
        "code": code,
    }
    return render_to_string(f"errors/{status}.html", context)
