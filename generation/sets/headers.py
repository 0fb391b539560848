"""Whether what a model's file says of itself can be kept in a row and shown on a page. Reads no weights.

mlcore checks that a header is a header; what is in it may still be of any kind. What pages and tables count on is
checked here, before a row holds it.
"""

import json
import math
import re
from typing import Any

_HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")
LONGEST_SUBJECT = 16
LARGEST_SIZE = 65_536
LONGEST_DETAIL = 120
KINDS = ("generator", "discriminator")


class HeaderRefused(Exception):
    """A header that the site cannot work with: a code of `rejections`, and the part that is meant."""

    def __init__(self, code: str, part: Any = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = _shown(part) if part != "" else ""


def check(header: dict[str, Any]) -> None:
    """Refuse what no page could show and no table keep."""
    if header["kind"] not in KINDS:
        raise HeaderRefused("WrongKind", header["kind"])
    _check_values(header)
    _check_kid(header["metrics"])
    subject = header["notes"].get("subject", "palm")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise HeaderRefused("bad_subject", subject)
    size = header["arguments"].get("image_size", 0)
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= LARGEST_SIZE:
        raise HeaderRefused("bad_size", size)


def _check_values(value: Any) -> None:
    """Numbers that are none, and letters that neither PostgreSQL nor UTF-8 can hold."""
    if isinstance(value, float) and not math.isfinite(value):
        raise HeaderRefused("no_number")
    if isinstance(value, str) and ("\0" in value or _HALF_A_CHARACTER.search(value)):
        raise HeaderRefused("bad_text")
    if isinstance(value, dict):
        for name, part in value.items():
            _check_values(name)
            _check_values(part)
    elif isinstance(value, list | tuple):
        for part in value:
            _check_values(part)


def _check_kid(metrics: dict[str, Any]) -> None:
    if "kid" in metrics and not is_number(metrics["kid"]):
        raise HeaderRefused("bad_kid", {"kid": metrics["kid"]})
    if "kid_ci" in metrics and not is_interval(metrics["kid_ci"]):
        raise HeaderRefused("bad_kid", {"kid_ci": metrics["kid_ci"]})


def is_number(value: Any) -> bool:
    """Whether pages can show it as a measure: true is none, nor is an integer beyond all floats."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1e300  # False for NaN, and exact for integers of any length


def is_interval(value: Any) -> bool:
    """Whether it is a pair of such numbers."""
    return isinstance(value, list | tuple) and len(value) == 2 and all(map(is_number, value))


def _shown(part: Any) -> str:
    return json.dumps(part, ensure_ascii=False)[:LONGEST_DETAIL]
