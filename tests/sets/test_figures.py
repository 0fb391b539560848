"""Numbers on pages are rounded, not cut off, and written as the reader's language does."""

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from generation.evaluation import cards, drawing_sheet, words
from generation.sets import figures, set_words

NO_BREAK = "\N{NO-BREAK SPACE}"
WHY_BELOW = (
    "KID is an unbiased estimate: between two sides that are nearly alike it may fall a little below zero."
)


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
    assert figures.below_zero(value, None) == ""


def test_below_zero_stands_a_minus_and_what_it_means():
    assert figures.thousandths(-0.0004) == "\N{MINUS SIGN}0.4"
    assert figures.below_zero(0.01, None, -0.0004) == WHY_BELOW
    with translation.override("ru"):
        assert words.thousandths(-0.0004) == "\N{MINUS SIGN}0,4"
        assert "несмещённая" in figures.below_zero(-0.0004)
    measures = {"kid": 0.01, "n": 100, "n_ref": 314, "extractor": "efficientnet-lite2", "real_kid": -0.0004}
    told = set_words.kid_of(measures).how
    assert told.endswith(f"Real ones get \N{MINUS SIGN}0.4. {WHY_BELOW}")
    assert WHY_BELOW not in set_words.kid_of({**measures, "real_kid": 0.0004}).how


@pytest.mark.parametrize(
    "result",
    [
        {"kid": -0.001},
        {"kid": 0.001, "intervals": {"kid": [-0.001, 0.003]}},
        {"kid": 0.001, "real": {"values": {"kid": -0.001}}},
        {"kid": 0.001, "real": {"values": {"kid": 0.001}, "lowest": {"kid": -0.001}, "set_values": None}},
    ],
)
def test_the_card_of_quality_says_once_why_a_kid_is_below_zero(result):
    found = cards.Sheet({**result, "precision": 0.5}, "palm").cards
    assert [card.note for card in found] == [WHY_BELOW, "", "", ""]
    page = "".join(render_to_string("evaluation/_card.html", {"card": card}) for card in found)
    assert page.count(WHY_BELOW) == 1
    (without, *_others) = cards.Sheet({"kid": 0.001}, "palm").cards
    assert without.note == ""
