"""Reasons are stored as a message and its values, and said in the language of whoever reads them."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext


def said(message: str, params: Mapping[str, Any]) -> str:
    """The message in the reader's language; nothing for no message (gettext would answer with its header)."""
    if not message:
        return ""
    # Without values a message may hold a lone per cent sign.
    return gettext(message) % params if params else gettext(message)
