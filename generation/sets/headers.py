"""What a model's file says of itself: whether it can be kept in a row and shown on a page, and the quality that is
shown. Reads no weights.

mlcore checks that a header is a header; what is in it may still be of any kind. What pages and tables count on is
checked here, before a row holds it.
"""

import json
import math
import re
from typing import Any

from generation.sets import networks

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
    _check_held_out(header["metrics"].get("held_out", {}))
    _check_seen(header["notes"].get("seen", {}))
    subject = header["notes"].get("subject", "palm")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise HeaderRefused("bad_subject", subject)
    size = header["arguments"].get("image_size", 0)
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= LARGEST_SIZE:
        raise HeaderRefused("bad_size", size)


def headline(header: dict[str, Any]) -> dict[str, Any]:
    """The quality that a model's file tells, by the names that a set's has; nothing where nothing can be shown.

    It is that of the network which models are compared in, or else of the first one, as long as the model was not
    trained against it: that would flatter it.
    """
    held_out = header.get("metrics", {}).get("held_out", {})
    # Rows from before may hold what verification refuses by now.
    if not isinstance(held_out, dict):
        return {}
    for network in sorted(held_out, key=lambda name: (name != networks.COMPARED_IN, name)):
        found = held_out[network]
        if networks.seen(header, network) != networks.TRAINED and not _wrong_part(found):
            measures = {name: found[name] for name in _MEASURES}
            return {**measures, "real_kid": _of_real_ones(found), "extractor": network}
    return {}


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


def _of_real_ones(found: dict[str, Any]) -> float | None:
    real = found.get("real")
    kid = real.get("kid") if isinstance(real, dict) else None
    return kid if is_number(kid) else None


def _check_held_out(held_out: Any) -> None:
    if not isinstance(held_out, dict):
        raise HeaderRefused("bad_kid", {"held_out": held_out})
    for network, found in held_out.items():
        if name := _wrong_part(found):
            part = found.get(name) if isinstance(found, dict) else found
            raise HeaderRefused("bad_kid", {network: {name: part}})


def _wrong_part(found: Any) -> str:
    """Which of the measures in one network cannot be shown; the first where several cannot."""
    measures = found if isinstance(found, dict) else {}
    return next((name for name, fits in _MEASURES.items() if not fits(measures.get(name))), "")


def _check_seen(seen: Any) -> None:
    lists = seen.values() if isinstance(seen, dict) else [seen]
    if not all(isinstance(part, list | tuple) for part in lists):
        raise HeaderRefused("bad_seen", seen)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**53


def is_number(value: Any) -> bool:
    """Whether pages can show it as a measure: true is none, nor is an integer beyond all floats."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1e300  # False for NaN, and exact for integers of any length


def is_interval(value: Any) -> bool:
    """Whether it is a pair of such numbers."""
    return isinstance(value, list | tuple) and len(value) == 2 and all(map(is_number, value))


# What stands on pages, never one without the others.
_MEASURES = {"kid": is_number, "kid_ci": is_interval, "n": _is_count, "n_ref": _is_count}


def _shown(part: Any) -> str:
    return json.dumps(part, ensure_ascii=False)[:LONGEST_DETAIL]
