"""Numbers on pages are rounded, not cut off, and written as the reader's language does."""

import pytest
from django.utils import translation

from generation.evaluation import words
from generation.sets import figures


def test_digits_are_rounded_and_not_cut_off():
    assert figures.thousandths(0.04019) == words.thousandths(0.04019) == "40.2"
    assert figures.thousandths(0.0999962) == "100.0"
    assert words.share(0.499) == "50 %"
    assert words.plain(2.999) == "3.00"
    with translation.override("ru"):
        assert figures.thousandths(0.04019) == "40,2"


@pytest.mark.parametrize("value", [-0.00002, 0.0, 0.00002])
def test_a_hair_below_nothing_is_nothing(value):
    assert figures.thousandths(value) == "0.0"
