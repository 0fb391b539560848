"""Copies of error pages for nginx, which must answer alone when the site does not, or is not asked.

They lie in docker/pages, a page and a problem for each status and language; `manage.py still_pages` writes them anew.
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


def folder() -> Path:
    """Where the copies lie in the source."""
    return Path(settings.BASE_DIR) / "docker" / "pages"


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
