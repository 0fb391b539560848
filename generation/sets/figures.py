"""Numbers as people write them, in the reader's language. Django's number_format cuts digits off where these round."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _


def grouped(value: int) -> str:
    """A whole number with its thousands apart."""
    return number_format(value, force_grouping=True)


def rounded(value: float, digits: int) -> str:
    """A number with so many digits after the point."""
    # An unbiased estimate may lie a hair below nothing; nobody reads "-0.0".
    return number_format(round(value, digits) + 0.0, digits).replace("-", "\N{MINUS SIGN}")


def thousandths(value: float) -> str:
    """KID as people write it: in thousandths, one digit after the point."""
    return rounded(1000 * value, 1)


def below_zero(*kids: float | None) -> str:
    """What a distance below zero means, where any of these is shown as one."""
    if not any(kid is not None and round(1000 * kid, 1) < 0 for kid in kids):
        return ""
    return _(
        "KID is an unbiased estimate: between two sides that are nearly alike it may fall a little below zero."
    )
