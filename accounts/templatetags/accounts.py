"""What pages about people need: numbers as people read them, and how one gets in. Asks no database."""

from django.conf import settings
from django.template import Library
from django.utils.formats import number_format

register = Library()


@register.filter
def grouped(number: int | None) -> str:
    """A number with its thousands apart, as the language does it."""
    return "" if number is None else number_format(number, force_grouping=True)


@register.simple_tag
def signup_mode() -> str:
    """How people come in: open, approval or off."""
    return settings.PALMSITE_SIGNUP
