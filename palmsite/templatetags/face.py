"""Tags of the design system: icons, addresses of rooms that may not exist yet, drawn palms."""

from functools import cache
from typing import Any

from django.template import Library
from django.template.loader import render_to_string
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from palmsite import frame, palm_lines

register = Library()


@cache
def _drawing(name: str) -> SafeString:
    return mark_safe(render_to_string(f"components/icons/{name}.svg").strip())


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Draw an icon of templates/components/icons; a label is for readers where no word stands beside it."""
    if not label:
        return _drawing(name)
    return format_html('{}<span class="visually-hidden">{}</span>', _drawing(name), label)


@register.simple_tag
def room_url(name: str) -> str:
    """Give the address of a page, or nothing while its room is not built."""
    return frame.url_or_none(name) or ""


@register.simple_tag
def palm(seed: int, lines: int = 22) -> SafeString:
    """Draw the lines of one palm as SVG; the same seed gives the same palm."""
    return mark_safe(palm_lines.drawing(int(seed), int(lines)))


@register.simple_tag
def seeds(count: int) -> range:
    """Number `count` drawn palms, for a loop."""
    return range(1, int(count) + 1)


@register.filter
def grouped(number: int) -> str:
    """Write a large number as people do: 10,000 or, in Russian, 10 000."""
    return number_format(number, force_grouping=True)


@register.filter
def widget_kind(field: Any) -> str:
    """Name the shape of a bound field's row: check, choices or line."""
    kind = getattr(field.field.widget, "input_type", "")
    if kind == "checkbox" and not getattr(field.field.widget, "allow_multiple_selected", False):
        return "check"
    return "choices" if field.use_fieldset else "line"
