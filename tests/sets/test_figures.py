"""Numbers on pages are rounded, not cut off, and written as the reader's language does."""

import pytest
from django.utils import translation

from generation.evaluation import drawing_sheet, words
from generation.sets import figures

NO_BREAK = "\N{NO-BREAK SPACE}"


def test_digits_are_rounded_and_not_cut_off():
    assert figures.thousandths(0.04019) == words.thousandths(0.04019) == "40.2"
    assert figures.thousandths(0.0999962) == "100.0"
    assert words.share(0.499) == f"50{NO_BREAK}%"
    assert words.plain(2.999) == "3.00"
    with translation.override("ru"):
        assert figures.thousandths(0.04019) == "40,2"
        assert words.share(0.499) == f"50{NO_BREAK}%"


def test_a_drawing_keeps_a_number_with_its_percent_sign():
    assert drawing_sheet.wrapped(f"Bold: 95{NO_BREAK}% intervals part.", 12, 50) == [
        "Bold:",
        f"95{NO_BREAK}%",
        "intervals",
        "part.",
    ]


@pytest.mark.parametrize("value", [-0.00002, 0.0, 0.00002])
def test_a_hair_below_nothing_is_nothing(value):
    assert figures.thousandths(value) == "0.0"
